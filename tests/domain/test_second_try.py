"""Whether a segment in doubt is sent once more, case by case, and the lot that carries it."""

from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.flight import RESOLVE_TIME
from heliograph.domain.ids import IdSource
from heliograph.domain.lot import LotState, LotText, decode_contents, encode_contents
from heliograph.domain.second_try import (
    DoubtfulMessage,
    SecondTry,
    Undecided,
    Verdict,
    decide_second_try,
    second_lots,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
IDS = IdSource(b"tests")
ANNA, BERTIL = b"a" * 12, b"b" * 12


def undecided(
    message_id: bytes = ANNA,
    segment: int = 0,
    *,
    closes_at: datetime = NOW + 71 * HOUR,
    is_wanted: bool = True,
) -> Undecided:
    return Undecided(message_id, segment, 7, closes_at, is_wanted)


def message(
    message_id: bytes = ANNA,
    *,
    code: int = 110,
    rank: int = 1,
    ranks: bytes | None = None,
    body: str = "Hej Anna",
    opens: tuple[datetime, ...] = (NOW - HOUR,),
    closes: tuple[datetime, ...] = (NOW + HOUR,),
    is_paused: bool = False,
) -> DoubtfulMessage:
    return DoubtfulMessage(
        message_id,
        b"batch",
        code,
        rank,
        ranks,
        1 if ranks is None else len(ranks),
        0,
        "46701740605",
        body,
        "iP1",
        False,
        2,
        opens,
        closes,
        is_paused,
    )


@pytest.mark.parametrize(
    ("asked", "of"),
    [
        pytest.param(undecided(is_wanted=False), message(), id="its account holds"),
        pytest.param(undecided(), None, id="the message is gone"),
        pytest.param(undecided(), message(body=""), id="its text was erased"),
        pytest.param(undecided(), message(code=111, rank=2), id="accepted meanwhile"),
        pytest.param(undecided(), message(code=201, rank=9), id="delivered meanwhile"),
        pytest.param(undecided(), message(code=406, rank=10), id="closed meanwhile"),
        pytest.param(undecided(segment=1), message(ranks=b"\1\2"), id="only its other segment is in doubt"),
        pytest.param(undecided(), message(code=501, ranks=b"\1\7"), id="its other segment failed"),
        pytest.param(undecided(), message(closes=(NOW,)), id="its last window is over"),
        pytest.param(
            undecided(closes_at=NOW + HOUR),
            message(opens=(NOW + HOUR,), closes=(NOW + 2 * HOUR,)),
            id="given up before its next window opens",
        ),
        pytest.param(undecided(closes_at=NOW + RESOLVE_TIME), message(), id="no time for a receipt is left"),
    ],
)
def test_what_is_never_sent_again(asked: Undecided, of: DoubtfulMessage | None) -> None:
    assert decide_second_try(asked, of, NOW) is Verdict.HELD


def test_a_paused_batch_is_asked_about_later() -> None:
    assert decide_second_try(undecided(), message(is_paused=True), NOW) is Verdict.PUT_OFF


def test_a_paused_batch_whose_last_window_is_over_is_held() -> None:
    assert decide_second_try(undecided(), message(is_paused=True, closes=(NOW,)), NOW) is Verdict.HELD


def test_in_an_open_window_it_is_sent_at_once() -> None:
    found = decide_second_try(undecided(), message(), NOW)
    assert isinstance(found, SecondTry)
    assert (found.opens_at, found.closes_at) == (NOW, NOW + HOUR)


def test_between_windows_it_waits_for_the_next() -> None:
    opens, closes = (NOW - 3 * HOUR, NOW + HOUR), (NOW - 2 * HOUR, NOW + 2 * HOUR)
    found = decide_second_try(undecided(), message(opens=opens, closes=closes), NOW)
    assert isinstance(found, SecondTry)
    assert (found.opens_at, found.closes_at) == (NOW + HOUR, NOW + 2 * HOUR)


def test_a_receipt_of_it_has_time_to_come_before_the_doubt_ends() -> None:
    """Then the price is returned."""
    ends = NOW + 20 * timedelta(minutes=1)
    found = decide_second_try(undecided(closes_at=ends), message(), NOW)
    assert isinstance(found, SecondTry)
    assert found.closes_at == ends - RESOLVE_TIME


def tries(*asked: tuple[Undecided, DoubtfulMessage]) -> list[SecondTry]:
    found = [decide_second_try(one, of, NOW) for one, of in asked]
    return [one for one in found if isinstance(one, SecondTry)]


def test_the_segments_of_a_batch_share_a_lot() -> None:
    long = message(BERTIL, ranks=b"\1\2\1", body="Hej Bertil")
    (lot,) = second_lots(
        tries((undecided(), message()), (undecided(BERTIL, 2), long), (undecided(BERTIL, 0), long)),
        lambda: IDS.new(1),
    )
    assert (lot.account_id, lot.priority, lot.state, lot.segment_count) == (7, 2, LotState.SCHEDULED, 3)
    contents = decode_contents(encode_contents(lot.contents))
    assert contents.texts == [LotText("iP1", "Hej Anna", 0, False), LotText("iP1", "Hej Bertil", 0, False)]
    assert [(one.message_id, one.text, one.only) for one in contents.messages] == [
        (ANNA, 0, (0,)),
        (BERTIL, 1, (0, 2)),
    ]
    assert all(one.second_try for one in contents.messages)
    assert {one.last_close for one in contents.messages} == {int((NOW + HOUR).timestamp())}


def test_windows_keep_lots_apart() -> None:
    later = message(BERTIL, opens=(NOW + HOUR,), closes=(NOW + 2 * HOUR,))
    lots = second_lots(tries((undecided(), message()), (undecided(BERTIL), later)), lambda: IDS.new(1))
    assert [lot.opens_at for lot in lots] == [NOW, NOW + HOUR]
