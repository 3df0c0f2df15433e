"""The careful JSON reader: what it takes, and where it says that a body is wrong."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.faces.api.json_faults import MAX_DEPTH, MalformedJson, read_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_whatever_the_standard_library_writes_is_read_alike(
    value: object, ascii_only: bool, indent: int | str | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert read_json(text.encode()).value == value


# The cases of a parsing test suite in small: name and body of what every reader must take.
ACCEPTED = {
    "empty object": (b"{}", {}),
    "empty array": (b"[]", []),
    "white space around": (b" \t\r\n[1] \n", [1]),
    "number at the top": (b"42", 42),
    "string at the top": (b'"x"', "x"),
    "null": (b"null", None),
    "negative zero": (b"-0", 0),
    "fraction": (b"[1.5]", [1.5]),
    "exponent": (b"[1e2,1E+2,1e-2]", [100.0, 100.0, 0.01]),
    "every short escape": (rb'"\"\\\/\b\f\n\r\t"', '"\\/\b\f\n\r\t'),
    "escaped letter": (rb'"\u00e5"', "å"),
    "escaped pair": (rb'"\ud83d\ude00"', "😀"),
    "UTF-8": ("“ü€😀”".join('""').encode(), "“ü€😀”"),
    "U+2028 in a text": ('"\u2028"'.encode(), "\u2028"),
    "DEL in a text": (b'"\x7f"', "\x7f"),
    "16 deep": (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]),
    "empty name": (b'{"":1}', {"": 1}),
    "trailing comma in an object": (b'{"a":1,}', {"a": 1}),
    "trailing comma in an array": (b"[1,2 , ]", [1, 2]),
    "trailing commas at every level": (b'{"a":[1,],"b":{"c":2,},}', {"a": [1], "b": {"c": 2}}),
}


@pytest.mark.parametrize(("body", "value"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(body: bytes, value: object) -> None:
    assert read_json(body).value == value


REFUSED = {
    "empty body": (b"", "Line 1, column 1: a value is expected, not the end of the body."),
    "white space only": (b" \n ", "Line 2, column 2: a value is expected, not the end of the body."),
    "single quotes": (
        b"{'a': 1}",
        'Line 1, column 2: a property name in double quotes is expected, not "\'".',
    ),
    "single quotes around a text": (
        b"['a']",
        "Line 1, column 2: texts stand in double quotes, not in single ones.",
    ),
    "name without quotes": (
        b"{sender: 1}",
        'Line 1, column 2: a property name in double quotes is expected, not "s".',
    ),
    "text without quotes": (
        b'{"sender": iP1}',
        "Line 1, column 12: iP1 is no JSON value; texts stand in double quotes.",
    ),
    "True": (b"[True]", "Line 1, column 2: True is no JSON value; texts stand in double quotes."),
    "NaN": (b"[NaN]", "Line 1, column 2: NaN is no JSON value; texts stand in double quotes."),
    "Infinity": (b"[Infinity]", "Line 1, column 2: Infinity is no JSON value; texts stand in double quotes."),
    "-Infinity": (
        b"[-Infinity]",
        "Line 1, column 2: -Infinity is no JSON value; texts stand in double quotes.",
    ),
    "missing colon": (
        b'{"a" 1}',
        'Line 1, column 6: a colon is expected after the property name, not "1".',
    ),
    "missing comma in an object": (
        b'{\n  "a": 1\n  "b": 2\n}',
        'Line 3, column 3: a comma or "}" is expected, not """.',
    ),
    "missing comma in an array": (b"[1 2]", 'Line 1, column 4: a comma or "]" is expected, not "2".'),
    "missing end": (
        b'{"a": [1, 2]',
        'Line 1, column 13: a comma or "}" is expected, not the end of the body.',
    ),
    "text without end": (b'{"a": "b}', "Line 1, column 7: this text has no closing quote."),
    "more than one value": (b"{} {}", 'Line 1, column 4: nothing may follow the value, but "{" does.'),
    "closing bracket too many": (b"[]]", 'Line 1, column 3: nothing may follow the value, but "]" does.'),
    "mixed brackets": (b"[1}", 'Line 1, column 3: a comma or "]" is expected, not "}".'),
    "only a comma": (b"[,]", 'Line 1, column 2: a value is expected, not ",".'),
    "only a comma in an object": (
        b"{,}",
        'Line 1, column 2: a property name in double quotes is expected, not ",".',
    ),
    "two trailing commas": (b"[1,,]", 'Line 1, column 4: a value is expected, not ",".'),
    "trailing comma at the top": (b"{},", 'Line 1, column 3: nothing may follow the value, but "," does.'),
    "comment": (b"[1] // one", 'Line 1, column 5: nothing may follow the value, but "/" does.'),
    "leading zero": (b"[01]", "Line 1, column 2: 01 is no JSON number."),
    "leading plus": (b"[+1]", "Line 1, column 2: +1 is no JSON number."),
    "leading point": (b"[.5]", "Line 1, column 2: .5 is no JSON number."),
    "trailing point": (b"[1.]", "Line 1, column 2: 1. is no JSON number."),
    "exponent without digits": (b"[1e]", 'Line 1, column 3: a comma or "]" is expected, not "e".'),
    "minus alone": (b"[-]", "Line 1, column 2: - is no JSON number."),
    "hexadecimal": (b"[0x10]", 'Line 1, column 3: a comma or "]" is expected, not "x".'),
    "very long number": (
        b"[" + b"9" * 5000 + b"]",
        "Line 1, column 2: a number may have 100 characters at most.",
    ),
    "too deep": (
        b"[" * (MAX_DEPTH + 1),
        "Line 1, column 17: objects and arrays may be nested 16 deep, not more.",
    ),
    "far too deep": (
        b'{"a":' * 100_000,
        "Line 1, column 81: objects and arrays may be nested 16 deep, not more.",
    ),
    "control character in a text": (
        b'"a\tb"',
        "Line 1, column 3: U+0009 must be written as an escape within a text.",
    ),
    "NUL in a text": (b'"a\x00b"', "Line 1, column 3: U+0000 must be written as an escape within a text."),
    "escaped NUL": (
        rb'"a\u0000"',
        r"Line 1, column 3: the character NUL (\u0000) is not allowed in a text.",
    ),
    "unknown escape": (rb'"\x41"', "Line 1, column 2: this is no JSON escape."),
    "short escape": (rb'"\u12"', r"Line 1, column 2: \u takes four hexadecimal digits."),
    "half a pair": (rb'"\ud83d"', "Line 1, column 2: this is half of a surrogate pair."),
    "second half alone": (rb'"\ude00"', "Line 1, column 2: this is half of a surrogate pair."),
    "half a pair and a letter": (rb'"\ud83d\u0041"', "Line 1, column 2: this is half of a surrogate pair."),
    "byte that is no UTF-8": (b'{"a":\n "\xff"}', "Line 2, column 3: this byte is not valid UTF-8."),
    "overlong UTF-8": (b'"\xc0\x80"', "Line 1, column 2: this byte is not valid UTF-8."),
    "surrogate in UTF-8": (b'"\xed\xa0\x80"', "Line 1, column 2: this byte is not valid UTF-8."),
    "byte order mark": (
        b"\xef\xbb\xbf{}",
        "Line 1, column 1: the body starts with a byte order mark, which JSON does not allow.",
    ),
    "UTF-16": (
        "{}".encode("utf-16-le"),
        "Line 1, column 2: a property name in double quotes is expected, not U+0000.",
    ),
    "vertical tab as space": (b"\x0b[]", "Line 1, column 1: a value is expected, not U+000B."),
    "column counts characters": (
        '["åäö" 1]'.encode(),
        'Line 1, column 8: a comma or "]" is expected, not "1".',
    ),
    "too many values": (
        b"[" + b"1," * 1_000_001 + b"1]",
        "Line 1, column 2000003: the body holds more than 1000000 values.",
    ),
}


@pytest.mark.parametrize(("body", "sentence"), REFUSED.values(), ids=REFUSED)
def test_refused_with_line_and_column(body: bytes, sentence: str) -> None:
    with pytest.raises(MalformedJson) as refused:
        read_json(body)
    assert refused.value.sentence == sentence


def test_repeated_names_are_collected_with_their_paths() -> None:
    body = b'{"a":1,"b":{"x":1,"x":2},"c":[{"y":0},{"z":0,"z":1}],"a":2}'
    assert read_json(body).repeated == ("b.x", "c[1].z", "a")


@given(VALUES)
def test_no_name_of_a_faultless_body_is_called_repeated(value: object) -> None:
    assert read_json(json.dumps(value).encode()).repeated == ()


@pytest.mark.fuzz
def test_any_octets_are_read_or_refused_and_never_more_is_taken_than_json(fuzz_inputs: int | None) -> None:
    """Bodies broken at random: read as the standard library reads them, or refused; never another error."""
    seed = b'{"sender":"iP1","recipients":["46701740605",{"a":-1.5e3}],"body":"\\u00e5\\n","x":[null,true]}'
    shards = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b'"',
        b":",
        b"\\u",
        b"\xff",
        b"0",
        b"-",
        b"e",
        b" ",
        b"null",
        b"\x00",
    ]
    chance = random.Random(1)
    for _ in range(fuzz_inputs or 100_000):
        body = bytearray(seed)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(body) + 1)
            body[at : at + chance.randrange(4)] = chance.choice(shards)
        try:
            value = read_json(bytes(body)).value
        except MalformedJson:
            continue
        assert _as_lenient(value, bytes(body))


def _as_lenient(value: object, body: bytes) -> bool:
    """Whether the standard library, given the body without trailing commas, reads the same value."""
    text: list[str] = []
    last = ""
    is_text = is_escaped = False
    for character in body.decode():
        if not is_text and character in "]}" and last == ",":
            del text[max(place for place, one in enumerate(text) if one == ",")]
        text.append(character)
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = is_text
        elif character == '"':
            is_text = not is_text
        if not character.isspace():
            last = character if not is_text else ""
    return bool(json.loads("".join(text)) == value)
