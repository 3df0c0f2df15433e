"""A contact: whom an account writes to. The rules of its properties, metadata and labels.

Properties are texts by name; one name is known to us, ``phoneNumber`` in E.164 with its ``+``. Metadata says
something of a property; of the phone number we say ourselves what can be known of it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import phonenumbers

from heliograph.domain.msisdn import MAX_DIGITS
from heliograph.domain.refusals import Refusal
from heliograph.domain.text_rules import has_control, unstorable

PHONE: Final = "phoneNumber"
MAX_PROPERTIES: Final = 50
MAX_NAME: Final = 100
MAX_VALUE: Final = 500
MAX_LABELS: Final = 50
MAX_LABEL: Final = 100
_E164: Final = re.compile(rf"\+[1-9][0-9]{{0,{MAX_DIGITS - 1}}}")
_SHOWN: Final = 40
_LABEL_WORDS: Final = frozenset({"label", "labels", "etikett", "etiketter"})
_LABEL_SEPARATORS: Final = re.compile(r"[;|,]")
_TYPES: Final = {
    value: name for name, value in vars(phonenumbers.PhoneNumberType).items() if isinstance(value, int)
}

Texts = dict[str, str]


class ContactDraft(msgspec.Struct, frozen=True):
    """A contact that breaks no rule."""

    msisdn: str | None
    properties: Texts
    metadata: dict[str, Texts]
    labels: tuple[str, ...]


def check_contact(value: object, path: str, faults: list[Refusal]) -> ContactDraft | None:
    """The contact that JSON held, at a path of the request; None, and its faults are added, if there are any.

    Names of its three members are in any case; of its own properties only that of the phone number is.
    """
    before = len(faults)
    if not isinstance(value, dict):
        faults.append(Refusal(path or "body", "not_object", "A contact must be an object."))
        return None
    members = {name.lower(): member for name, member in value.items()}
    prefix = f"{path}." if path else ""
    properties = _check_properties(members.get("properties"), f"{prefix}properties", faults)
    metadata = _check_metadata(members.get("metadata"), f"{prefix}metadata", faults)
    labels = _check_labels(members.get("labels"), f"{prefix}labels", faults)
    if len(faults) > before:
        return None
    number = properties.get(PHONE)
    msisdn = number[1:] if number else None
    if msisdn is None:
        metadata.pop(PHONE, None)
    else:
        metadata[PHONE] = metadata.get(PHONE, {}) | phone_metadata(msisdn)
    return ContactDraft(msisdn, properties, metadata, labels)


def phone_metadata(msisdn: str) -> Texts:
    """What libphonenumber knows of a number."""
    try:
        number = phonenumbers.parse("+" + msisdn)
    except phonenumbers.NumberParseException:
        possible = valid = False
        kind = "UNKNOWN"
    else:
        possible = phonenumbers.is_possible_number(number)
        valid = phonenumbers.is_valid_number(number)
        kind = _TYPES.get(phonenumbers.number_type(number), "UNKNOWN")
    return {
        "isPossiblePhoneNumber": _word(possible),
        "isValidPhoneNumber": _word(valid),
        "phoneNumberType": kind,
        "parsedMSISDN": msisdn,
    }


def with_blocked(metadata: dict[str, Texts], *, is_blocked: bool) -> dict[str, Texts]:
    """Metadata as it is shown: with whether the number is on the blacklist now."""
    if PHONE not in metadata:
        return metadata
    return metadata | {PHONE: metadata[PHONE] | {"isBlocked": _word(is_blocked)}}


def _word(value: bool) -> str:
    return "true" if value else "false"


def merged(properties: Texts, metadata: dict[str, Texts], change: Mapping[str, object]) -> dict[str, object]:
    """A contact with a partial change in it: what is null is removed, what is not named stays.

    ``change`` has its names in lower case. What has the wrong form is kept, to be refused.
    """
    result: dict[str, object] = {"properties": _with_change(properties, _named(change.get("properties")))}
    fields: dict[str, object] = dict(metadata)
    asked = change.get("metadata")
    if isinstance(asked, dict):
        for name, texts in asked.items():
            fields[name] = _with_change(metadata.get(name, {}), texts) if isinstance(texts, dict) else texts
        result["metadata"] = fields
    else:
        result["metadata"] = metadata if asked is None else asked
    return result | {"labels": change.get("labels")}


def _named(properties: object) -> object:
    """Properties with the name of the phone number as it is written."""
    if not isinstance(properties, dict):
        return properties
    return {PHONE if name.lower() == PHONE.lower() else name: text for name, text in properties.items()}


def _with_change(texts: Texts, change: object) -> object:
    if change is None:
        return texts
    return {**texts, **change} if isinstance(change, dict) else change


def label_fault(label: object, field: str) -> Refusal | None:
    """Why a text cannot be a label; commas and slashes would make it unusable in addresses."""
    if not isinstance(label, str):
        return Refusal(field, "not_text", "A label must be a string.")
    if not label.strip():
        return Refusal(field, "blank", "A label must not be empty or blank.")
    if len(label) > MAX_LABEL:
        sentence = f"A label has at most {MAX_LABEL} characters; this one has {len(label)}."
        return Refusal(field, "too_long", sentence)
    if unstorable(label) or has_control(label) or "," in label or "/" in label:
        return Refusal(field, "characters", "A label must not hold commas, slashes or control characters.")
    return None


def label_column(columns: Sequence[str]) -> int | None:
    """The column of a table that holds labels, by its name; None if there is none."""
    return next((place for place, name in enumerate(columns) if name.casefold() in _LABEL_WORDS), None)


def labels_in(cell: str) -> list[str]:
    """The labels in a cell of a table: separated by semicolons, bars or commas."""
    return [label for each in _LABEL_SEPARATORS.split(cell) if (label := each.strip())]


def _check_properties(value: object, field: str, faults: list[Refusal]) -> Texts:
    if value is None:
        faults.append(Refusal(field, "required", "properties is required."))
        return {}
    before = len(faults)
    alike = len(value) if isinstance(value, dict) else 0
    texts = _check_texts(_named(value), field, faults)
    if isinstance(value, dict) and len(_named(value) or ()) < alike:  # type: ignore[arg-type]
        faults.append(Refusal(field, "repeated", f"{PHONE} stands there more than once."))
    number = texts.get(PHONE)
    if len(faults) == before and number is not None and not _E164.fullmatch(number):
        sentence = "phoneNumber must be + and at most 15 digits, country code first, such as +46712345678."
        faults.append(Refusal(f"{field}.{PHONE}", "not_e164", sentence))
    return texts


def _check_metadata(value: object, field: str, faults: list[Refusal]) -> dict[str, Texts]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        faults.append(Refusal(field, "not_object", "metadata must be an object of objects."))
        return {}
    if len(value) > MAX_PROPERTIES:
        faults.append(Refusal(field, "too_many", f"At most {MAX_PROPERTIES} properties have metadata."))
        return {}
    return {
        name: _check_texts(texts, f"{field}.{name[:_SHOWN]}", faults)
        for name, texts in value.items()
        if texts is not None and not _has_name_fault(name, field, faults)
    }


def _check_texts(value: object, field: str, faults: list[Refusal]) -> Texts:
    """An object of texts; those that are null are left out."""
    if not isinstance(value, dict):
        faults.append(Refusal(field, "not_object", "It must be an object of strings."))
        return {}
    if len(value) > MAX_PROPERTIES:
        sentence = f"At most {MAX_PROPERTIES} names are allowed; there are {len(value)}."
        faults.append(Refusal(field, "too_many", sentence))
        return {}
    texts: Texts = {}
    for name, text in value.items():
        if text is None or _has_name_fault(name, field, faults):
            continue
        if fault := _text_fault(text, f"{field}.{name}"):
            faults.append(fault)
        else:
            texts[name] = text
    return texts


def _has_name_fault(name: str, field: str, faults: list[Refusal]) -> bool:
    if not name.strip():
        faults.append(Refusal(field, "blank", "A name must not be empty or blank."))
    elif len(name) > MAX_NAME:
        sentence = f"A name has at most {MAX_NAME} characters; {name[:_SHOWN]!a}... has {len(name)}."
        faults.append(Refusal(field, "too_long", sentence))
    elif unstorable(name) or has_control(name):
        faults.append(Refusal(field, "characters", "A name must not hold control characters."))
    else:
        return False
    return True


def _text_fault(text: object, field: str) -> Refusal | None:
    if not isinstance(text, str):
        return Refusal(field, "not_text", 'It must be a string: write numbers in quotes, like "12".')
    if len(text) > MAX_VALUE:
        sentence = f"A value has at most {MAX_VALUE} characters; this one has {len(text)}."
        return Refusal(field, "too_long", sentence)
    if flaw := unstorable(text):
        return Refusal(field, "characters", f"A value {flaw}.")
    return None


def _check_labels(value: object, field: str, faults: list[Refusal]) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        faults.append(Refusal(field, "not_array", "labels must be an array of strings."))
        return ()
    if len(value) > MAX_LABELS:
        faults.append(Refusal(field, "too_many", f"A contact has at most {MAX_LABELS} labels."))
        return ()
    found = [label_fault(label, f"{field}[{index}]") for index, label in enumerate(value)]
    faults.extend(fault for fault in found if fault)
    return () if any(found) else tuple(sorted(set(value)))


def called(properties: Mapping[str, object]) -> str | None:
    """What somebody is called by a contact's properties: a name, or a first and a last one; None: nothing."""
    known = {name.casefold().replace(" ", ""): str(value).strip() for name, value in properties.items()}
    if whole := known.get("name") or known.get("namn"):
        return whole
    parts = (
        next((known[each] for each in names if known.get(each)), "")
        for names in (("firstname", "förnamn"), ("lastname", "surname", "efternamn"))
    )
    return " ".join(filter(None, parts)) or None
