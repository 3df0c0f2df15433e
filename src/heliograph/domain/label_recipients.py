"""Labels among the recipients of a request: ``label:NAME`` stands for the phone numbers of its contacts.

Looked for only where a request is refused otherwise: no label is a phone number.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from heliograph.domain.batch_recipients import recipient_path
from heliograph.domain.refusals import Refusal

PREFIX: Final = "label:"
MAX_LABELS: Final = 100
"""Labels that one request may name."""

Texts = Mapping[str, str]
Labelled = Mapping[str, Sequence[tuple[str, Texts]]]
"""The numbers behind each label, with the properties of their contacts."""


_NOTHING: Final[Texts] = {}
_decode = msgspec.json.Decoder(dict[str, str]).decode


class NamedLabel(NamedTuple):
    """A label, and where in the request it is named."""

    label: str
    field: str


def named_labels(recipients: object) -> list[NamedLabel]:
    """The labels that recipients in either form name, in order."""
    if isinstance(recipients, list):
        return [
            NamedLabel(value[len(PREFIX) :], f"recipients[{index}]")
            for index, value in enumerate(recipients)
            if isinstance(value, str) and value.startswith(PREFIX)
        ]
    if isinstance(recipients, dict):
        return [
            NamedLabel(name[len(PREFIX) :], recipient_path(name))
            for name in recipients
            if name.startswith(PREFIX)
        ]
    return []


def unknown_label(named: NamedLabel) -> Refusal:
    """What is said of a label without a phone number behind it."""
    shown = named.label[:40]
    return Refusal(named.field, "unknown_label", f"No contact with a phone number has the label {shown!a}.")


def too_many_labels(named: Sequence[NamedLabel]) -> Refusal:
    """What is said of a request that names more labels than it may."""
    sentence = f"At most {MAX_LABELS} labels are allowed in one call, not {len(named)}."
    return Refusal("recipients", "too_many", sentence)


def too_many_numbers(most: int) -> Refusal:
    """What is said of labels with more numbers behind them than a request may have."""
    sentence = f"At most {most} recipients are allowed in one call; the labels hold more."
    return Refusal("recipients", "too_many", sentence)


def with_used_properties(found: Sequence[tuple[str, str | None]], body: object) -> list[tuple[str, Texts]]:
    """Numbers with their properties, given as JSON: those that the text has a placeholder for."""
    if not isinstance(body, str):
        return [(number, _NOTHING) for number, _ in found]
    return [
        (number, _used(_decode(properties), body) if properties else _NOTHING) for number, properties in found
    ]


def _used(properties: Texts, body: str) -> Texts:
    return {name: value for name, value in properties.items() if f"{{{name}}}" in body}


def expanded(recipients: object, labelled: Labelled) -> Iterator[object]:
    """Recipients with the numbers of their labels, step by step: None after each label, at last the whole.

    A number named by itself keeps its own values; of two contacts with the same number the first one counts.
    What is given for a label overrides the properties of its contacts.
    """
    if isinstance(recipients, dict):
        members: dict[str, object] = {}
        for name, values in recipients.items():
            if not name.startswith(PREFIX):
                members[name] = values
                continue
            for number, properties in labelled[name[len(PREFIX) :]]:
                if number not in recipients and number not in members:
                    members[number] = {**properties, **(values or {})}
            yield None
        yield members
    elif isinstance(recipients, list):
        numbers: dict[str, None] = {}
        for value in recipients:
            if value.startswith(PREFIX):
                numbers.update(dict.fromkeys(number for number, _ in labelled[value[len(PREFIX) :]]))
                yield None
            else:
                numbers[value] = None
        yield list(numbers)
