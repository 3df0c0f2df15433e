"""The rules of a contact: properties, metadata, labels, and what is known of its phone number."""

from typing import Any

import pytest

from heliograph.domain.contact import called, check_contact, label_fault, merged, phone_metadata, with_blocked
from heliograph.domain.refusals import Refusal


def faults_of(value: object) -> dict[str, str]:
    faults: list[Refusal] = []
    assert check_contact(value, "[3]", faults) is None
    return {fault.field: fault.sentence for fault in faults}


def test_a_contact_in_the_words_of_dotnet() -> None:
    faults: list[Refusal] = []
    draft = check_contact(
        {
            "Properties": {"PhoneNumber": "+46701740605", "FirstName": "Sol", "Nothing": None},
            "Metadata": None,
            "Labels": ["b", "a", "b"],
            "Id": "ignored",
        },
        "",
        faults,
    )
    assert draft is not None
    assert draft.msisdn == "46701740605"
    assert draft.properties == {"phoneNumber": "+46701740605", "FirstName": "Sol"}
    assert draft.labels == ("a", "b")
    assert draft.metadata["phoneNumber"]["parsedMSISDN"] == "46701740605"


def test_a_contact_without_a_number_has_no_metadata_of_one() -> None:
    draft = check_contact(
        {
            "properties": {"email": "a@example.com"},
            "metadata": {"phoneNumber": {"isValidPhoneNumber": "true"}},
        },
        "",
        [],
    )
    assert draft is not None
    assert (draft.msisdn, draft.metadata) == (None, {})


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        ("x", {"[3]": "A contact must be an object."}),
        ({}, {"[3].properties": "properties is required."}),
        ({"properties": []}, {"[3].properties": "It must be an object of strings."}),
        (
            {"properties": {"a": 7}},
            {"[3].properties.a": 'It must be a string: write numbers in quotes, like "12".'},
        ),
        (
            {"properties": {"a": "x" * 501}},
            {"[3].properties.a": "A value has at most 500 characters; this one has 501."},
        ),
        ({"properties": {"a": "\0"}}, {"[3].properties.a": "A value must not hold the character U+0000."}),
        ({"properties": {" ": "x"}}, {"[3].properties": "A name must not be empty or blank."}),
        ({"properties": {"a\n": "x"}}, {"[3].properties": "A name must not hold control characters."}),
        (
            {"properties": {str(number): "" for number in range(51)}},
            {"[3].properties": "At most 50 names are allowed; there are 51."},
        ),
        (
            {"properties": {"phoneNumber": "+461", "PHONENUMBER": "+462"}},
            {"[3].properties": "phoneNumber stands there more than once."},
        ),
        (
            {"properties": {}, "metadata": {"a": "b"}, "labels": "x"},
            {
                "[3].metadata.a": "It must be an object of strings.",
                "[3].labels": "labels must be an array of strings.",
            },
        ),
        ({"properties": {}, "metadata": []}, {"[3].metadata": "metadata must be an object of objects."}),
        (
            {"properties": {}, "labels": ["ok", 7, "a,b"]},
            {
                "[3].labels[1]": "A label must be a string.",
                "[3].labels[2]": "A label must not hold commas, slashes or control characters.",
            },
        ),
        ({"properties": {}, "labels": ["x"] * 51}, {"[3].labels": "A contact has at most 50 labels."}),
    ],
)
def test_every_fault_is_named(value: object, faults: dict[str, str]) -> None:
    assert faults_of(value) == faults


@pytest.mark.parametrize(
    "number", ["46701740605", "+0701740605", "+", "", "+46 701", "+" + "1" * 16, "0046701"]
)
def test_a_phone_number_is_e164_with_its_plus(number: str) -> None:
    found = faults_of({"properties": {"phoneNumber": number}})
    assert found["[3].properties.phoneNumber"].startswith("phoneNumber must be + and at most 15 digits")


@pytest.mark.parametrize("label", [None, 7, "", " ", "x" * 101, "a,b", "a/b", "a\nb"])
def test_a_label_that_cannot_be_named_in_an_address_is_refused(label: object) -> None:
    assert label_fault(label, "label") is not None


def test_what_is_known_of_a_number() -> None:
    assert phone_metadata("46701740605") == {
        "isPossiblePhoneNumber": "true",
        "isValidPhoneNumber": "true",
        "phoneNumberType": "MOBILE",
        "parsedMSISDN": "46701740605",
    }
    assert phone_metadata("1")["isPossiblePhoneNumber"] == "false"
    assert phone_metadata("999999999999999")["phoneNumberType"] == "UNKNOWN"
    shown = with_blocked({"phoneNumber": {}}, is_blocked=True)
    assert shown == {"phoneNumber": {"isBlocked": "true"}}
    assert with_blocked({"email": {}}, is_blocked=True) == {"email": {}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {"properties": {"a": "1", "b": "2"}, "metadata": {"a": {"x": "y"}}}),
        ({"properties": {"a": None, "c": "3"}}, {"properties": {"a": None, "b": "2", "c": "3"}}),
        (
            {"metadata": {"a": {"z": "w"}, "b": {"q": "r"}}},
            {"metadata": {"a": {"x": "y", "z": "w"}, "b": {"q": "r"}}},
        ),
        ({"metadata": {"a": None}}, {"metadata": {"a": None}}),
        ({"properties": "wrong", "metadata": 7}, {"properties": "wrong", "metadata": 7}),
        ({"labels": []}, {"labels": []}),
    ],
)
def test_a_change_is_merged_into_a_contact(change: dict[str, Any], expected: dict[str, Any]) -> None:
    result = merged({"a": "1", "b": "2"}, {"a": {"x": "y"}}, change)
    assert {name: result[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"name": "Åsa Ek", "firstname": "Åsa"}, "Åsa Ek"),
        ({"First name": "Åsa", "Last Name": "Ek"}, "Åsa Ek"),
        ({"förnamn": "Åsa"}, "Åsa"),
        ({"efternamn": " Ek "}, "Ek"),
        ({"Namn": "Åsa"}, "Åsa"),
        ({"name": "  ", "city": "Lund"}, None),
        ({}, None),
    ],
)
def test_what_a_contact_is_called(properties: dict[str, object], name: str | None) -> None:
    assert called(properties) == name
