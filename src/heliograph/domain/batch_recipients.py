"""The recipients of a request: an array of numbers, or an object of numbers with values for the template."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, cast

import msgspec

from heliograph.domain.msisdn import are_well_formed, format_fault
from heliograph.domain.refusals import Refusal
from heliograph.domain.text_rules import unstorable

MAX_RECIPIENTS: Final = 100_000
MAX_KEYS: Final = 50
MAX_VALUE: Final = 500
DEFAULT_KEY: Final = "default"
MAX_FAULTS: Final = 1000
"""Faults of recipients that are written out; the rest is one sentence, so that an answer stays readable."""

_FIELD: Final = "recipients"
_SHOWN: Final = 40
_STEP: Final = 2_500
_EMPTY: Final[Mapping[str, str]] = {}


class DistinctNumbers(list[str]):
    """At most ``MAX_RECIPIENTS`` numbers that are known to be well formed and different.

    An array in this form is not looked at again: so the look at a long one can be taken in steps.
    """


def distinct_numbers(values: list[object]) -> Iterator[DistinctNumbers | None]:
    """Look at an array step by step: None after each step, at last the numbers, if nothing is wrong."""
    known: dict[str, None] = {}
    if len(values) > MAX_RECIPIENTS:
        return
    for start in range(0, len(values), _STEP):
        step = values[start : start + _STEP]
        if not are_well_formed(step):
            return
        known.update(dict.fromkeys(cast("list[str]", step)))
        yield None
    if known:
        yield DistinctNumbers(known)


class DraftRecipients(msgspec.Struct, frozen=True):
    """Distinct numbers in the customer's order, and what a template needs to know."""

    numbers: list[str] = []
    templated: bool = False
    own_values: list[Mapping[str, str]] = []
    default_values: Mapping[str, str] = {}
    known_keys: frozenset[str] = frozenset()


def check_recipients(value: object, faults: list[Refusal]) -> DraftRecipients:
    """The recipients in either form; what is wrong with them is added to ``faults``."""
    if isinstance(value, DistinctNumbers):
        return DraftRecipients(numbers=value)
    if isinstance(value, list):
        return _from_array(value, faults)
    if isinstance(value, dict):
        return _from_object(value, faults)
    if value is None:
        faults.append(Refusal(_FIELD, "required", "recipients is required."))
    else:
        sentence = "recipients must be an array of strings, or an object of objects."
        faults.append(Refusal(_FIELD, "not_array", sentence))
    return DraftRecipients()


def _from_array(values: list[object], faults: list[Refusal]) -> DraftRecipients:
    if not _is_right_count(len(values), faults):
        return DraftRecipients()
    if not are_well_formed(values):
        _add(faults, (format_fault(value, f"{_FIELD}[{index}]") for index, value in enumerate(values)))
        return DraftRecipients()
    return DraftRecipients(numbers=list(dict.fromkeys(cast("list[str]", values))))


def _from_object(members: dict[str, object], faults: list[Refusal]) -> DraftRecipients:
    default = members.get(DEFAULT_KEY)
    entries = {number: values for number, values in members.items() if number != DEFAULT_KEY}
    before = len(faults)
    numbers = list(entries)
    if not _is_right_count(len(numbers), faults):
        return DraftRecipients()
    if not are_well_formed(numbers):
        _add(faults, (format_fault(number, recipient_path(number)) for number in numbers))
    known: set[str] = set()
    own = _check_values(entries, known, faults)
    defaults = _check_values({DEFAULT_KEY: default}, known, faults)[0]
    _add(faults, (_key_fault(key) for key in known))
    if len(faults) > before:
        return DraftRecipients(templated=bool(known))
    if not known:
        return DraftRecipients(numbers=numbers)
    return DraftRecipients(
        numbers=numbers, templated=True, own_values=own, default_values=defaults, known_keys=frozenset(known)
    )


def _is_right_count(count: int, faults: list[Refusal]) -> bool:
    if not count:
        faults.append(Refusal(_FIELD, "empty", "recipients must hold at least one phone number."))
    elif count > MAX_RECIPIENTS:
        sentence = f"At most {MAX_RECIPIENTS} recipients are allowed in one call, not {count}."
        faults.append(Refusal(_FIELD, "too_many", sentence))
    return 0 < count <= MAX_RECIPIENTS


def _check_values(
    entries: Mapping[str, object], known: set[str], faults: list[Refusal]
) -> list[Mapping[str, str]]:
    """The values of each entry in order; their keys are added to ``known``."""
    checked: list[Mapping[str, str]] = []
    flawed: list[str] = []
    for number, values in entries.items():
        if not values and (values is None or values == {}):
            checked.append(_EMPTY)
        elif isinstance(values, dict) and _are_sound(values):
            known.update(values)
            checked.append(values)
        else:
            flawed.append(number)
    if flawed:
        _add(faults, (fault for number in flawed for fault in _entry_faults(number, entries[number])))
    return checked or [_EMPTY]


def _are_sound(values: dict[str, object]) -> bool:
    """Whether there are few enough values, all short plain text: the quick look at nearly every recipient."""
    if len(values) > MAX_KEYS:
        return False
    for value in values.values():
        if type(value) is not str or len(value) > MAX_VALUE:
            return False
        if (not value.isascii() or "\0" in value) and unstorable(value):
            return False
    return True


def _entry_faults(number: str, values: object) -> Iterable[Refusal]:
    field = recipient_path(number)
    if not isinstance(values, dict):
        yield Refusal(field, "not_object", "The values of a recipient must be an object of strings.")
        return
    if len(values) > MAX_KEYS:
        sentence = f"A recipient has at most {MAX_KEYS} template keys; this one has {len(values)}."
        yield Refusal(field, "too_many", sentence)
        return
    for key, value in values.items():
        if fault := _value_fault(value, f"{field}.{key[:_SHOWN]}"):
            yield fault


def _value_fault(value: object, field: str) -> Refusal | None:
    if not isinstance(value, str):
        return Refusal(
            field, "not_text", 'A template value must be a string: write numbers in quotes, like "12".'
        )
    if len(value) > MAX_VALUE:
        sentence = f"A template value has at most {MAX_VALUE} characters; this one has {len(value)}."
        return Refusal(field, "too_long", sentence)
    if flaw := unstorable(value):
        return Refusal(field, "characters", f"A template value {flaw}.")
    return None


def _key_fault(key: str) -> Refusal | None:
    if len(key) <= MAX_VALUE:
        return None
    sentence = f"A template key has at most {MAX_VALUE} characters; {key[:_SHOWN]!a}... has {len(key)}."
    return Refusal(_FIELD, "key_too_long", sentence)


def recipient_path(number: str) -> str:
    """Where a recipient of the object form stands, for people."""
    return f"{_FIELD}.{number if len(number) <= _SHOWN else number[:_SHOWN] + '...'}"


def _add(faults: list[Refusal], found: Iterable[Refusal | None]) -> None:
    """Add faults up to ``MAX_FAULTS``, then one sentence for the rest."""
    rest = (fault for fault in found if fault)
    faults.extend(islice(rest, MAX_FAULTS))
    if left := sum(1 for _ in rest):
        faults.append(Refusal(_FIELD, "more", f"{left} more faults of recipients are not listed."))
