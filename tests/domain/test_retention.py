"""How long texts are kept, and what stays of a number."""

from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.history import entry, milliseconds
from heliograph.domain.ids import id_at
from heliograph.domain.retention import (
    REST,
    ErasedNumbers,
    OldBatch,
    OldMessage,
    is_erased,
    is_over,
    read_days,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NUMBERS = ErasedNumbers(b"k" * 32)
BATCH = OldBatch(id_at(1), False, "iP1", NOW - timedelta(days=90), 1)


def message(code: int = 201, changed: timedelta | None = timedelta(days=80)) -> OldMessage:
    history = b"" if changed is None else entry(110, 1) + entry(code, milliseconds(NOW - changed))
    return OldMessage(id_at(2), "46701740605", code, history)


def test_a_number_leaves_a_hash_of_its_own_that_needs_the_key() -> None:
    form = NUMBERS.of(1, "46701740605")
    assert is_erased(form)
    assert form == NUMBERS.of(1, "46701740605"), "the same again"
    others = {NUMBERS.of(2, "46701740605"), NUMBERS.of(1, "46701740606")}
    assert len({form, *others, ErasedNumbers(b"x" * 32).of(1, "46701740605")}) == 4
    assert "46701740605" not in form


@pytest.mark.parametrize("number", ["46701740605", "erased:", "erased:0123", "Erased:0123456789abcdef", ""])
def test_what_is_sent_and_received_never_looks_erased(number: str) -> None:
    assert not is_erased(number)


@pytest.mark.parametrize(
    ("messages", "over"),
    [
        ([message()], True),
        ([message(changed=None)], True),
        ([message(), message(110)], False),
        ([message(changed=timedelta(minutes=59))], False),
        ([], True),
    ],
)
def test_a_batch_is_over_once_every_message_rests(messages: list[OldMessage], over: bool) -> None:
    assert is_over(BATCH, messages, days=90, now=NOW, oldest_report=NOW) is over


def test_a_batch_is_not_over_before_its_days_are() -> None:
    assert not is_over(BATCH, [message()], days=91, now=NOW, oldest_report=NOW)


def test_a_batch_waits_for_reports_that_were_never_tried() -> None:
    changed = NOW - timedelta(days=80)
    assert not is_over(BATCH, [message()], days=90, now=NOW, oldest_report=changed + REST)
    later = changed + REST + timedelta(seconds=1)
    assert is_over(BATCH, [message()], days=90, now=NOW, oldest_report=later)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("10", 10),
        ("3650", 3650),
        ("9", None),
        ("3651", None),
        ("", None),
        ("-90", None),
        ("9e1", None),
        ("٩٠", None),
    ],
)
def test_days_are_read_strictly(text: str, days: int | None) -> None:
    assert read_days(text) == days
