"""The client can ask for all that the API offers: a new route without a call of the client fails here."""

import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote

import msgspec
import pytest

from heliograph.client import AsyncHeliograph, DeliveryWindow, Heliograph, NewContact
from heliograph.client.api_operations import ApiOperations
from heliograph.client.calls import Call
from heliograph.client.operations import Listing, Operation
from heliograph.faces.api.openapi import openapi_document

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)

NOT_ASKED: Final = {
    ("PUT", "/v2/me/senders"): "register_sender names the sender in the path",
    ("POST", "/v2/blacklist"): "block names the number in the path",
    ("GET", "/healthz"): "for supervisors, without a key",
    ("GET", "/readyz"): "for load balancers, without a key",
}
"""What no call of the client asks for, and why nobody misses it."""

NOT_GIVEN: Final = {"ID": "the path has it"}
"""Members of requests that no call of the client gives, and why nobody misses them."""

NOT_READ: Final = {
    ("AccountDetails", "ID"): "the same as Account",
    ("EventDocument", "id"): "the same as messageId",
}
"""Fields of answers that no type of the client has, and why nobody misses them."""

SAMPLES: Final[dict[str, Any]] = {
    "after": "",
    "amount": 1.0,
    "batch_ids": [""],
    "contact": NewContact(properties={}),
    "contact_ids": [],
    "contacts": [],
    "codes": [201],
    "created_from": NOON,
    "created_to": NOON,
    "delivery_windows": [DeliveryWindow()],
    "expires": NOON,
    "grace_hours": 1,
    "labels": ["a"],
    "limit": 1,
    "metadata": {"phoneNumber.isBlocked": "true"},
    "networks": [],
    "newest_first": True,
    "page_size": 1,
    "priority": 1,
    "properties": {"phoneNumber": "+46701740605"},
    "recipients": ["46701740605"],
    "scopes": [],
    "statuses": [201],
    "tags": ["a"],
    "test": True,
    "with_metadata": True,
}
"""Values of parameters that are no text."""

DIRECTIONS: Final = (None, "mo", "mt")
"""Conversations have a path for each."""


def sample(name: str) -> Any:
    """A value for a parameter; a text is its name as paths of the document have it."""
    first, *others = name.split("_")
    return SAMPLES.get(name, f"{{{first}{''.join(map(str.capitalize, others))}}}")


def described() -> Iterator[tuple[str, Call[Any]]]:
    """Every call of the client with all that can be given, and its name."""
    for name, member in inspect.getmembers_static(ApiOperations):
        if not isinstance(member, Operation | Listing):
            continue
        describe = getattr(ApiOperations, name)
        given = {each: sample(each) for each in inspect.signature(describe).parameters if each != "self"}
        for direction in DIRECTIONS if "direction" in given else (None,):
            chosen = {"direction": direction} if "direction" in given else {}
            yield name, describe(None, **(given | chosen))


def template(call: Call[Any]) -> tuple[str, str]:
    """Method and path of a call as the document has them."""
    return call.method, unquote(call.path)


def body_schema(operation: dict[str, Any]) -> dict[str, Any]:
    """The schema of what an operation takes; empty if it takes nothing."""
    if "requestBody" not in operation:
        return {}
    schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    named = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = openapi_document()["components"]["schemas"].get(named, schema)
    return found


CALLS: Final = list(described())
DOCUMENTED: Final[dict[tuple[str, str], dict[str, Any]]] = {
    (method.upper(), path): operation
    for path, item in openapi_document()["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}
ASKED: Final = sorted(DOCUMENTED.keys() - NOT_ASKED.keys())


def test_every_operation_of_the_document_has_a_call_and_every_call_an_operation() -> None:
    assert {template(call) for _, call in CALLS} == set(ASKED)
    assert NOT_ASKED.keys() <= DOCUMENTED.keys()


@pytest.mark.parametrize("operation", ASKED, ids=" ".join)
def test_everything_that_an_operation_takes_can_be_given(operation: tuple[str, str]) -> None:
    calls = [call for _, call in CALLS if template(call) == operation]
    parameters = DOCUMENTED[operation].get("parameters", [])
    in_query = {each["name"] for each in parameters if each["in"] == "query"}
    # The pages after the first are led to by their links.
    assert in_query - {"start"} <= {name for call in calls for name, _ in call.query}
    is_keyed = any(each["name"] == "Idempotency-Key" for each in parameters)
    assert is_keyed == any(call.idempotency_key == "{idempotencyKey}" for call in calls)


@pytest.mark.parametrize("operation", ASKED, ids=" ".join)
def test_every_member_of_a_request_can_be_given(operation: tuple[str, str]) -> None:
    schema = body_schema(DOCUMENTED[operation])
    bodies = [call.body for _, call in CALLS if template(call) == operation and call.body is not None]
    assert bool(bodies) == bool(schema)
    for content in map(json.loads, bodies):
        members = content.keys() if isinstance(content, dict) else set()
        assert members == schema.get("properties", {}).keys() - NOT_GIVEN.keys()


def test_everything_in_an_answer_is_read() -> None:
    shapes = [call.shape for _, call in CALLS]
    roots, types = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    reading = Reading(types)
    for (_, call), own in zip(CALLS, roots, strict=True):
        answers = [
            media["schema"]
            for status, answer in DOCUMENTED[template(call)]["responses"].items()
            for media in answer.get("content", {}).values()
            if status.startswith("2")
        ]
        reading.note(max(answers, key=lambda answer: reading.likeness(answer, own)), own)
    passed_over = {
        (name, field) for name in reading.told for field in reading.told[name] - reading.read[name]
    }
    assert passed_over == NOT_READ.keys()
    assert len(reading.told) > 20


class Reading:
    """Which fields of the types in answers the types of the client read."""

    def __init__(self, types: dict[str, Any]) -> None:
        self._types = types
        self.told: dict[str, set[str]] = {}
        self.read: dict[str, set[str]] = {}

    def note(self, answer: dict[str, Any], own: dict[str, Any]) -> None:
        """Go through the schema of an answer along with that of the type it is read as."""
        name, told = self._object(answer, openapi_document()["components"]["schemas"])
        _, read = self._object(own, self._types)
        assert read.keys() <= told.keys(), f"{name} has other fields than the client reads"
        if not read or (name in self.told and self.read[name] >= read.keys()):
            return
        self.told[name] = set(told)
        self.read[name] = self.read.get(name, set()) | read.keys()
        for field in read:
            self.note(told[field], read[field])

    def likeness(self, answer: dict[str, Any], own: dict[str, Any]) -> int:
        """How many fields both have."""
        _, told = self._object(answer, openapi_document()["components"]["schemas"])
        _, read = self._object(own, self._types)
        return len(told.keys() & read.keys())

    def _object(self, schema: dict[str, Any], types: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """The name and the fields of the type that a value is of, holds or lists; none for a plain value."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return name, types[name].get("properties", {})
        inner = [*schema.get("anyOf", ()), schema.get("items"), schema.get("additionalProperties")]
        found = [self._object(each, types) for each in inner if isinstance(each, dict)]
        return next((each for each in found if each[1]), ("", {}))


def test_both_clients_have_the_same_calls() -> None:
    assert public_names(Heliograph) == public_names(AsyncHeliograph)


def public_names(client: type) -> set[str]:
    """What a client shows."""
    return {name for name in dir(client) if not name.startswith("_")}
