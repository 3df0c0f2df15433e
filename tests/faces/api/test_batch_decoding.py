"""Bodies of sends: both readers see the same, and the page's own examples pass."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batch import RawBatch
from heliograph.domain.refusals import InvalidRequest, RefusedError
from heliograph.faces.api.batch_decoding import (
    NOT_AN_OBJECT,
    REPEATED,
    _UsualBatch,
    decode_carefully,
    decode_usual,
)

MINIMAL: dict[str, Any] = {"sender": "iP1", "recipients": ["46701740605"], "body": "Hello"}

# The quick start and the example of a call, as the page has them.
QUICK_START = b"""{
    "sender": "iP1",
    "recipients": [
        "RECIPIENT-NUMBER"
    ],
    "body": "A nice message sent from iP.1 SMS API"
}"""
EXAMPLE = (
    b'{ "sender": "iP1", "recipients":[ "456189040623", "175368927054", "392094880589", "568798567631" ], '
    b'"body": "A very nice message", }'
)
TEMPLATED = b"""{
"sender": "46101606060", "body": "Hello {sign}",
"recipients":{
  "456189040623": {
      "sign": "sent by Bob"
  },
  "175368927054": {},
  "392094880589": {},
  "568798567631": {},
  "default":{
      "sign": " sent by iP.1"
  }
}, "deliveryWindows": [
    {
        "opens": "2025-11-12T17:00:19Z",
        "closes": "2025-11-18T17:00:19Z"
    },
    {
        "opens": "2025-11-20T17:00:19Z",
        "closes": "2025-11-26T17:00:19Z"
    }
],
"datacoding": "GSM", "type": "sms", "priority": 1,
"deliveryReportUrl": "https://ip1.net", "reference": "custom-id-123", "tags": ["marketing", "auth", "admin"]
}"""
DOTNET = b'{"Sender":"iP1","Recipients":["46712345678"],"Body":"Test message rest v2"}'


def both(body: bytes) -> RawBatch:
    """What is read of a body, having seen that the fast reader does not see it differently."""
    careful = decode_carefully(body)
    assert decode_usual(body) in (None, careful)
    return careful


def test_the_quick_start_is_in_the_usual_form() -> None:
    assert decode_usual(QUICK_START) == both(QUICK_START)


def test_the_example_of_the_page_with_its_trailing_comma_is_read() -> None:
    raw = both(EXAMPLE)
    assert raw.recipients == ["456189040623", "175368927054", "392094880589", "568798567631"]
    assert raw.body == "A very nice message"


def test_every_field_of_the_page_in_the_usual_form() -> None:
    raw = decode_usual(TEMPLATED)
    assert raw == both(TEMPLATED)
    assert raw == RawBatch(
        sender="46101606060",
        body="Hello {sign}",
        recipients={
            "456189040623": {"sign": "sent by Bob"},
            "175368927054": {},
            "392094880589": {},
            "568798567631": {},
            "default": {"sign": " sent by iP.1"},
        },
        type="sms",
        datacoding="GSM",
        priority=1,
        delivery_windows=[
            {"opens": "2025-11-12T17:00:19Z", "closes": "2025-11-18T17:00:19Z"},
            {"opens": "2025-11-20T17:00:19Z", "closes": "2025-11-26T17:00:19Z"},
        ],
        delivery_report_url="https://ip1.net",
        reference="custom-id-123",
        tags=["marketing", "auth", "admin"],
    )


def test_names_as_dotnet_clients_write_them() -> None:
    assert both(DOTNET) == RawBatch(sender="iP1", recipients=["46712345678"], body="Test message rest v2")


def test_integers_for_enumerations_are_in_the_usual_form() -> None:
    body = json.dumps(MINIMAL | {"type": 1, "datacoding": 2, "priority": 2}).encode()
    raw = decode_usual(body)
    assert raw is not None
    assert (raw.type, raw.datacoding, raw.priority) == (1, 2, 2)
    assert both(body) == raw


def test_nulls_and_empty_lists_are_in_the_usual_form() -> None:
    body = json.dumps(
        MINIMAL
        | {"deliveryReportUrl": None, "reference": None, "tags": [], "deliveryWindows": [], "type": None}
    ).encode()
    assert decode_usual(body) == both(body)


def test_unknown_properties_are_ignored() -> None:
    assert both(json.dumps(MINIMAL | {"unknown": {"deep": [1, {"x": None}]}}).encode()) == RawBatch(**MINIMAL)


REPEATING = {
    "sender": (b'{"sender":"a","sender":"b","recipients":["1"],"body":"x"}', ["sender"]),
    "sender in two cases": (b'{"sender":"a","Sender":"b","recipients":["1"],"body":"x"}', ["Sender"]),
    "sender first as null": (b'{"sender":null,"recipients":["1"],"body":"x","sender":"b"}', ["sender"]),
    "recipient": (b'{"sender":"a","recipients":{"1":{},"2":{},"1":{}},"body":"x"}', ["recipients.1"]),
    "template key": (
        b'{"sender":"a","recipients":{"1":{"k":"a","k":"b"}},"body":"x"}',
        ["recipients.1.k"],
    ),
    "end of a window": (
        b'{"sender":"a","recipients":["1"],"body":"x","deliveryWindows":[{"opens":null,"opens":null}]}',
        ["deliveryWindows[0].opens"],
    ),
    "end of a window in two cases": (
        b'{"sender":"a","recipients":["1"],"body":"x","deliveryWindows":[{"opens":null,"Opens":null}]}',
        ["deliveryWindows[0].Opens"],
    ),
    "hidden by an escaped colon": (
        b'{"sender":"a","sender":"b","recipients":["1"],"body":"x\\u003a"}',
        ["sender"],
    ),
    "hidden by an escaped name": (
        b'{"sender":"a","s\\u0065nder":"b","recipients":["1"],"body":"x"}',
        ["sender"],
    ),
    "two at once": (
        b'{"body":"a","body":"b","tags":[],"tags":[],"sender":"a","recipients":["1"]}',
        ["body", "tags"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "paths"), REPEATING.values(), ids=REPEATING)
def test_repeated_names_are_refused(body: bytes, paths: list[str]) -> None:
    assert decode_usual(body) is None
    with pytest.raises(InvalidRequest) as refused:
        decode_carefully(body)
    assert refused.value.by_field() == {path: [REPEATED] for path in paths}
    assert REPEATED == "This property stands in the body more than once."


def test_template_keys_that_differ_in_case_are_two_keys() -> None:
    body = b'{"sender":"a","recipients":{"1":{"k":"a","K":"b"}},"body":"x"}'
    assert both(body).recipients == {"1": {"k": "a", "K": "b"}}


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1", b'[{"sender":"a"}]'])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    assert decode_usual(body) is None
    with pytest.raises(InvalidRequest) as refused:
        decode_carefully(body)
    assert refused.value.by_field() == {"body": [NOT_AN_OBJECT]}
    assert NOT_AN_OBJECT == "The body must be a JSON object with sender, recipients and body."


def test_the_fields_of_the_fast_reader_stand_in_the_order_of_the_domain() -> None:
    assert _UsualBatch.__struct_fields__ == RawBatch.__struct_fields__


TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
NAMES = st.sampled_from(
    [*RawBatch.__struct_encode_fields__, "Sender", "BODY", "deliverywindows", "unknown", "default"]
)
ODD = st.none() | st.booleans() | st.integers(-3, 12) | st.floats(allow_nan=False) | TEXTS
WINDOWS = st.lists(
    st.dictionaries(st.sampled_from(["opens", "closes", "Opens", "x"]), ODD, max_size=2), max_size=2
)
RECIPIENTS = st.lists(TEXTS, max_size=3) | st.dictionaries(
    TEXTS, st.dictionaries(TEXTS, TEXTS | ODD, max_size=2), max_size=3
)
MEMBERS = st.lists(st.tuples(NAMES, ODD | WINDOWS | RECIPIENTS), max_size=6)


def written(members: list[tuple[str, Any]], *, ascii_only: bool) -> bytes:
    """A JSON object that may hold a name more than once."""
    written_members = (
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=ascii_only)}" for name, value in members
    )
    return f"{{{', '.join(written_members)}}}".encode()


@given(MEMBERS, st.booleans())
def test_what_the_fast_reader_takes_the_careful_one_reads_alike(
    members: list[tuple[str, Any]], ascii_only: bool
) -> None:
    body = written(members, ascii_only=ascii_only)
    usual = decode_usual(body)
    if usual is not None:
        assert decode_carefully(body) == usual


@given(
    st.fixed_dictionaries(
        {
            "sender": TEXTS,
            "recipients": st.lists(st.from_regex(r"\A[0-9]{5,15}\Z"), max_size=3),
            "body": TEXTS,
        },
        optional={
            "datacoding": st.sampled_from(["gsm", "UCS", 0, 2]),
            "deliveryReportUrl": st.just("https://example.org:444/a:b"),
            "tags": st.lists(st.sampled_from(["a", "b"])),
        },
    )
)
def test_usual_bodies_are_taken_by_the_fast_reader(members: dict[str, Any]) -> None:
    body = json.dumps(members, ensure_ascii=False).encode()
    if b"\\u00" not in body:
        assert decode_usual(body) is not None


@pytest.mark.fuzz
def test_both_readers_agree_on_bodies_broken_at_random(fuzz_inputs: int | None) -> None:
    """Whatever arrives: the careful reader reads or refuses, and the fast one never differs."""
    chance = random.Random(2)
    seeds = [QUICK_START, EXAMPLE, TEMPLATED, DOTNET, json.dumps(MINIMAL | {"tags": ["a:b"]}).encode()]
    for _ in range(fuzz_inputs or 100_000):
        body = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(body) + 1)
            other = chance.choice(seeds)
            start = chance.randrange(len(other))
            body[at : at + chance.randrange(8)] = other[start : start + chance.randrange(12)]
        usual = decode_usual(bytes(body))
        try:
            careful = decode_carefully(bytes(body))
        except RefusedError:
            assert usual is None, bytes(body)
        else:
            assert usual in (None, careful), bytes(body)
