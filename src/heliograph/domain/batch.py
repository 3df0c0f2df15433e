"""A customer's order: one text for many recipients, and every rule of the page about its fields.

``check_batch`` turns what JSON held into a ``BatchDraft`` or into every fault at once. The paths in faults
are the public field names, since the customer reads them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from heliograph.domain import gsm7
from heliograph.domain.batch_recipients import DraftRecipients, check_recipients
from heliograph.domain.delivery_windows import DeliveryWindow, parse_windows
from heliograph.domain.encoding import Coding
from heliograph.domain.refusals import Refusal
from heliograph.domain.sender import check_sender
from heliograph.domain.text_rules import has_control, unstorable

MAX_BODY: Final = 2000
MAX_REFERENCE: Final = 40
MAX_TAGS: Final = 50
MAX_TAG: Final = 100
MAX_URL: Final = 2048
_STANDARD: Final = 1
_HIGH: Final = 2


class RawBatch(msgspec.Struct, rename="camel"):
    """The members of a request as JSON gave them: any type, None when absent or null."""

    sender: object = None
    recipients: object = None
    body: object = None
    type: object = None
    datacoding: object = None
    priority: object = None
    delivery_windows: object = None
    delivery_report_url: object = None
    reference: object = None
    tags: object = None


_ATTRIBUTES: Final = {name.replace("_", ""): name for name in RawBatch.__struct_fields__}


def raw_batch(members: Mapping[str, object]) -> RawBatch:
    """The members of a JSON object whose names are written in any case; unknown ones are left out."""
    raw = RawBatch()
    for name, value in members.items():
        if attribute := _ATTRIBUTES.get(name.lower()):
            setattr(raw, attribute, value)
    return raw


class BatchDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A request that breaks no rule, not yet accepted. Recipients are distinct, in the customer's order."""

    sender: str
    body: str
    coding: Coding
    flash: bool
    priority: int
    windows: tuple[DeliveryWindow, ...]
    """In order of time, at least one."""
    delivery_report_url: str | None
    reference: str | None
    tags: tuple[str, ...]
    recipients: list[str]
    templated: bool
    own_values: list[Mapping[str, str]]
    """The values of each recipient, aligned with ``recipients``; empty when not templated."""
    default_values: Mapping[str, str]
    known_keys: frozenset[str]
    """The keys of anybody in the batch, the default values included."""


def check_batch(raw: RawBatch, now: datetime) -> BatchDraft | list[Refusal]:
    """The draft of a request, or every fault of it in the order of the page's fields."""
    faults: list[Refusal] = []
    if sender_fault := check_sender(raw.sender):
        faults.append(sender_fault)
    recipients = check_recipients(raw.recipients, faults)
    body = _check_body(raw.body, faults)
    flash = _check_type(raw.type, faults)
    coding = _check_datacoding(raw.datacoding, faults)
    priority = _check_priority(raw.priority, faults)
    windows = parse_windows(raw.delivery_windows, now)
    if isinstance(windows, list):
        faults.extend(windows)
    url = _check_url(raw.delivery_report_url, faults)
    reference = _check_reference(raw.reference, faults)
    tags = _check_tags(raw.tags, faults)
    if coding is Coding.GSM and not recipients.templated and (fault := _gsm_fault(body)):
        faults.append(fault)
    if faults or isinstance(windows, list):
        return faults
    return _draft(
        str(raw.sender),
        recipients,
        body=body,
        flash=flash,
        coding=coding,
        priority=priority,
        windows=windows,
        delivery_report_url=url,
        reference=reference,
        tags=tags,
    )


def _draft(
    sender: str,
    recipients: DraftRecipients,
    *,
    body: str,
    flash: bool,
    coding: Coding,
    priority: int,
    windows: tuple[DeliveryWindow, ...],
    delivery_report_url: str | None,
    reference: str | None,
    tags: tuple[str, ...],
) -> BatchDraft:
    return BatchDraft(
        sender=sender,
        body=body,
        coding=coding,
        flash=flash,
        priority=priority,
        windows=windows,
        delivery_report_url=delivery_report_url,
        reference=reference,
        tags=tags,
        recipients=recipients.numbers,
        templated=recipients.templated,
        own_values=recipients.own_values,
        default_values=recipients.default_values,
        known_keys=recipients.known_keys,
    )


def _check_body(value: object, faults: list[Refusal]) -> str:
    if value is None:
        faults.append(Refusal("body", "required", "body is required."))
    elif not isinstance(value, str):
        faults.append(Refusal("body", "not_text", "body must be a string."))
    elif not value.strip():
        faults.append(Refusal("body", "blank", "body must not be empty or consist of white space only."))
    elif len(value) > MAX_BODY:
        sentence = f"body has at most {MAX_BODY} characters; this one has {len(value)}."
        faults.append(Refusal("body", "too_long", sentence))
    elif flaw := unstorable(value):
        faults.append(Refusal("body", "characters", f"body {flaw}."))
    else:
        return value
    return ""


def _gsm_fault(body: str) -> Refusal | None:
    """The first character that keeps a plain text from being sent as ``gsm``."""
    found = gsm7.first_unencodable(body)
    if found is None:
        return None
    position, character = found
    instead = gsm7.suggestion(character)
    if instead:
        advice = f"write {instead!r} instead, or set datacoding to ucs or auto"
    elif instead is None:
        advice = "set datacoding to ucs or auto"
    else:
        advice = "leave this invisible character out, or set datacoding to ucs or auto"
    shown = character if character.isprintable() else ascii(character)[1:-1]
    where = f"The character {shown} (U+{ord(character):04X}) at position {position + 1}"
    return Refusal("body", "not_gsm", f"{where} is not in the GSM alphabet: {advice}.")


_TYPES: Final = {"sms": False, "flash": True}
_TYPE_NUMBERS: Final = {0: True, 1: False}
_CODING_NUMBERS: Final = {0: Coding.GSM, 2: Coding.UCS}


def _check_type(value: object, faults: list[Refusal]) -> bool:
    if value is None:
        return False
    if isinstance(value, str) and value.lower() in _TYPES:
        return _TYPES[value.lower()]
    if type(value) is int and value in _TYPE_NUMBERS:
        return _TYPE_NUMBERS[value]
    faults.append(Refusal("type", "unknown", 'type must be "sms" or "flash".'))
    return False


def _check_datacoding(value: object, faults: list[Refusal]) -> Coding:
    if value is None:
        return Coding.UCS
    if isinstance(value, str) and value.lower() in Coding.__members__.values():
        return Coding(value.lower())
    if type(value) is int and value in _CODING_NUMBERS:
        return _CODING_NUMBERS[value]
    faults.append(Refusal("datacoding", "unknown", 'datacoding must be "gsm", "ucs" or "auto".'))
    return Coding.UCS


def _check_priority(value: object, faults: list[Refusal]) -> int:
    if value is None:
        return _STANDARD
    if type(value) is int and value in (_STANDARD, _HIGH):
        return value
    if isinstance(value, str) and value in ("1", "2"):
        return int(value)
    faults.append(Refusal("priority", "unknown", "priority must be 1 (standard) or 2 (high)."))
    return _STANDARD


def _check_url(value: object, faults: list[Refusal]) -> str | None:
    """The syntax of the report URL; where it may lead is judged elsewhere."""
    field = "deliveryReportUrl"
    if value is None:
        return None
    if not isinstance(value, str):
        faults.append(Refusal(field, "not_text", "deliveryReportUrl must be a string."))
    elif len(value) > MAX_URL:
        sentence = f"deliveryReportUrl has at most {MAX_URL} characters; this one has {len(value)}."
        faults.append(Refusal(field, "too_long", sentence))
    elif flaw := _url_flaw(value):
        faults.append(Refusal(field, "not_a_url", f"deliveryReportUrl {flaw}."))
    else:
        return value
    return None


def _url_flaw(value: str) -> str | None:
    if unstorable(value) or has_control(value) or any(character.isspace() for character in value):
        return "must not hold spaces or control characters"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return "is not a valid URL"
    if parts.scheme not in ("http", "https"):
        return "must begin with https:// or http://"
    if not parts.hostname or port == 0 or "\\" in value:
        return "is not a valid URL"
    if "@" in parts.netloc:
        return "must not hold a user name or password"
    return None


def _check_reference(value: object, faults: list[Refusal]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        faults.append(Refusal("reference", "not_text", "reference must be a string."))
    elif not value.strip():
        faults.append(
            Refusal("reference", "blank", "reference must not be empty or blank; leave it out instead.")
        )
    elif len(value) > MAX_REFERENCE:
        sentence = f"reference has at most {MAX_REFERENCE} characters; this one has {len(value)}."
        faults.append(Refusal("reference", "too_long", sentence))
    elif unstorable(value) or has_control(value):
        faults.append(Refusal("reference", "characters", "reference must not hold control characters."))
    else:
        return value
    return None


def _check_tags(value: object, faults: list[Refusal]) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        faults.append(Refusal("tags", "not_array", "tags must be an array of strings."))
        return ()
    if len(value) > MAX_TAGS:
        faults.append(Refusal("tags", "too_many", f"At most {MAX_TAGS} tags are allowed, not {len(value)}."))
        return ()
    tags: dict[str, None] = {}
    for index, tag in enumerate(value):
        if fault := _tag_fault(tag, f"tags[{index}]"):
            faults.append(fault)
        else:
            tags[tag] = None
    return tuple(tags)


def _tag_fault(tag: object, field: str) -> Refusal | None:
    if not isinstance(tag, str):
        return Refusal(field, "not_text", "A tag must be a string.")
    if not tag.strip():
        return Refusal(field, "blank", "A tag must not be empty or blank.")
    if len(tag) > MAX_TAG:
        return Refusal(field, "too_long", f"A tag has at most {MAX_TAG} characters; this one has {len(tag)}.")
    if unstorable(tag) or has_control(tag):
        return Refusal(field, "characters", "A tag must not hold control characters.")
    return None
