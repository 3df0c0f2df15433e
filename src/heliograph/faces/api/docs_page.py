"""The API document as one page of HTML, written on the server, without scripts or other servers."""

import re
from collections.abc import Iterable, Iterator
from html import escape
from http import HTTPStatus
from typing import Any, Final

import msgspec

from heliograph.domain.status_meanings import STATUS_TEXTS

Json = dict[str, Any]

_GROUPS: Final = {
    1: "On its way",
    2: "Ended as you wished",
    4: "Refused",
    5: "Failed",
}
_EXAMPLE_KEY: Final = "$API_KEY"


def docs_page(document: Json, base_url: str) -> str:
    """The page of an OpenAPI document; examples call ``base_url``."""
    info = document["info"]
    operations = list(_operations(document))
    body = "\n".join(
        [
            _navigation(info, document["tags"], operations),
            "<main>",
            f'<header id="introduction"><h1>{escape(info["title"])}</h1>',
            f'<p class="version">Version {escape(info["version"])}</p>{_prose(info["description"])}</header>',
            _authentication(document, base_url),
            *(_tag(document, tag, operations, base_url) for tag in document["tags"]),
            *(_webhook(document, name, item["post"]) for name, item in document["webhooks"].items()),
            _status_codes(),
            _problems(document),
            "</main>",
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f'<title>{escape(info["title"])}</title>\n<link rel="stylesheet" href="/docs/reader.css">\n'
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


Row = tuple[str, str, str]
"""A row of a table: a name, what kind of thing it is, and what there is to say of it; all three as HTML."""

Operation = tuple[str, str, Json, list[Json]]
"""Method, path, the operation, and its parameters with those of its path."""


def _operations(document: Json) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in ("post", "get", "put", "patch", "delete"):
            if method in item:
                operation = item[method]
                parameters = item.get("parameters", []) + operation.get("parameters", [])
                yield method.upper(), path, operation, parameters


def _navigation(info: Json, tags: list[Json], operations: list[Operation]) -> str:
    parts = [
        f'<nav aria-label="Contents"><a class="home" href="#introduction">{escape(info["title"])}</a>',
        '<a href="#authentication">Authentication</a>',
    ]
    for tag in tags:
        parts.append(f"<h2>{escape(tag['name'])}</h2>")
        parts += [
            f'<a href="#{operation["operationId"]}">{_badge(method)}{escape(operation["summary"])}</a>'
            for method, _, operation, _ in operations
            if tag["name"] in operation["tags"]
        ]
    parts.append(
        '<h2>More</h2><a href="#deliveryReport">Delivery reports</a><a href="#status-codes">Status codes</a>'
        '<a href="#problems">Problems</a><a href="/docs/openapi.json">OpenAPI document</a></nav>'
    )
    return "\n".join(parts)


def _authentication(document: Json, base_url: str) -> str:
    text = document["components"]["securitySchemes"]["apiKey"]["description"]
    example = _curl("GET", f"{base_url}/v2/batches", None, secured=True)
    return f'<section id="authentication"><h2>Authentication</h2>{_prose(text)}{_code(example)}</section>'


def _tag(document: Json, tag: Json, operations: list[Operation], base_url: str) -> str:
    own = [operation for operation in operations if tag["name"] in operation[2]["tags"]]
    shown = "\n".join(_operation(document, *operation, base_url) for operation in own)
    return f"<section><h2>{escape(tag['name'])}</h2>{_prose(tag['description'])}\n{shown}</section>"


def _operation(
    document: Json, method: str, path: str, operation: Json, parameters: list[Json], base_url: str
) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    nothing: Json = {"summary": "Request", "value": None}
    examples: Iterable[Json] = content["examples"].values() if content else [nothing]
    url = base_url + path
    for parameter in parameters:
        if parameter["in"] == "path":
            url = url.replace(f"{{{parameter['name']}}}", parameter["example"])
    secured = operation.get("security") != []
    return "\n".join(
        [
            f'<article id="{operation["operationId"]}"><div class="words">',
            f"<h3>{escape(operation['summary'])}</h3>",
            f'<p class="path">{_badge(method)}<code>{escape(path)}</code></p>',
            _prose(operation["description"]),
            _table("Parameters", _parameter_rows(parameters)),
            _fields(document, "Request", content["schema"] if content else None),
            _answer_fields(document, operation["responses"]),
            _failures(document, operation["responses"]),
            '</div><div class="examples">',
            *(
                _code(_curl(method, url, example["value"], secured=secured), example["summary"])
                for example in examples
            ),
            _answer_example(operation["responses"]),
            "</div></article>",
        ]
    )


def _webhook(document: Json, name: str, operation: Json) -> str:
    content = operation["requestBody"]["content"]["application/json"]
    return "\n".join(
        [
            f'<section id="{escape(name)}"><h2>Delivery reports</h2><article><div class="words">',
            _prose(operation["description"]),
            _table("Headers", _parameter_rows(operation["parameters"])),
            _fields(document, "Body", content["schema"]),
            '</div><div class="examples">',
            _code(_pretty(content["example"]), "Body"),
            "</div></article></section>",
        ]
    )


def _status_codes() -> str:
    rows = [
        (f"<code>{int(code)}</code>", _GROUPS[code // 100], _inline(text))
        for code, text in sorted(STATUS_TEXTS.items())
    ]
    text = "The first digit is the group. Fall back to it for a code you do not know: more may come."
    table = _table("Status codes of messages", rows)
    return f'<section id="status-codes"><h2>Status codes</h2>{_prose(text)}{table}</section>'


def _problems(document: Json) -> str:
    fields = _fields(document, "Problem details", {"$ref": "#/components/schemas/ProblemDetails"})
    text = "Every answer of 400 and above has a body of the type `application/problem+json` (RFC 9457)."
    return f'<section id="problems"><h2>Problems</h2>{_prose(text)}{fields}</section>'


def _answer_fields(document: Json, responses: Json) -> str:
    status, answer = next(iter(responses.items()))
    schema = next(iter(answer["content"].values()))["schema"]
    many = schema.get("type") == "array"
    title = f"Answer {status}" + (": an array of" if many else "")
    headers = [
        (f"<code>{escape(name)}</code>", "header", _inline(header["description"]))
        for name, header in answer.get("headers", {}).items()
    ]
    return _fields(document, title, schema["items"] if many else schema, headers)


def _answer_example(responses: Json) -> str:
    status, answer = next(iter(responses.items()))
    return _code(_pretty(next(iter(answer["content"].values()))["example"]), f"Answer {status}")


def _failures(document: Json, responses: Json) -> str:
    rows = []
    for status, answer in responses.items():
        if "$ref" in answer:
            problem = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            phrase = HTTPStatus(int(status)).phrase
            rows.append((f"<code>{status}</code>", escape(phrase), _inline(problem["description"])))
    return f"<details><summary>Problems</summary>{_table('Problems', rows)}</details>" if rows else ""


def _parameter_rows(parameters: Iterable[Json]) -> list[Row]:
    return [
        (
            f"<code>{escape(parameter['name'])}</code>",
            _type_of(parameter["schema"]),
            _words(parameter["schema"], parameter["description"]),
        )
        for parameter in parameters
    ]


def _fields(document: Json, title: str, schema: Json | None, before: Iterable[Row] = ()) -> str:
    """A table of the fields of a schema, those of the objects in it included."""
    if schema is None:
        return ""
    return _table(title, [*before, *_field_rows(document, schema, "")])


def _field_rows(document: Json, schema: Json, prefix: str) -> Iterator[Row]:
    schema = _resolved(document, schema)
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        mark = ' <b title="required">*</b>' if name in required else ""
        text = _words(field, field.get("description", ""))
        yield f"<code>{escape(prefix + name)}</code>{mark}", _type_of(field), text
        for inner in [field.get("items", field), *field.get("anyOf", ())]:
            if "$ref" in inner:
                yield from _field_rows(document, inner, f"{prefix}{name}{'[]' if 'items' in field else ''}.")


def _resolved(document: Json, schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _type_of(schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(_type_of(choice) for choice in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    if schema.get("type") == "array":
        return f"array of {_type_of(schema['items'])}s"
    if schema.get("format") == "date-time":
        return "time"
    return escape(str(schema.get("type", "string")))


def _words(schema: Json, description: str) -> str:
    """The description, with the choices and the default unless it names them itself."""
    words = _inline(description)
    unnamed = [choice for choice in map(str, schema.get("enum", [])) if choice not in description]
    if unnamed:
        choices = ", ".join(f"<code>{escape(str(choice))}</code>" for choice in schema["enum"])
        words += f' <span class="limit">One of {choices}.</span>'
    if "default" in schema:
        words += f' <span class="limit">Default: <code>{escape(str(schema["default"]))}</code>.</span>'
    return words


def _curl(method: str, url: str, body: object, *, secured: bool) -> str:
    lines = [f'curl {"" if method in ("GET", "POST") else f"-X {method} "}"{url}"']
    if secured:
        lines.append(f'-H "Authorization: Bearer {_EXAMPLE_KEY}"')
    if body is not None:
        lines += ['-H "Content-Type: application/json"', f"-d '{_pretty(body)}'"]
    return " \\\n  ".join(lines)


def _pretty(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _code(text: str, label: str = "") -> str:
    title = f"<figcaption>{escape(label)}</figcaption>" if label else ""
    return f"<figure>{title}<pre tabindex=0><code>{escape(text)}</code></pre></figure>"


def _badge(method: str) -> str:
    return f'<span class="method {method.lower()}">{method}</span>'


def _table(title: str, rows: Iterable[Row]) -> str:
    cells = "\n".join(
        f'<tr><td>{name}<span class="kind">{kind}</span></td><td>{text}</td></tr>'
        for name, kind, text in rows
    )
    return f"<table><caption>{escape(title)}</caption><tbody>{cells}</tbody></table>" if cells else ""


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _inline(text: str) -> str:
    """Text with its `code` marked."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
