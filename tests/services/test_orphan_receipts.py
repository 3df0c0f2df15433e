"""Which segment in doubt a receipt without a segment counts for: what is certain, and what nobody guesses."""

from datetime import UTC, datetime, timedelta

from heliograph.domain.flight import DoubtfulSegment
from heliograph.domain.status import Code
from heliograph.services.record_receipts.receipt_matching import Told, segment_in_doubt_of

SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANNA, BERTIL = "46701740605", "46701740606"


def doubtful(message: bytes, segment: int = 0, recipient: str = ANNA) -> DoubtfulSegment:
    return DoubtfulSegment(message, segment, 2, 1, recipient, SENT, SENT + timedelta(hours=72))


def receipt(recipient: str = ANNA, smsc_id: str = "1a2b", after: float = 1.0) -> Told:
    at = SENT + timedelta(seconds=after)
    return Told(7, smsc_id, recipient, (0, -1), 9, Code.DELIVERED, at)


def test_the_only_segment_of_the_recipient_is_certain() -> None:
    candidates = [doubtful(b"a"), doubtful(b"b", recipient=BERTIL)]
    assert segment_in_doubt_of(receipt(), candidates) == candidates[0]
    assert segment_in_doubt_of(receipt(smsc_id=""), candidates) == candidates[0]


def test_segments_of_one_message_are_as_good_as_each_other() -> None:
    candidates = [doubtful(b"a", 1), doubtful(b"a", 0)]
    assert segment_in_doubt_of(receipt(), candidates) == candidates[1]


def test_between_two_messages_nobody_guesses() -> None:
    assert segment_in_doubt_of(receipt(), [doubtful(b"a"), doubtful(b"b")]) is None


def test_without_an_id_a_repetition_would_count_for_the_second_segment() -> None:
    assert segment_in_doubt_of(receipt(smsc_id=""), [doubtful(b"a", 0), doubtful(b"a", 1)]) is None


def test_a_receipt_from_before_the_submit_is_of_something_else() -> None:
    assert segment_in_doubt_of(receipt(after=-1.0), [doubtful(b"a")]) is None


def test_nobody_in_doubt_nothing_to_resolve() -> None:
    assert segment_in_doubt_of(receipt(), []) is None
