"""Every refusal as HTTP shows it: one shape for all statuses."""

import json

import pytest

from heliograph.domain.refusals import (
    Conflict,
    Forbidden,
    IdempotencyMismatch,
    InvalidRequest,
    NotFound,
    Refusal,
    RefusedError,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from heliograph.faces.api.json_faults import MalformedJson
from heliograph.faces.api.problems import (
    MEDIA_TYPE,
    InternalError,
    MethodNotAllowed,
    Problem,
    RequestTimeout,
    problem_of,
)


def headers_of(problem: Problem) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in problem.headers}


@pytest.mark.parametrize(
    ("refusal", "status", "code", "header"),
    [
        (InvalidRequest([Refusal("body", "required", "body is required.")]), 400, "invalid_request", None),
        (MalformedJson("x", 1, 2), 400, "malformed_json", None),
        (RefusedError("x"), 400, "refused", None),
        (Unauthorized("x"), 401, "unauthorized", ("www-authenticate", "Bearer")),
        (Forbidden("x"), 403, "forbidden", None),
        (NotFound("x"), 404, "not_found", None),
        (MethodNotAllowed("PUT", ("GET", "POST")), 405, "method_not_allowed", ("allow", "GET, POST")),
        (RequestTimeout("x"), 408, "request_timeout", ("connection", "close")),
        (Conflict("x"), 409, "conflict", None),
        (TooLarge("x"), 413, "too_large", ("connection", "close")),
        (UnsupportedMediaType("x"), 415, "unsupported_media_type", None),
        (IdempotencyMismatch("x"), 422, "idempotency_mismatch", None),
        (TooManyRequests("x", 12.3), 429, "too_many_requests", ("retry-after", "13")),
        (InternalError("x"), 500, "internal_error", None),
        (Unavailable("x", 0.2), 503, "unavailable", ("retry-after", "1")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_every_refusal_has_its_status_and_the_one_shape(
    refusal: RefusedError, status: int, code: str, header: tuple[str, str] | None
) -> None:
    problem = problem_of(refusal, "/v2/batches")
    body, headers = json.loads(problem.body), headers_of(problem)
    assert problem.status == body["status"] == status
    assert body["type"] == f"urn:heliograph:problem:{code}"
    assert body["title"]
    assert body["detail"] == refusal.sentence
    assert body["instance"] == "/v2/batches"
    assert set(body) - {"errors"} == {"type", "title", "status", "detail", "instance"}
    assert headers["content-type"] == MEDIA_TYPE == "application/problem+json"
    assert headers["content-length"] == str(len(problem.body))
    assert header is None or headers[header[0]] == header[1]


def test_a_method_that_is_not_allowed_names_those_that_are() -> None:
    assert MethodNotAllowed("PUT", ("GET", "POST")).sentence == "PUT is not allowed here. Allowed: GET, POST."


def test_faults_of_fields_stand_under_errors_with_all_their_sentences() -> None:
    refusal = InvalidRequest(
        [
            Refusal("body", "required", "body is required."),
            Refusal("recipients[0]", "a", "First."),
            Refusal("recipients[0]", "b", "Second."),
        ]
    )
    body = json.loads(problem_of(refusal, "/v2/batches").body)
    assert body["errors"] == {"body": ["body is required."], "recipients[0]": ["First.", "Second."]}
    assert body["detail"] == "One or more fields of the request are not valid."


def test_a_refusal_without_fields_has_no_errors() -> None:
    assert "errors" not in json.loads(problem_of(Unauthorized("x"), "/").body)


def test_what_went_wrong_inside_is_not_told() -> None:
    problem = problem_of(ZeroDivisionError("secret detail"), "/v2/batches")
    assert problem.status == 500
    assert b"secret" not in problem.body
    assert json.loads(problem.body)["detail"] == (
        "Something went wrong on our side. Nothing is known to have been accepted; with an Idempotency-Key "
        "the request can safely be sent again."
    )
