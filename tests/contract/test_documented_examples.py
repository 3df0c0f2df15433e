"""The examples of the OpenAPI document are true: requests are sent and answered as documented, answers fit.

What an example names is made beforehand, so that each has the success that is documented. Times of delivery
windows are moved to tomorrow, so that the examples stay in the future and nothing is sent.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import jsonschema_rs
import pytest

from heliograph.faces.api.openapi import openapi_document
from tests.acceptance.conftest import Served
from tests.contract.named_things import MADE_FOR

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

DOCUMENT = openapi_document()
METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, Any]
LABELED = "/v2/labels/{label}/contacts"
CHILD = "/api/me/children/{child}"
"""The examples of these two name things in their bodies."""


class Example(NamedTuple):
    """A request as the document shows it."""

    method: str
    path: str
    name: str
    operation: Json
    parameters: list[Json]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.name}".strip()


def documented(node: Any) -> Any:
    """A part of the document; where it is a reference, what that leads to."""
    while isinstance(node, dict) and "$ref" in node:
        place: Any = DOCUMENT
        for name in node["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        node = place
    return node


def requests() -> Iterator[Example]:
    """Every operation, once for each example of its body."""
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            operation = item[method]
            parameters = [
                documented(each) for each in [*item.get("parameters", []), *operation.get("parameters", [])]
            ]
            bodies = dict(bodies_of(operation)) or {"": None}
            for name, body in bodies.items():
                yield Example(method.upper(), path, name, operation, parameters, body)


def bodies_of(operation: Json) -> Iterator[tuple[str, Any]]:
    """The example bodies of an operation by name."""
    for media in documented(operation.get("requestBody", {})).get("content", {}).values():
        if "example" in media:
            yield "example", media["example"]
        for name, example in media.get("examples", {}).items():
            yield name, example["value"]


def answers() -> Iterator[tuple[str, Json, Any]]:
    """Every example of an answer, of a webhook's body and of a request's, with its schema."""
    webhooks = DOCUMENT.get("webhooks", {})
    for path, item in [*DOCUMENT["paths"].items(), *webhooks.items()]:
        for method in METHODS:
            operation = item.get(method, {})
            sources = [operation.get("requestBody", {}), *operation.get("responses", {}).values()]
            for number, source in enumerate(sources):
                for media in documented(source).get("content", {}).values():
                    given = [media["example"]] if "example" in media else []
                    given += [example["value"] for example in media.get("examples", {}).values()]
                    for value in given:
                        yield f"{method} {path} {number}", media["schema"], value


def faults_of(schema: Json, value: Any) -> list[str]:
    """What is wrong with a value by a schema of the document."""
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": DOCUMENT["components"]}
    validator = jsonschema_rs.validator_for(whole | schema, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def test_a_wrong_value_is_noticed() -> None:
    report = {"$ref": "#/components/schemas/MessageStatus"}
    assert faults_of(report, {"code": 201, "duration": 1, "created": "2026-11-22T17:00:21Z"}) == []
    assert faults_of(report, {"code": "201", "duration": 1, "created": "2026-11-22T17:00:21Z"})
    assert faults_of(report, {"code": 201, "duration": 1, "created": "yesterday"})


def test_every_example_in_the_document_fits_its_schema() -> None:
    looked_at = list(answers())
    assert len(looked_at) > 10
    assert {where: faults for where, schema, value in looked_at if (faults := faults_of(schema, value))} == {}


def test_every_example_of_a_parameter_and_of_a_field_fits_its_schema() -> None:
    given = [
        (f"{each} {parameter['name']}", parameter["schema"], parameter["example"])
        for each in requests()
        for parameter in each.parameters
        if "example" in parameter
    ]
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            given += [(f"{name}.{field}", described, value) for value in described.get("examples", [])]
    assert len(given) > 40
    assert {where: faults for where, schema, value in given if (faults := faults_of(schema, value))} == {}


def test_something_is_made_for_every_path_that_names_a_thing() -> None:
    operations = {(each.method, each.path) for each in requests()}
    assert {key for key in operations if "{" in key[1]} <= set(MADE_FOR) <= operations


@pytest.mark.parametrize("example", list(requests()), ids=str)
def test_it_is_answered_as_documented(served: Served, example: Example) -> None:
    make = MADE_FOR.get((example.method, example.path))
    names = make(served) if make else {}
    if example.path == LABELED:
        example = example._replace(body=[names["contactId"]])
    elif example.path == CHILD and example.body:
        example = example._replace(body=example.body | {"ID": names["child"]})
    status, media_type, document = ask(served, example, names)
    responses = {int(code): documented(answer) for code, answer in example.operation["responses"].items()}
    assert status in responses, document
    assert status < 300, document
    assert document or not (make and isinstance(document, list)), "what was made is not in the list"
    content = responses[status].get("content", {})
    if content:
        assert media_type in content
        assert faults_of(content[media_type]["schema"], document) == []


def ask(served: Served, example: Example, names: dict[str, str]) -> tuple[int, str, Any]:
    """Send an example, with these names in its path; status, media type and JSON of the answer."""
    headers = {"Authorization": f"Bearer {served.key}", "Content-Type": "application/json"}
    path, query = example.path, []
    for parameter in example.parameters:
        if "example" not in parameter:
            continue
        if parameter["in"] == "path":
            named = names[parameter["name"]]
            path = path.replace(f"{{{parameter['name']}}}", quote(named, safe=""))
        elif parameter["in"] == "query":
            query.append((parameter["name"], around_now(parameter["name"], parameter["example"])))
        else:
            headers[parameter["name"]] = f"{parameter['example']}-{example.name}"
    data = None if example.body is None else json.dumps(of_tomorrow(example.body)).encode()
    url = f"{served.url}{path}?{urlencode(query, doseq=True)}"
    request = urllib.request.Request(url, data=data, headers=headers, method=example.method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            octets = answer.read()
            return answer.status, answer.headers.get_content_type(), json.loads(octets) if octets else None
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers.get_content_type(), json.loads(refused.read())


def around_now(name: str, example: Any) -> Any:
    """The example of a parameter; bounds of time are moved so that today lies between them."""
    days = {"createdFrom": -1, "createdTo": 1}
    return (datetime.now(UTC) + timedelta(days=days[name])).isoformat() if name in days else example


def of_tomorrow(body: Any) -> Any:
    """A body whose delivery windows lie a day ahead."""
    if not isinstance(body, dict) or "deliveryWindows" not in body:
        return body
    opens = datetime.now(UTC) + timedelta(days=1)
    window = {"opens": opens.isoformat(), "closes": (opens + timedelta(days=1)).isoformat()}
    return body | {"deliveryWindows": [window]}
