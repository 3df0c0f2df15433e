"""What is tried again, how long is waited, and that nothing is ever done twice: against a scripted server."""

import socket
import time
from typing import Any

import pytest

from heliograph.client import (
    ApiError,
    Conflict,
    DeliveryWindow,
    Heliograph,
    InvalidRequest,
    NoAnswer,
    NotFound,
    Retries,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
)
from heliograph.client.calls import Answer, Call, Lost
from tests.client.either_client import EitherClient, Wanted
from tests.client.scripted_server import BATCH, HANG_UP, Scripted, ScriptedServer, problem

QUICK = Retries(count=3, first_wait=0.01, longest_wait=0.05)
READ: Wanted = ("get_batch", ("a",), {})
CANCEL: Wanted = ("cancel_batch", ("a",), {})
ORDER = ("iP1", ["46701740605"], "Hi")
BUSY = Scripted(503, problem(503))
SENT = Scripted(201, BATCH)


def options(server: ScriptedServer, **others: Any) -> dict[str, Any]:
    return {"url": server.url, "retries": QUICK, **others}


@pytest.mark.parametrize(
    "first",
    [
        BUSY,
        Scripted(429, problem(429, "too_many_requests")),
        Scripted(502, b"<html>", {"Content-Type": "text/html"}),
        Scripted(504, b""),
        Scripted(409, problem(409, "conflict")),
        Scripted(HANG_UP),
    ],
)
def test_a_send_is_repeated_with_the_same_key_and_body(either: EitherClient, first: Scripted) -> None:
    with ScriptedServer([first, first, SENT]) as server:
        batch = either.call("send", *ORDER, client=options(server))
    assert batch.id == BATCH["id"]
    keys = {asked.headers["idempotency-key"] for asked in server.asked}
    assert len(server.asked) == 3
    assert len(keys) == 1
    assert len({asked.body for asked in server.asked}) == 1


def test_every_send_has_a_key_of_its_own_unless_one_is_given(either: EitherClient) -> None:
    sends = [("send", ORDER, {}), ("send", ORDER, {}), ("send", ORDER, {"idempotency_key": "order-1"})]
    with ScriptedServer([SENT, SENT, SENT]) as server:
        either.calls(sends, client=options(server))
    first, second, third = (asked.headers["idempotency-key"] for asked in server.asked)
    assert len({first, second}) == 2
    assert min(len(first), len(second)) >= 32
    assert third == "order-1"


def test_after_the_last_repetition_the_refusal_is_raised(either: EitherClient) -> None:
    with ScriptedServer([BUSY] * 9) as server, pytest.raises(Unavailable) as raised:
        either.call("send", *ORDER, client=options(server))
    assert len(server.asked) == 1 + QUICK.count
    assert (raised.value.status, raised.value.title, raised.value.detail) == (503, "A title", "A detail.")
    assert raised.value.kind == "urn:heliograph:problem:unavailable"


def test_without_an_answer_at_the_end_it_is_said_that_it_may_have_happened(either: EitherClient) -> None:
    with ScriptedServer([Scripted(HANG_UP)] * 9) as server, pytest.raises(NoAnswer) as raised:
        either.call("send", *ORDER, client=options(server))
    assert raised.value.may_have_happened
    assert len(server.asked) == 1 + QUICK.count


def test_a_server_that_is_not_there_is_tried_again_and_named(either: EitherClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = {"url": f"http://127.0.0.1:{port}", "retries": QUICK}
    with pytest.raises(NoAnswer, match=f"http://127.0.0.1:{port} does not answer") as raised:
        either.call("cancel_batch", "5bc86b6e85c7209830f96936", client=client)
    assert not raised.value.may_have_happened


def test_an_answer_that_does_not_come_in_time_is_lost(either: EitherClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = {"url": url, "retries": Retries(count=0), "timeout": 0.1}
        with pytest.raises(NoAnswer) as raised:
            either.call("get_batch", "5bc86b6e85c7209830f96936", client=client)
    assert raised.value.may_have_happened


@pytest.mark.parametrize("first", [BUSY, Scripted(HANG_UP), Scripted(502, b"")])
def test_a_cancel_that_may_have_happened_is_not_repeated(either: EitherClient, first: Scripted) -> None:
    """The second one would hide the batch that the first one canceled."""
    with ScriptedServer([first, Scripted(200, BATCH)]) as server, pytest.raises((ApiError, NoAnswer)):
        either.call("cancel_batch", "5bc86b6e85c7209830f96936", client=options(server))
    assert len(server.asked) == 1


def test_a_cancel_that_was_turned_away_is_repeated(either: EitherClient) -> None:
    turned_away = Scripted(429, problem(429, "too_many_requests"), {"Retry-After": "0"})
    with ScriptedServer([turned_away, Scripted(200, BATCH)]) as server:
        either.call("cancel_batch", "5bc86b6e85c7209830f96936", client=options(server))
    assert [asked.method for asked in server.asked] == ["DELETE", "DELETE"]


def test_a_cancel_never_takes_a_connection_that_may_be_stale(either: EitherClient) -> None:
    answers = [Scripted(200, BATCH, closes=True), Scripted(200, BATCH)]
    with ScriptedServer(answers) as server:
        either.calls([READ, CANCEL], client=options(server, retries=Retries(count=0)))
    assert server.connections == 2


def test_connections_are_kept_and_a_stale_one_is_replaced_unnoticed(either: EitherClient) -> None:
    answers = [Scripted(200, BATCH), Scripted(200, BATCH, closes=True), Scripted(200, BATCH)]
    with ScriptedServer(answers) as server:
        either.calls([READ] * 3, client=options(server, retries=Retries(count=0)))
    assert server.connections == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500])
def test_what_will_not_heal_is_raised_at_once(either: EitherClient, status: int) -> None:
    with ScriptedServer([Scripted(status, problem(status))]) as server, pytest.raises(ApiError) as raised:
        either.call("send", *ORDER, client=options(server))
    assert raised.value.status == status
    assert len(server.asked) == 1


def test_an_error_holds_what_the_problem_says(either: EitherClient) -> None:
    faults = {"recipients[0]": ["A recipient is digits only."], "sender": ["One.", "Two."]}
    refused = Scripted(400, problem(400, "invalid_request", errors=faults))
    with ScriptedServer([refused]) as server, pytest.raises(InvalidRequest) as raised:
        either.call("send", *ORDER, client=options(server))
    assert raised.value.errors == faults
    assert str(raised.value) == (
        "400 A title: A detail. recipients[0]: A recipient is digits only. sender: One. Two."
    )


def test_errors_have_classes_by_status(either: EitherClient) -> None:
    for status, kind in ((404, NotFound), (409, Conflict)):
        with ScriptedServer([Scripted(status, problem(status))]) as server, pytest.raises(kind):
            either.call("get_batch", "a", client=options(server))


def test_answers_of_somebody_else_are_told_apart(either: EitherClient) -> None:
    with ScriptedServer([Scripted(200, b"<html>")]) as server, pytest.raises(UnexpectedAnswer):
        either.call("get_batch", "a", client=options(server))
    redirected = Scripted(302, b"", {"Location": "http://192.0.2.1/"})
    with ScriptedServer([redirected]) as server, pytest.raises(ApiError, match="not Heliograph's"):
        either.call("get_batch", "a", client=options(server))


def test_retry_after_is_kept_to(either: EitherClient) -> None:
    busy = Scripted(503, problem(503), {"Retry-After": "1"})
    began = time.monotonic()
    with ScriptedServer([busy, SENT]) as server:
        either.call("send", *ORDER, client=options(server, retries=Retries(first_wait=0.01)))
    assert 1 <= time.monotonic() - began < 3


def test_a_server_that_asks_for_too_long_is_not_waited_for(either: EitherClient) -> None:
    busy = Scripted(429, problem(429), {"Retry-After": "3600"})
    with ScriptedServer([busy]) as server, pytest.raises(TooManyRequests) as raised:
        either.call("send", *ORDER, client=options(server))
    assert raised.value.retry_after == 3600


def test_waits_double_up_to_the_longest_and_are_spread() -> None:
    retries, call = Retries(count=9, first_wait=1, longest_wait=5), Heliograph.get_batch(None, "a")
    for tries, most in ((1, 1), (2, 2), (3, 4), (4, 5), (9, 5)):
        waits = [retries.wait_before_next(call, Lost("gone", True), tries) for _ in range(200)]
        assert all(wait is not None and most / 2 <= wait <= most for wait in waits)
        assert len(set(waits)) > 100
    assert retries.wait_before_next(call, Lost("gone", True), 10) is None


@pytest.mark.parametrize(
    ("repeatable", "result", "expected"),
    [
        (True, Lost("", True), True),
        (True, Lost("", False), True),
        (False, Lost("", True), False),
        (False, Lost("", False), True),
        (True, Answer(503, {}, b""), True),
        (False, Answer(503, {}, b""), False),
        (False, Answer(429, {}, b""), True),
        (False, Answer(409, {}, b""), False),
        (True, Answer(409, {}, b""), True),
        (True, Answer(200, {}, b""), False),
        (True, Answer(500, {}, b""), False),
    ],
)
def test_the_table_of_what_is_repeated(repeatable: bool, result: Answer | Lost, expected: bool) -> None:
    calls: tuple[Call[Any], Call[Any]] = (
        Heliograph.cancel_batch(None, "a"),
        Heliograph.send(None, "a", [], ""),
    )
    call = calls[repeatable]
    assert (Retries().wait_before_next(call, result, 1) is not None) is expected


@pytest.mark.parametrize(
    ("method", "arguments"),
    [("pause_batch", ("a",)), ("resume_batch", ("a",)), ("reschedule_batch", ("a", [DeliveryWindow()]))],
)
def test_a_change_of_a_batch_is_repeated_with_its_key(
    either: EitherClient, method: str, arguments: tuple[Any, ...]
) -> None:
    answers = [Scripted(HANG_UP), BUSY, Scripted(200, BATCH)]
    with ScriptedServer(answers) as server:
        either.call(method, *arguments, client=options(server))
    assert len(server.asked) == 3
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 1
    assert all(("content-type" in asked.headers) == bool(asked.body) for asked in server.asked)


def test_a_conflict_that_will_not_pass_is_raised_at_once() -> None:
    assert Retries().wait_before_next(Heliograph.pause_batch(None, "a"), Answer(409, {}, b""), 1) is None
