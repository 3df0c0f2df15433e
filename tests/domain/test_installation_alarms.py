"""What needs an operator."""

from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.installation_alarms import (
    Alarm,
    BoundSlot,
    LooseEnds,
    QueueDepth,
    ServerFacts,
    WatchedCarrier,
    WatchedPrices,
    carrier_alarms,
    house_alarms,
    price_alarms,
)
from heliograph.domain.routing import Route

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
SAFE = ServerFacts((), 1, 1, 14)


def slot(number: int, *, seen: float | None = 1, held: bool = True, fault: str | None = None) -> BoundSlot:
    """A bind that was seen bound so many seconds ago; with a fault one that its holder says is not."""
    at = None if seen is None else NOW - timedelta(seconds=seen)
    return BoundSlot(1, number, 1, "here:1:aa", held, at, NOW, 0.0, fault is None, fault)


def ready(minutes: float, state: int = 1) -> QueueDepth:
    return QueueDepth(1, 1, state, 1, 10, 0, NOW - timedelta(minutes=minutes))


def kinds(alarms: list[Alarm]) -> list[str]:
    for alarm in alarms:
        assert alarm.title % alarm.values
        assert alarm.next_step
    return [alarm.kind for alarm in alarms]


@pytest.mark.parametrize(
    ("slots", "depths", "enabled", "expected"),
    [
        ([slot(0), slot(1)], [], True, []),
        ([slot(0)], [], True, ["carrier_partly_bound"]),
        ([slot(0), slot(1, seen=31)], [], True, ["carrier_partly_bound"]),
        ([slot(0, seen=None), slot(1, held=False)], [], True, ["carrier_unbound"]),
        ([], [], True, ["carrier_unbound"]),
        ([slot(0, fault="0x0E"), slot(1, fault="refused")], [], True, ["carrier_refuses"]),
        ([slot(0, fault="no_answer"), slot(1)], [], True, ["carrier_partly_bound"]),
        ([slot(0, fault="no_answer"), slot(1, seen=None)], [], True, ["carrier_unreachable"]),
        ([slot(0, fault="0x0E", held=False)], [], True, ["carrier_unbound"]),
        ([slot(0, fault="0x0E")], [], False, []),
        ([], [], False, []),
        ([], [ready(0)], False, ["carrier_disabled"]),
        ([slot(0), slot(1)], [ready(4.9)], True, []),
        ([slot(0), slot(1)], [ready(5)], True, ["queue_old"]),
        ([slot(0), slot(1)], [ready(60, state=0), ready(60, state=3)], True, []),
    ],
)
def test_a_carrier_is_missed_and_its_queue_watched(
    slots: list[BoundSlot], depths: list[QueueDepth], enabled: bool, expected: list[str]
) -> None:
    carriers = [WatchedCarrier(1, "telco", 2, enabled)]
    assert kinds(list(carrier_alarms(carriers, slots, depths, {}, now=NOW))) == expected


def test_receipts_without_a_message_are_told_once_they_are_many() -> None:
    carriers = [WatchedCarrier(1, "telco", 1, True)]
    for unmatched, expected in ((99, []), (100, ["unmatched"])):
        ends = {1: LooseEnds(1, 0, unmatched, None, None)}
        assert kinds(list(carrier_alarms(carriers, [slot(0)], [], ends, now=NOW))) == expected


def test_a_route_without_a_price_is_told_for_those_who_use_it() -> None:
    routes = [Route(1, "46", 1), Route(2, "4670", 1), Route(3, "47", 1, account_id=7)]
    lists = [
        WatchedPrices(1, "used", {"46": 1}, {7}),
        WatchedPrices(2, "another's", {"46": 1}, {8}),
        WatchedPrices(3, "nobody's", {"46": 0}, ()),
    ]
    assert [(each.kind, each.values["list"]) for each in price_alarms(routes, lists)] == [
        ("price_missing", "used")
    ]
    assert kinds(list(price_alarms([], [WatchedPrices(1, "x", {"46": 0, "47": 0}, {7})]))) == ["price_zero"]


@pytest.mark.parametrize(
    ("server", "late", "expected"),
    [
        (SAFE, 1, []),
        (SAFE, 2, ["keeper_late"]),
        (SAFE._replace(reporters=0), 0, ["no_reporter"]),
        (SAFE._replace(days_ahead=6), 0, ["partitions_short"]),
        (SAFE._replace(unsafe_settings=("fsync = off",)), 0, ["unsafe_server"]),
        (SAFE._replace(standbys=0), 0, ["no_standby"]),
    ],
)
def test_the_house_is_watched(server: ServerFacts, late: int, expected: list[str]) -> None:
    ends = [LooseEnds(1, 0, 0, None, NOW - timedelta(minutes=late))]
    assert kinds(list(house_alarms(ends, server, now=NOW))) == expected
