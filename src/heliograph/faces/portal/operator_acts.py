"""What the operator's pages have in common: the note of an act, faults beside fields, one account."""

from collections.abc import Iterable, Mapping

from heliograph.domain.carrier_rules import CarrierFault
from heliograph.domain.refusals import NotFound, Refusal
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import translate_for
from heliograph.faces.portal.signed_in import Form
from heliograph.storage.account_lines import AccountLine, find_account_line
from heliograph.storage.accounts import StoredAccount
from heliograph.storage.audit_log import INSTALLATION
from heliograph.storage.database import Transaction

Faults = dict[str, str]
"""What is wrong, by the name of the field that it stands beside."""


async def note_operator_act(
    tx: Transaction,
    request: PortalRequest,
    action: str,
    subject: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Note what an operator does to the installation, in the transaction that does it."""
    await note_act(tx, request, action, subject, detail, account_id=INSTALLATION)


async def account_of(tx: Transaction, request: PortalRequest, number: str) -> AccountLine:
    """The account with a number. Raises NotFound."""
    found = await find_account_line(tx, number, now=context_of(request).now())
    if found is None:
        raise NotFound("There is no such account.")
    return found


async def named_account(
    tx: Transaction,
    request: PortalRequest,
    form: Form,
    field: str,
    faults: Faults,
    *,
    needed: str | None = None,
) -> StoredAccount | None:
    """The account whose number a field holds; None where it holds nothing or no account's.

    ``needed`` is what stands beside an empty field that must not be.
    """
    number = form.text(field)
    if not number:
        if needed is not None:
            faults[field] = needed
        return None
    line = await find_account_line(tx, number, now=context_of(request).now())
    if line is None:
        faults[field] = translate_for(request)("There is no such account.")
        return None
    return line.account


def faults_of(refusals: Iterable[Refusal | CarrierFault], request: PortalRequest) -> Faults:
    """Refusals as texts beside their fields, the first of each."""
    translate = translate_for(request)
    found: Faults = {}
    for refusal in refusals:
        found.setdefault(refusal.field, sentence(translate(refusal.sentence)))
    return found


def sentence(text: str) -> str:
    """A text with the capital letter and the full stop of a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def whole_number(text: str, lowest: int, highest: int) -> int | None:
    """A whole number within bounds; None for anything else."""
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        return None
    return int(text) if lowest <= int(text) <= highest else None
