"""The answer to POST /v2/batches?dryRun=true: what would become of each message, and why."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from heliograph.domain.batch import BatchDraft
from heliograph.domain.encoding import Encoding
from heliograph.domain.forcing_characters import ForcingCharacter, forcing_characters, segments_as_gsm
from heliograph.domain.pricing import as_number
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.faces.api.schemas import (
    DeliveryWindowDocument,
    PriceSummary,
    SummaryCount,
    message_summary,
    price_summary,
    whole_seconds,
)
from heliograph.services.explain_batch import Explanation
from heliograph.storage.batches import PreparedBatch

MOST_LISTED: Final = 1_000
MOST_TEXT: Final = 2_000_000
"""Characters of rendered texts in an answer; where they are longer, fewer recipients are listed."""
_TEXTS_A_STEP: Final = 50
_YES: Final = frozenset({"true", "1", "yes"})
_NO: Final = frozenset({"false", "0", "no"})

BAD_QUERY: Final = "One or more parameters of the query are not valid."
BAD_DRY_RUN: Final = "dryRun is true or false, or left out."
REPEATED: Final = "dryRun is given more than once."


class CharacterDocument(msgspec.Struct, frozen=True, rename="camel"):
    """A character that GSM-7 lacks, and what may be written instead."""

    character: str
    code_point: str
    count: int
    positions: list[int]
    replacement: str | None


class ExplainedRecipient(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What would become of the message to one recipient."""

    recipient: str
    code: int
    encoding: str
    segments: int
    segments_as_gsm: int | None
    forcing_characters: list[CharacterDocument]
    body: str | None
    price: float
    carrier: str | None
    window: DeliveryWindowDocument


class ExplanationDocument(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What would become of a batch. Nothing was stored, nothing charged, nothing is sent."""

    messages: int
    segments: int
    price_summary: PriceSummary
    balance: float | None
    """None for a key without the scope ``billing``."""
    balance_suffices: bool
    message_summary: dict[str, SummaryCount]
    delivery_windows: list[DeliveryWindowDocument]
    warnings: list[str]
    listed: int
    recipients: list[ExplainedRecipient]


class TextFacts(msgspec.Struct, frozen=True):
    """What is to say about a text."""

    segments_as_gsm: int | None
    characters: list[CharacterDocument]


def is_dry_run(query: bytes) -> bool:
    """Whether the query of a send asks for an explanation only. Raises InvalidRequest.

    The name counts in any letter case: whoever misspells it must not find the messages sent.
    """
    pairs = parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True, errors="replace")
    values = [value for name, value in pairs if name.lower() == "dryrun"]
    if not values:
        return False
    if len(values) > 1:
        raise InvalidRequest([Refusal("dryRun", "repeated", REPEATED)], BAD_QUERY)
    if values[0].lower() in _NO:
        return False
    if values[0].lower() not in _YES:
        raise InvalidRequest([Refusal("dryRun", "invalid", BAD_DRY_RUN)], BAD_QUERY)
    return True


_encode = msgspec.json.Encoder().encode


async def encode_explanation(explanation: Explanation, *, shows_balance: bool = True) -> bytes:
    """The answer as JSON; many long texts are looked at in steps, others being served in between."""
    batch, funded = explanation.batch, explanation.funded
    recipients = await _explained(explanation)
    summary = batch.summary(funded=funded)
    return _encode(
        ExplanationDocument(
            messages=batch.message_count,
            segments=sum(batch.segments),
            price_summary=price_summary(batch.total, batch.message_count, batch.account.currency),
            balance=as_number(explanation.balance) if shows_balance else None,
            balance_suffices=explanation.is_covered,
            message_summary=message_summary(summary),
            delivery_windows=_windows(batch.draft),
            warnings=list(batch.warnings),
            listed=len(recipients),
            recipients=recipients,
        )
    )


def _windows(draft: BatchDraft) -> list[DeliveryWindowDocument]:
    return [
        DeliveryWindowDocument(whole_seconds(window.opens), whole_seconds(window.closes))
        for window in draft.windows
    ]


def listed_count(batch: PreparedBatch) -> int:
    """How many recipients are listed: the first 1,000, fewer where their texts are very long."""
    count = min(batch.message_count, MOST_LISTED)
    if batch.bodies is None:
        return count
    room = MOST_TEXT
    for place, body in enumerate(batch.bodies[:count]):
        room -= len(body)
        if room < 0:
            return max(1, place)
    return count


async def _explained(explanation: Explanation) -> list[ExplainedRecipient]:
    batch = explanation.batch
    count = listed_count(batch)
    bodies = batch.bodies
    facts = await _facts_of([batch.draft.body] if bodies is None else bodies[:count])
    codes, window = batch.codes_if(funded=explanation.funded), _windows(batch.draft)[0]
    explained = []
    for place in range(count):
        text = batch.draft.body if bodies is None else bodies[place]
        fact = facts[text]
        is_gsm = batch.encodings[place] == Encoding.GSM7
        explained.append(
            ExplainedRecipient(
                recipient=batch.recipients[place],
                code=codes[place],
                encoding="GSM" if is_gsm else "UCS",
                segments=batch.segments[place],
                segments_as_gsm=fact.segments_as_gsm,
                forcing_characters=fact.characters,
                body=None if bodies is None else text,
                price=as_number(batch.prices[place]),
                carrier=explanation.carrier_names.get(batch.carriers[place]),
                window=window,
            )
        )
    return explained


async def _facts_of(texts: Iterable[str]) -> Mapping[str, TextFacts]:
    """The facts of each distinct text."""
    facts: dict[str, TextFacts] = {}
    for place, text in enumerate(dict.fromkeys(texts)):
        if place % _TEXTS_A_STEP == _TEXTS_A_STEP - 1:
            await asyncio.sleep(0)
        facts[text] = TextFacts(segments_as_gsm(text), list(map(_character, forcing_characters(text))))
    return facts


def _character(found: ForcingCharacter) -> CharacterDocument:
    return CharacterDocument(
        found.character, f"U+{ord(found.character):04X}", found.count, found.positions, found.replacement
    )
