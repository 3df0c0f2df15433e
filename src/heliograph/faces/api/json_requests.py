"""Bodies of requests outside the hot path: read within bounds, judged strictly, their property names folded.

What ``json_faults`` says of a body holds here too: one fault says where it is, repeated names are refused.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.api_context import ApiRequest, body_of, raw_body_of
from heliograph.faces.api.json_faults import JsonValue, read_json

NOT_AN_OBJECT: Final = "The body must be a JSON object."
CONTRADICTION: Final = "{name} in the body is not what the path names: leave the body out, or let both agree."
REPEATED: Final = "This property stands in the body more than once."
_BYTES_ON_LOOP: Final = 64 * 1024
_MAX_REPEATED: Final = 100

_one_at_a_time: Final = asyncio.Semaphore(1)


class JsonBody(msgspec.Struct, frozen=True):
    """A body as its bytes and as what it says."""

    raw: bytes
    value: JsonValue

    def members(self) -> dict[str, JsonValue]:
        """The properties of the object that it is, by name in lower case. Raises InvalidRequest."""
        if not isinstance(self.value, dict):
            raise InvalidRequest([Refusal("body", "not_object", NOT_AN_OBJECT)], NOT_AN_OBJECT)
        repeated = names_alike(self.value)
        if repeated:
            raise InvalidRequest([Refusal(name, "repeated", REPEATED) for name in repeated[:_MAX_REPEATED]])
        return folded(self.value)

    def as_written(self, name: str) -> str:
        """A property's name as it stands in the body; the name itself where it does not."""
        written = self.value if isinstance(self.value, dict) else {}
        return next((each for each in written if each.lower() == name.lower()), name)


async def check_same(request: ApiRequest, names: Sequence[str], value: str) -> None:
    """Refuse a body that names something else than the path does; no body is as good as one that agrees.

    What has no body may say that it is of any type. Raises as ``json_body`` does, and InvalidRequest.
    """
    if not await raw_body_of(request):
        return
    body = await json_body(request)
    members = body.members() if isinstance(body.value, dict) else {}
    for name in names:
        if members.get(name) not in (None, value):
            written = body.as_written(name)
            raise InvalidRequest([Refusal(written, "contradiction", CONTRADICTION.format(name=written))])


async def json_body(request: ApiRequest) -> JsonBody:
    """The body of a request.

    Raises UnsupportedMediaType, TooLarge, RequestTimeout, Unavailable, MalformedJson, and InvalidRequest with
    every name that is repeated.
    """
    raw = await body_of(request)
    if len(raw) <= _BYTES_ON_LOOP:
        document = read_json(raw)
    else:
        async with _one_at_a_time:
            document = await asyncio.to_thread(read_json, raw)
    if document.repeated:
        faults = [Refusal(path, "repeated", REPEATED) for path in document.repeated[:_MAX_REPEATED]]
        raise InvalidRequest(faults)
    return JsonBody(raw, document.value)


def folded(members: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """An object by its names in lower case; of names that are alike the last one stands."""
    return {name.lower(): value for name, value in members.items()}


def names_alike(members: Mapping[str, JsonValue]) -> list[str]:
    """Names that differ from an earlier one by letter case only."""
    seen: set[str] = set()
    alike: list[str] = []
    for name in members:
        if name.lower() in seen:
            alike.append(name)
        seen.add(name.lower())
    return alike
