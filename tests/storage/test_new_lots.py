"""Cutting accepted messages into lots: what may share one, and how large they get."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batch import BatchDraft
from heliograph.domain.delivery_windows import DeliveryWindow
from heliograph.domain.encoding import Coding
from heliograph.domain.ids import IdSource, block, id_bytes
from heliograph.domain.lot import LARGEST_LOT, LotContents, decode_contents
from heliograph.domain.pricing import PriceTable
from heliograph.storage.accounts import Account
from heliograph.storage.batches import NO_CARRIER, PreparedBatch
from heliograph.storage.new_lots import LotCutter, NewLot, later_windows, place_lots

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN = DeliveryWindow(NOW, NOW + 72 * HOUR)


def account(account_id: int = 1, *, weight: int = 1) -> Account:
    return Account(
        account_id=account_id,
        number=f"ip1-{account_id}",
        name="",
        currency="SEK",
        price_list_id=1,
        weight=weight,
        report_codes="all",
        http_reports=False,
        is_disabled=False,
        senders=frozenset({"iP1"}),
        prices=PriceTable({"": 1}),
    )


def batch(
    ids: IdSource,
    *,
    owner: Account | None = None,
    segments: list[int] | None = None,
    carriers: list[int] | None = None,
    windows: tuple[DeliveryWindow, ...] = (OPEN,),
    pace: float = 1000.0,
    **change: Any,
) -> PreparedBatch:
    """A batch with as many messages as ``segments`` has members."""
    segments = segments or [1]
    first = ids.reserve(len(segments) + 1, int(NOW.timestamp()))
    numbers = [f"467017406{place:02}" for place in range(len(segments))]
    draft = BatchDraft(
        sender="iP1",
        body=change.pop("body", "Hello"),
        coding=Coding.GSM,
        flash=False,
        priority=change.pop("priority", 1),
        windows=windows,
        delivery_report_url=None,
        reference=None,
        tags=(),
        recipients=numbers,
        templated="bodies" in change,
        own_values=[],
        default_values={},
        known_keys=frozenset(),
    )
    return PreparedBatch(
        account=owner or account(),
        batch_id=id_bytes(first),
        created_at=NOW,
        draft=draft,
        report_bucket=None,
        warnings=(),
        message_ids=block(first + 1, len(segments)),
        recipients=numbers,
        codes=[103] * len(segments),
        segments=segments,
        encodings=[0] * len(segments),
        prices=segments,
        carriers=carriers or [1] * len(segments),
        segments_per_second={1: pace, 2: pace},
        bodies=change.pop("bodies", None),
        total=sum(segments),
        kinds=Counter((103, count) for count in segments),
        encode_answer=lambda _batch, _funded: b"",
    )


def cut(*batches: PreparedBatch) -> dict[int, list[NewLot]]:
    cutter = LotCutter(IdSource(b"lots0"), NOW)
    for one in batches:
        cutter.add(one)
    return cutter.cut()


def contents(lot: NewLot) -> LotContents:
    return decode_contents(lot.payload)


def test_small_batches_of_one_account_share_a_lot() -> None:
    ids = IdSource(b"tests")
    lots = cut(batch(ids), batch(ids, body="Other"), batch(ids))
    assert [lot.segment_count for lot in lots[1]] == [3]
    (lot,) = lots[1]
    assert [text.body for text in contents(lot).texts] == ["Hello", "Other"]
    assert [message.text for message in contents(lot).messages] == [0, 1, 0]


def test_what_differs_stands_apart() -> None:
    ids = IdSource(b"tests")
    later = DeliveryWindow(NOW + HOUR, NOW + 72 * HOUR)
    sooner = DeliveryWindow(NOW, NOW + HOUR)
    lots = cut(
        batch(ids),
        batch(ids, owner=account(2)),
        batch(ids, priority=2),
        batch(ids, windows=(later,)),
        batch(ids, windows=(sooner,)),
        batch(ids, windows=(sooner, later)),
        batch(ids, carriers=[2]),
    )
    assert {carrier_id: len(of) for carrier_id, of in lots.items()} == {1: 6, 2: 1}
    assert [lot.is_ready for lot in lots[1]] == [True, True, True, False, True, True]


def test_windows_that_close_in_the_same_second_share_a_lot_that_closes_with_the_first() -> None:
    ids = IdSource(b"tests")
    blink = timedelta(milliseconds=1)
    windows = [DeliveryWindow(NOW - step * blink, OPEN.closes + (9 - step) * blink) for step in range(3)]
    (lot,) = cut(*[batch(ids, windows=(window,)) for window in windows])[1]
    assert (lot.opens_at, lot.closes_at) == (NOW - 2 * blink, OPEN.closes + 7 * blink)


def test_a_window_that_is_over_is_passed_by() -> None:
    over = DeliveryWindow(NOW - 2 * HOUR, NOW - HOUR)
    (lot,) = cut(batch(IdSource(b"tests"), windows=(over, OPEN)))[1]
    assert (lot.opens_at, lot.closes_at, lot.later, lot.is_ready) == (OPEN.opens, OPEN.closes, (), True)


def test_a_refused_message_stands_in_no_lot() -> None:
    one = batch(IdSource(b"tests"), segments=[1, 1, 1], carriers=[1, NO_CARRIER, 2])
    lots = cut(one)
    assert [
        [message.recipient for message in contents(lot).messages] for of in lots.values() for lot in of
    ] == [
        [one.recipients[0]],
        [one.recipients[2]],
    ]
    assert cut(batch(IdSource(b"tests"), carriers=[NO_CARRIER])) == {}


def test_a_lot_holds_no_other_texts_than_its_own() -> None:
    bodies = [f"text {number // 2}" for number in range(40)]
    lots = cut(batch(IdSource(b"tests"), segments=[1] * 40, bodies=bodies, pace=10))[1]
    assert [len(contents(lot).texts) for lot in lots] == [5, 5, 5, 5]
    shown = [contents(lot).texts[message.text].body for lot in lots for message in contents(lot).messages]
    assert shown == bodies


@given(
    st.lists(st.lists(st.integers(1, 255), min_size=1, max_size=30), min_size=1, max_size=8),
    st.floats(0.1, 2000),
)
def test_no_message_is_lost_and_no_lot_is_too_large(sizes: list[list[int]], pace: float) -> None:
    ids = IdSource(b"tests")
    batches = [batch(ids, segments=segments, pace=pace) for segments in sizes]
    lots = cut(*batches)[1]
    found = [message.message_id for lot in lots for message in contents(lot).messages]
    assert found == [message_id for one in batches for message_id in one.message_ids]
    limit = max(10, min(LARGEST_LOT, int(pace)))
    for lot in lots:
        messages = contents(lot).messages
        assert lot.segment_count == sum(message.segments for message in messages)
        assert lot.segment_count <= limit or len(messages) == 1
        assert (lot.first_id, lot.last_id) == (messages[0].message_id, messages[-1].message_id)


def test_places_follow_one_another_by_account_priority_and_weight() -> None:
    ids = IdSource(b"tests")
    heavy = account(2, weight=4)
    lots = cut(
        batch(ids, segments=[3]),
        batch(ids, segments=[8], owner=heavy),
        batch(ids, segments=[2], priority=2),
        batch(ids, segments=[1], windows=(DeliveryWindow(NOW + HOUR, NOW + 2 * HOUR),)),
        batch(ids, segments=[5], windows=(DeliveryWindow(NOW, NOW + HOUR),)),
    )[1]
    places = place_lots(lots)
    assert places.offsets == [3000, 2000, 2000, None, 8000]
    assert places.advances == {(1, 1): 8000, (1, 2): 2000, (2, 1): 2000}


def test_later_windows_lie_end_to_end() -> None:
    ids = IdSource(b"tests")
    days = [DeliveryWindow(NOW + day * 24 * HOUR, NOW + (day * 24 + 1) * HOUR) for day in range(4)]
    lots = cut(batch(ids, windows=tuple(days[:3])), batch(ids), batch(ids, windows=(days[1], days[3])))[1]
    later = later_windows(lots)
    assert (later.starts, later.ends) == ([1, 3, 3], [2, 2, 3])
    assert later.opens == [days[1].opens, days[2].opens, days[3].opens]
    assert msgspec.structs.asdict(later)["closes"] == [days[1].closes, days[2].closes, days[3].closes]
