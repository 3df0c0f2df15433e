"""Recipients in both forms: distinct, in order, limited, and named where they are wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batch_recipients import (
    MAX_RECIPIENTS,
    DistinctNumbers,
    DraftRecipients,
    check_recipients,
    distinct_numbers,
)
from heliograph.domain.refusals import Refusal

PAGE = ["456189040623", "175368927054", "392094880589", "568798567631"]


def recipients_of(value: object) -> DraftRecipients:
    faults: list[Refusal] = []
    recipients = check_recipients(value, faults)
    assert faults == []
    return recipients


def faults_of(value: object) -> list[tuple[str, str]]:
    faults: list[Refusal] = []
    check_recipients(value, faults)
    return [(fault.field, fault.sentence) for fault in faults]


def test_the_array_of_the_page() -> None:
    assert recipients_of(PAGE) == DraftRecipients(numbers=PAGE)


def test_the_same_number_twice_is_one_message_at_its_first_place() -> None:
    assert recipients_of(["462", "461", "462", "463", "461"]).numbers == ["462", "461", "463"]


def test_the_object_of_the_page() -> None:
    recipients = recipients_of(
        {
            "456189040623": {"sign": "sent by Bob"},
            "175368927054": {},
            "392094880589": None,
            "568798567631": {"other": "x"},
            "default": {"sign": " sent by iP.1"},
        }
    )
    assert recipients == DraftRecipients(
        numbers=PAGE,
        templated=True,
        own_values=[{"sign": "sent by Bob"}, {}, {}, {"other": "x"}],
        default_values={"sign": " sent by iP.1"},
        known_keys=frozenset({"sign", "other"}),
    )


@pytest.mark.parametrize("extra", [{}, {"default": {}}, {"default": None}])
def test_an_object_without_any_value_is_no_template(extra: dict[str, object]) -> None:
    assert recipients_of({"461": {}, "462": None, **extra}) == DraftRecipients(numbers=["461", "462"])


def test_default_values_alone_make_a_template() -> None:
    recipients = recipients_of({"461": {}, "default": {"a": "b"}})
    assert recipients.templated
    assert recipients.own_values == [{}]


def test_limits_are_reached_without_a_fault() -> None:
    assert len(recipients_of([f"46{n:09}" for n in range(100_000)]).numbers) == 100_000
    recipients_of({"461": {f"{n:0500}": "v" * 500 for n in range(50)}})


NOT_ARRAY = "recipients must be an array of strings, or an object of objects."
EMPTY = "recipients must hold at least one phone number."
NOT_DIGITS = "write digits only, country code first, without + or 00, such as 46712345678."


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        (None, [("recipients", "recipients is required.")]),
        ("46712345678", [("recipients", NOT_ARRAY)]),
        (46712345678, [("recipients", NOT_ARRAY)]),
        ([], [("recipients", EMPTY)]),
        ({}, [("recipients", EMPTY)]),
        ({"default": {"a": "b"}}, [("recipients", EMPTY)]),
        (
            ["461"] * 100_001,
            [("recipients", "At most 100000 recipients are allowed in one call, not 100001.")],
        ),
        (
            ["RECIPIENT-NUMBER"],
            [("recipients[0]", f"'RECIPIENT-NUMBER' is not a phone number: {NOT_DIGITS}")],
        ),
        (
            ["461", "", 46, None, ["46"]],
            [
                ("recipients[1]", "A recipient must not be empty."),
                ("recipients[2]", "A recipient must be a string of digits, such as 46712345678."),
                ("recipients[3]", "A recipient must be a string of digits, such as 46712345678."),
                ("recipients[4]", "A recipient must be a string of digits, such as 46712345678."),
            ],
        ),
        ({"+461": {}}, [("recipients.+461", f"'+461' is not a phone number: {NOT_DIGITS}")]),
        (
            {"Default": {}, "461": {}},
            [("recipients.Default", f"'Default' is not a phone number: {NOT_DIGITS}")],
        ),
        ({"461": "x"}, [("recipients.461", "The values of a recipient must be an object of strings.")]),
        ({"461": []}, [("recipients.461", "The values of a recipient must be an object of strings.")]),
        ({"461": 0}, [("recipients.461", "The values of a recipient must be an object of strings.")]),
        (
            {"461": {}, "default": "x"},
            [("recipients.default", "The values of a recipient must be an object of strings.")],
        ),
        (
            {"461": {"age": 12, "name": None}},
            [
                (
                    "recipients.461.age",
                    'A template value must be a string: write numbers in quotes, like "12".',
                ),
                (
                    "recipients.461.name",
                    'A template value must be a string: write numbers in quotes, like "12".',
                ),
            ],
        ),
        (
            {"461": {"a": "x" * 501}},
            [("recipients.461.a", "A template value has at most 500 characters; this one has 501.")],
        ),
        (
            {"461": {"a": "\0"}, "462": {"b": "å\udc00"}},
            [
                ("recipients.461.a", "A template value must not hold the character U+0000."),
                ("recipients.462.b", "A template value holds half of a surrogate pair at position 2."),
            ],
        ),
        (
            {"461": {str(n): "" for n in range(51)}},
            [("recipients.461", "A recipient has at most 50 template keys; this one has 51.")],
        ),
        (
            {"461": {"k" * 501: ""}},
            [("recipients", f"A template key has at most 500 characters; '{'k' * 40}'... has 501.")],
        ),
    ],
)
def test_what_is_wrong_is_named(value: object, faults: list[tuple[str, str]]) -> None:
    assert faults_of(value) == faults


def test_a_flood_of_faults_ends_in_one_sentence() -> None:
    faults = faults_of(["x"] * 5000)
    assert len(faults) == 1001
    assert faults[-1] == ("recipients", "4000 more faults of recipients are not listed.")


def looked_at_in_steps(values: list[object]) -> DistinctNumbers | None:
    *steps, last = [None, *distinct_numbers(values)]
    assert steps == [None] * len(steps)
    return last


@given(st.lists(st.integers(461, 470).map(str), min_size=1), st.integers(0, 2))
def test_a_look_in_steps_finds_the_same_numbers(numbers: list[str], many: int) -> None:
    values: list[object] = [*numbers, *(f"46{number:09}" for number in range(many * 9_999)), *numbers]
    known = looked_at_in_steps(values)
    assert known is not None
    assert recipients_of(known) == recipients_of(values)


@pytest.mark.parametrize("wrong", ["", "+461", "4" * 16, 461, None, "46\u0661"])
def test_a_look_in_steps_leaves_what_is_wrong_to_be_refused(wrong: object) -> None:
    assert looked_at_in_steps([*PAGE, wrong]) is None
    assert faults_of([*PAGE, wrong])


def test_a_look_in_steps_leaves_a_wrong_count_to_be_refused() -> None:
    assert looked_at_in_steps([]) is None
    assert looked_at_in_steps(["461"] * (MAX_RECIPIENTS + 1)) is None
