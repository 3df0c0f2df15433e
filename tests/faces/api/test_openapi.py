"""The API document is complete and true: it follows the routes, the types, and what is really answered."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import msgspec
import pytest

from heliograph.domain.batch import RawBatch
from heliograph.domain.status import Code
from heliograph.domain.status_meanings import STATUS_TEXTS
from heliograph.domain.webhook_event import ReportEvent, report_body
from heliograph.faces.api.api_app import ROUTES
from heliograph.faces.api.docs_page import docs_page
from heliograph.faces.api.openapi import ALL_FIELD_RULES as FIELD_RULES
from heliograph.faces.api.openapi import ALL_FIELD_TEXTS as FIELD_TEXTS
from heliograph.faces.api.openapi import TYPES as EVERY_TYPE
from heliograph.faces.api.openapi import encoded_document, openapi_document
from heliograph.faces.api.openapi_links import LINKS
from heliograph.faces.api.openapi_texts import (
    BatchRequest,
    DeliveryReport,
)
from tests.support.served_api import served_api

DOCUMENT = openapi_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
TYPES = {struct.__name__: struct for struct in EVERY_TYPE}
METHODS = ("get", "post", "put", "patch", "delete")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(found := node.get("$ref"), str):
            yield found
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def path_parameter(match: re.Match[str]) -> str:
    """A parameter of a path as the document names it."""
    return f"{{{match[1]}{'Id' if match[2] else ''}}}"


def test_it_describes_exactly_the_routes_there_are() -> None:
    served = {
        (re.sub(r"\{(\w+?)(_id)?:str\}", path_parameter, path), method.lower())
        for route in ROUTES
        for path in route.paths
        for method in route.http_methods
        if not path.startswith("/docs") and path != "/"
    }
    assert {(path, method) for path, method, _ in operations()} == served


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        node: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            node = node[name]


def test_every_field_is_described_and_none_is_that_does_not_exist() -> None:
    assert {name: set(schema["properties"]) for name, schema in SCHEMAS.items()} == {
        name: set(texts) for name, texts in FIELD_TEXTS.items()
    }
    for schema in SCHEMAS.values():
        assert schema["description"]
        assert all(field["description"].endswith((".", ".)")) for field in schema["properties"].values())
    for rule in FIELD_RULES:
        name, _, field = rule.partition(".")
        assert field in SCHEMAS[name]["properties"]


def test_the_request_has_the_fields_that_are_read() -> None:
    read = msgspec.structs.fields(RawBatch)
    assert [field.encode_name for field in msgspec.structs.fields(BatchRequest)] == [
        field.encode_name for field in read
    ]


def test_the_report_has_the_fields_that_are_sent() -> None:
    sent = msgspec.json.decode(
        report_body(ReportEvent("e", "m", "b", "46701740605", 201, 1, 0, 1, 350_000, "SEK")),
        type=DeliveryReport,
        strict=True,
    )
    assert msgspec.json.decode(msgspec.json.encode(sent)).keys() == FIELD_TEXTS["DeliveryReport"].keys()


def test_every_status_code_is_explained() -> None:
    assert set(STATUS_TEXTS) == set(Code)


def media_examples(content: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    for media in content.values():
        if "example" in media:
            yield media["schema"], media["example"]
        for example in media.get("examples", {}).values():
            yield media["schema"], example["value"]


def every_example() -> Iterator[tuple[dict[str, Any], Any]]:
    webhooks = [("", "", item["post"]) for item in DOCUMENT["webhooks"].values()]
    for _, _, operation in [*operations(), *webhooks]:
        yield from media_examples(operation.get("requestBody", {}).get("content", {}))
        for answer in operation["responses"].values():
            yield from media_examples(answer.get("content", {}))


def test_every_example_is_of_its_type() -> None:
    checked = 0
    for schema, example in every_example():
        reference = schema.get("items", schema).get("$ref")
        if reference is None:
            continue
        struct = TYPES[reference.rpartition("/")[2]]
        for one in example if schema.get("type") == "array" else [example]:
            msgspec.convert(one, struct, strict=True)
            assert set(one) <= set(FIELD_TEXTS[struct.__name__])
            checked += 1
    assert checked > 8


def test_every_operation_has_a_name_of_its_own_an_answer_and_its_errors() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    for path, _, operation in operations():
        assert operation["summary"]
        assert operation["description"]
        if path.startswith(("/v2/", "/api/")):
            assert {"401", "403", "429", "500", "503"} <= set(operation["responses"])
            assert "security" not in operation
            assert {"400", "404"} <= set(operation["responses"]), "of a wrong choice of account"
            assert "Heliograph-Account" in [parameter["name"] for parameter in operation["parameters"]]
        else:
            assert operation["security"] == []


def test_every_post_takes_an_idempotency_key_and_refuses_its_misuse() -> None:
    posts = [operation for _, method, operation in operations() if method == "post"]
    assert len(posts) > 10
    for operation in posts:
        assert [each["name"] for each in operation["parameters"]].count("Idempotency-Key") == 1
        assert {"409", "422"} <= set(operation["responses"])


def test_sending_takes_an_idempotency_key_and_lists_link_to_their_pages() -> None:
    paths = DOCUMENT["paths"]
    names = [parameter["name"] for parameter in paths["/v2/batches"]["post"]["parameters"]]
    assert "Idempotency-Key" in names
    for path in ("/v2/batches", "/v2/batches/{batchId}/messages"):
        answer = paths[path]["get"]["responses"]["200"]
        assert "Link" in answer["headers"]
        assert answer["content"]["application/json"]["schema"]["type"] == "array"
    assert DOCUMENT["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


class Page(HTMLParser):
    """What is in a page: ids, links, whatever it loads, its text, and tags left open."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        if tag == "a":
            self.links.append(given["href"] or "")
        elif tag == "link":
            self.loads.append(given["href"] or "")
        self.loads += [given["src"] or ""] if "src" in given else []
        if tag not in self.VOID:
            self.open.append(tag)
        assert tag not in ("script", "style", "iframe")
        assert "style" not in given

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


PAGE = Page(docs_page(DOCUMENT, "https://sms.example.com"))
TEXT = "".join(PAGE.words)


def test_the_page_is_well_formed_and_loads_only_its_own_style() -> None:
    assert PAGE.open == []
    assert PAGE.loads == ["/docs/reader.css"]
    assert len(set(PAGE.ids)) == len(PAGE.ids)


def test_every_link_in_the_page_leads_somewhere() -> None:
    inside = [link for link in PAGE.links if link.startswith("#")]
    assert {link[1:] for link in inside} <= set(PAGE.ids)
    assert set(PAGE.links) - set(inside) == {"/docs/openapi.json"}


def test_the_page_shows_every_operation_field_and_code() -> None:
    for path, _, operation in operations():
        assert operation["operationId"] in PAGE.ids
        assert path in TEXT
    for texts in FIELD_TEXTS.values():
        assert all(field in TEXT for field in texts)
    assert all(str(int(code)) in TEXT for code in Code)


def test_the_page_has_commands_to_copy() -> None:
    assert 'curl "https://sms.example.com/v2/batches" \\\n  -H "Authorization: Bearer $API_KEY"' in TEXT
    assert '"recipients": [\n    "46701740605",' in TEXT
    assert 'curl -X DELETE "https://sms.example.com/v2/batches/5bc86b6e85c7209830f96936"' in TEXT


def test_the_page_escapes_what_it_shows() -> None:
    assert "<b>" not in docs_page(DOCUMENT, '"><b>').replace('<b title="required">', "").replace("</b>", "")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/", "text/html; charset=utf-8"),
        ("/docs/reader.css", "text/css; charset=utf-8"),
        ("/docs/openapi.json", "application/json"),
    ],
)
async def test_the_reader_is_served_without_a_key_and_may_load_nothing_from_elsewhere(
    database: str, path: str, media_type: str
) -> None:
    async with served_api(database) as client:
        response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self';")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.content


async def test_the_document_is_served_as_it_is_and_the_address_alone_leads_to_the_portal(
    database: str,
) -> None:
    async with served_api(database) as client:
        document: httpx.Response = await client.get("/docs/openapi.json")
        root = await client.get("/")
        page = await client.get("/docs", headers={"Host": "localhost:8080"})
    assert document.content == encoded_document()
    assert (root.status_code, root.headers["location"]) == (302, "/portal/")
    assert "curl &quot;http://localhost:8080/v2/batches&quot;" in page.text


def test_links_lead_to_operations_and_tell_them_all_that_stands_in_their_path() -> None:
    paths = {operation["operationId"]: path for path, _, operation in operations()}
    followed = [
        (name, status, link)
        for name, operation in ((operation["operationId"], operation) for _, _, operation in operations())
        for status, answered in operation["responses"].items()
        for link in answered.get("links", {}).values()
    ]
    assert {(name, status) for name, status, _ in followed} == set(LINKS)
    for name, _, link in followed:
        told = set(link["parameters"])
        assert told == set(re.findall(r"\{(\w+)\}", paths[link["operationId"]]))
        for expression in link["parameters"].values():
            if expression.startswith("$request.path."):
                assert f"{{{expression.removeprefix('$request.path.')}}}" in paths[name]
