"""docs/extensions.md names whatever the API has beyond iP.1's: paths, parameters, fields said to be ours."""

import re
from collections.abc import Iterator
from typing import Any

from heliograph.faces.api.openapi import openapi_document
from tests.repository.source_tree import ROOT

PAGE = (ROOT / "docs" / "extensions.md").read_text("utf-8")
DOCUMENT = openapi_document()

PATHS_OF_IP1 = frozenset(
    {
        "/api/me",
        "/api/me/account",
        "/api/me/children",
        "/api/me/children/{child}",
        "/v2/batches",
        "/v2/batches/{batchId}",
        "/v2/batches/{batchId}/messages",
        "/v2/batches/{batchId}/messages/{messageId}",
        "/v2/blacklist",
        "/v2/blacklist/{msisdn}",
        "/v2/contacts",
        "/v2/contacts/meta",
        "/v2/contacts/{contactId}",
        "/v2/conversations/{participant}",
        "/v2/conversations/{participant}/mo",
        "/v2/conversations/{participant}/mt",
        "/v2/conversations/{participant}/summary",
        "/v2/labels/{label}",
        "/v2/labels/{label}/contacts",
        "/v2/me/senders",
        "/v2/me/senders/{sender}",
    }
)
PARAMETERS_OF_IP1 = frozenset(
    {
        *("start", "limit", "order", "tags", "labels", "meta", "sync"),
        *("properties[phoneNumber]", "metadata[phoneNumber.isBlocked]"),
    }
)


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation with its path."""
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if isinstance(operation, dict):
                yield f"{method} {path}", operation


def test_every_path_of_ours_is_named() -> None:
    ours = set(DOCUMENT["paths"]) - PATHS_OF_IP1
    # A path below one of ours, such as an entry of a list, needs no line of its own.
    inner = {path for path in ours if path.split("/{")[0] in ours - {path}}
    assert {path for path in ours - inner if f"{path}`" not in PAGE and f"{path}?" not in PAGE} == set()


def test_every_parameter_of_ours_is_named() -> None:
    unnamed = {
        f"{name} {parameter['name']}"
        for name, operation in operations()
        for parameter in operation.get("parameters", [])
        if parameter["in"] != "path"
        and name.split(" ")[1] in PATHS_OF_IP1
        and parameter["name"] not in PARAMETERS_OF_IP1
        and not re.search(rf"\b{re.escape(parameter['name'])}\b", PAGE)
    }
    assert unnamed == set()


def test_every_field_that_is_said_to_be_ours_is_named() -> None:
    ours = {
        f"{name}.{field}"
        for name, schema in DOCUMENT["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if "addition of ours" in described.get("description", "")
    }
    assert ours
    assert {field for field in ours if f"`{field.partition('.')[2]}" not in PAGE} == set()
