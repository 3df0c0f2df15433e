"""The send window: numbers, slots, answers, expiry in order, and what is left when a link dies."""

import pytest

from heliograph.smpp import MAX_SEQUENCE_NUMBER, CommandId, Outstanding, SendWindow, WindowFullError
from heliograph.smpp.send_window import MAX_REMEMBERED_TIMEOUTS

SUBMIT, SUBMIT_RESP = int(CommandId.SUBMIT_SM), int(CommandId.SUBMIT_SM_RESP)
NACK = int(CommandId.GENERIC_NACK)


def reserve(window: SendWindow, *tokens: object, deadline: float = 60.0) -> list[int]:
    return list(window.reserve(tokens, [SUBMIT_RESP] * len(tokens), deadline))


def test_numbers_start_at_one_and_go_up() -> None:
    window = SendWindow(10)
    assert reserve(window, "a", "b", "c") == [1, 2, 3]
    assert reserve(window, "d") == [4]


def test_numbers_wrap_and_leave_out_those_outstanding() -> None:
    window = SendWindow(20, last_sequence_number=MAX_SEQUENCE_NUMBER - 3)
    assert reserve(window, "a") == [MAX_SEQUENCE_NUMBER - 2]
    window.last_sequence_number = 0
    first = reserve(window, "x", "y", "z")
    window.last_sequence_number = MAX_SEQUENCE_NUMBER - 2
    assert first == [1, 2, 3]
    assert reserve(window, "b", "c", "d", "e") == [MAX_SEQUENCE_NUMBER - 1, MAX_SEQUENCE_NUMBER, 4, 5]


def test_numbers_that_timed_out_or_belong_to_the_session_stay_taken() -> None:
    window = SendWindow(10)
    reserve(window, "late", deadline=1.0)
    window.expire(1.0)
    assert window.reserve_control(None, CommandId.ENQUIRE_LINK) == 2
    window.last_sequence_number = MAX_SEQUENCE_NUMBER - 1
    assert reserve(window, "a", "b") == [MAX_SEQUENCE_NUMBER, 3]
    assert window.reserve_control(None, CommandId.UNBIND) == 4


def test_a_long_run_over_the_wrap_never_reuses_an_outstanding_number() -> None:
    window = SendWindow(50, last_sequence_number=MAX_SEQUENCE_NUMBER - 500)
    outstanding: list[int] = []
    for round_ in range(400):
        numbers = reserve(window, *range(5))
        assert not set(numbers) & set(outstanding)
        assert all(1 <= number <= MAX_SEQUENCE_NUMBER for number in numbers)
        outstanding += numbers
        keep = 7 if round_ % 3 else 0
        while len(outstanding) > keep:
            assert window.take_answer(outstanding.pop(0 if round_ % 2 else -1), SUBMIT_RESP)


def test_slots() -> None:
    window = SendWindow(2)
    reserve(window, "a", "b")
    assert (len(window), window.free) == (2, 0)
    with pytest.raises(WindowFullError):
        reserve(window, "c")
    window.capacity = 3
    assert window.free == 1
    window.capacity = 1
    assert window.free == 0


def test_too_large_a_block_reserves_nothing() -> None:
    window = SendWindow(2)
    with pytest.raises(WindowFullError):
        reserve(window, "a", "b", "c")
    assert (len(window), window.last_sequence_number) == (0, 0)


def test_an_answer_returns_the_token_once() -> None:
    window = SendWindow(2)
    reserve(window, "a")
    assert window.take_answer(1, SUBMIT_RESP) == ("a", SUBMIT_RESP, 60.0)
    assert window.take_answer(1, SUBMIT_RESP) is None
    assert window.free == 2


def test_an_answer_must_be_of_the_right_kind_or_a_nack() -> None:
    window = SendWindow(2)
    reserve(window, "a", "b")
    assert window.take_answer(1, CommandId.DATA_SM_RESP) is None
    assert window.take_answer(1, SUBMIT_RESP) is not None
    assert window.take_answer(2, NACK) is not None


def test_expiry_takes_what_is_due_oldest_first() -> None:
    window = SendWindow(10)
    reserve(window, "a", "b", deadline=10.0)
    reserve(window, "c", deadline=11.0)
    assert window.next_deadline() == 10.0
    assert window.expire(9.9) == []
    assert window.expire(10.0) == [Outstanding(1, "a", SUBMIT, 10.0), Outstanding(2, "b", SUBMIT, 10.0)]
    assert (window.next_deadline(), len(window)) == (11.0, 1)
    assert window.expire(100.0) == [Outstanding(3, "c", SUBMIT, 11.0)]
    assert window.next_deadline() is None


def test_expiry_looks_at_one_request_when_nothing_is_due() -> None:
    class Deadline(float):
        looked_at = 0

        def __gt__(self, other: float) -> bool:
            Deadline.looked_at += 1
            return float(self) > other

    window = SendWindow(100_000)
    window.reserve(range(100_000), [SUBMIT_RESP] * 100_000, Deadline(60.0))
    assert window.expire(1.0) == []
    assert Deadline.looked_at == 1


def test_a_late_answer_is_recognised() -> None:
    window = SendWindow(1)
    reserve(window, "a", deadline=1.0)
    window.expire(1.0)
    assert window.free == 1
    assert window.take_answer(1, SUBMIT_RESP) is None
    assert [request.token for request in window.timed_out()] == ["a"]
    assert window.take_late_answer(1, CommandId.DATA_SM_RESP) is None
    assert window.take_late_answer(1, SUBMIT_RESP) == ("a", SUBMIT_RESP, 1.0)
    assert window.take_late_answer(1, SUBMIT_RESP) is None


def test_only_so_many_timeouts_are_remembered() -> None:
    count = MAX_REMEMBERED_TIMEOUTS + 5
    window = SendWindow(count)
    window.reserve(range(count), [SUBMIT_RESP] * count, 1.0)
    assert len(window.expire(1.0)) == count
    assert [request.token for request in window.timed_out()] == list(range(5, count))


def test_what_is_outstanding_in_the_order_it_was_sent() -> None:
    window = SendWindow(10)
    reserve(window, *"abcd")
    window.take_answer(2, SUBMIT_RESP)
    assert [(one.sequence_number, one.token) for one in window.outstanding()] == [
        (1, "a"),
        (3, "c"),
        (4, "d"),
    ]
    assert window.withdraw([4, 1, 2]) == ["d", "a"]
    assert [one.token for one in window.outstanding()] == ["c"]


def test_one_control_request_of_a_kind_is_remembered() -> None:
    window = SendWindow(1)
    first = window.reserve_control("one", CommandId.ENQUIRE_LINK)
    second = window.reserve_control("two", CommandId.ENQUIRE_LINK)
    window.reserve_control("bye", CommandId.UNBIND)
    response = int(CommandId.ENQUIRE_LINK_RESP)
    assert window.take_control_answer(first, response) is None
    taken = window.take_control_answer(second, response)
    assert taken is not None
    assert taken[0] == "two"
    assert window.free == 1


def test_repr() -> None:
    window = SendWindow(3)
    reserve(window, "a", "b", deadline=1.0)
    window.expire(1.0)
    reserve(window, "c")
    assert repr(window) == "<SendWindow 1/3, 2 timed out>"
