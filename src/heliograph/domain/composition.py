"""What each message of a batch will be: its text, encoding and segments, or the code that refuses it.

Columns, not objects: a batch may have 100,000 messages, and the database takes columns too.
"""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from heliograph.domain import gsm7
from heliograph.domain.batch import BatchDraft
from heliograph.domain.batch_recipients import MAX_VALUE
from heliograph.domain.encoding import Coding, Encoding
from heliograph.domain.msisdn import classify_recipients
from heliograph.domain.segmentation import MAX_SEGMENTS, segment_count
from heliograph.domain.status import Code
from heliograph.domain.template import Template, compile_template

LONGEST_TEXT: Final = MAX_SEGMENTS * 153
"""No text of more characters fits 255 segments in any encoding; it is refused before it is rendered."""

_BARRED: Final = Code.RECIPIENT_REJECTED.value


class Composition(msgspec.Struct, frozen=True):
    """The messages of a batch, or of a slice of it, as columns in the order of the recipients."""

    recipients: Sequence[str]
    codes: list[int]
    """0 for a message to be sent; 405, 408 or 409 for one that is refused and never charged."""
    segments: list[int]
    """Segments of the text; 0 where it cannot be encoded."""
    encodings: list[int]
    """``Encoding`` of each text."""
    bodies: list[str] | None
    """The rendered texts; None when all have the text of the batch. Empty where far too long."""

    @property
    def refused_bodies(self) -> int:
        """How many messages were refused for their text."""
        return self.codes.count(Code.INVALID_BODY)


def bar(composition: Composition, barred: Collection[str]) -> Composition:
    """The same with 405 for each recipient that is barred, whatever else may be wrong with its message."""
    codes = [
        _BARRED if recipient in barred else code
        for recipient, code in zip(composition.recipients, composition.codes, strict=True)
    ]
    return msgspec.structs.replace(composition, codes=codes)


class TextFit(msgspec.Struct, frozen=True):
    """How a text goes out, or 409 why it does not."""

    code: int
    segments: int
    encoding: Encoding


def compose(draft: BatchDraft, start: int = 0, stop: int | None = None) -> Composition:
    """Render and measure the messages ``start`` to ``stop`` (all of them by default).

    Work is done once for each distinct text. The number of a recipient is judged before its text: 408 wins.
    """
    recipients = draft.recipients if start == 0 and stop is None else draft.recipients[start:stop]
    codes = classify_recipients(recipients)
    if draft.templated:
        return _compose_each(draft, recipients, codes, start)
    fit = fit_text(draft.body, draft.coding)
    if fit.code:
        codes = [code or fit.code for code in codes]
    count = len(recipients)
    return Composition(recipients, codes, [fit.segments] * count, [int(fit.encoding)] * count, None)


def _compose_each(draft: BatchDraft, recipients: Sequence[str], codes: list[int], start: int) -> Composition:
    bodies = _render(compile_template(draft.body, draft.known_keys), draft, start, len(recipients))
    fits = {body: fit_text(body, draft.coding) for body in set(bodies)}
    chosen = [fits[body] for body in bodies]
    return Composition(
        recipients,
        [code or fit.code for code, fit in zip(codes, chosen, strict=True)],
        [fit.segments for fit in chosen],
        [int(fit.encoding) for fit in chosen],
        bodies,
    )


def _render(template: Template, draft: BatchDraft, start: int, count: int) -> list[str]:
    """The text of each message; nothing for one that is too long for any encoding."""
    default, render = draft.default_values, template.render
    owns = draft.own_values[start : start + count]
    if template.length_with(MAX_VALUE) <= LONGEST_TEXT:
        return [render(own, default) for own in owns]
    return [render(own, default) if template.length(own, default) <= LONGEST_TEXT else "" for own in owns]


def fit_text(text: str, coding: Coding) -> TextFit:
    """How a rendered text goes out under ``coding``; 409 when blank, not in its alphabet or too long."""
    if not text or text.isspace():
        return TextFit(Code.INVALID_BODY.value, 0, Encoding.UCS2 if coding is Coding.UCS else Encoding.GSM7)
    encoding = Encoding.UCS2
    if coding is Coding.UCS:
        count = segment_count(text, encoding)
    else:
        try:
            count = segment_count(text, Encoding.GSM7)
            encoding = Encoding.GSM7
        except UnicodeEncodeError:
            if coding is Coding.GSM:
                return TextFit(Code.INVALID_BODY.value, 0, Encoding.GSM7)
            count = segment_count(text, encoding)
    return TextFit(Code.INVALID_BODY.value if count > MAX_SEGMENTS else 0, count, encoding)


def warnings(draft: BatchDraft, refused_bodies: int) -> list[str]:
    """Sentences for the answer: what was accepted, but hardly as the customer meant it.

    ``refused_bodies`` is the sum over all slices of the batch.
    """
    found = []
    if refused_bodies:
        found.append(
            f"{refused_bodies} of {len(draft.recipients)} messages were refused with status 409: their text"
            f" is blank, needs more than {MAX_SEGMENTS} segments, or does not fit the chosen datacoding."
        )
    if draft.coding is Coding.UCS and not draft.templated and (advice := _cheaper(draft.body)):
        found.append(advice)
    return found


def _cheaper(body: str) -> str | None:
    """The advice to use GSM-7 when it needs fewer segments than UCS-2."""
    ucs = segment_count(body, Encoding.UCS2)
    if ucs == 1 or not gsm7.is_encodable(body):
        return None
    gsm = segment_count(body, Encoding.GSM7)
    if gsm >= ucs:
        return None
    return (
        f"The text needs {ucs} segments as ucs but only {gsm} as gsm: set datacoding to gsm or auto"
        " to pay for fewer."
    )
