"""Puts back what somebody removed in the portal, as it was; says why where that is not possible any more."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from heliograph.domain.contact import PHONE, ContactDraft
from heliograph.storage.account_members import list_members
from heliograph.storage.accounts import add_sender, lock_account
from heliograph.storage.audit_log import INSTALLATION
from heliograph.storage.blacklist import BlacklistSource, keep_in_blacklist
from heliograph.storage.cancel import show_batch_again
from heliograph.storage.carrier_costs import list_costs, lock_cost_currency, set_cost_currency, set_costs
from heliograph.storage.carrier_settings import list_carriers, restore_route
from heliograph.storage.contacts import insert_contacts, label_contacts, lock_contacts
from heliograph.storage.database import Transaction
from heliograph.storage.guard_rules import list_guard_rules, set_guard_rule
from heliograph.storage.inbound_numbers import add_keyword, add_number, list_numbers
from heliograph.storage.portal_users import set_membership
from heliograph.storage.price_lists import (
    create_price_list,
    find_price_list_by_name,
    list_price_lists,
    list_prices,
    set_prices,
)
from heliograph.storage.removals import (
    HiddenBatch,
    Removal,
    RemovedContact,
    RemovedCosts,
    RemovedGuardRule,
    RemovedKeyword,
    RemovedLabel,
    RemovedMember,
    RemovedNumber,
    RemovedPriceList,
    RemovedPrices,
    RemovedRoute,
    RemovedSender,
    UnblockedNumber,
)


class CannotUndo(Exception):
    """What took the place of what was removed; nothing was put back. One sentence says it."""


async def put_back(tx: Transaction, account_id: int, removal: Removal, *, now: datetime) -> None:
    """Undo a removal in an account; of the installation, where the removal is. Raises CannotUndo."""
    await _WAYS[type(removal)](tx, account_id, removal, now)


async def _contact(tx: Transaction, account_id: int, gone: RemovedContact, now: datetime) -> None:
    msisdn = gone.properties.get(PHONE, "").removeprefix("+") or None
    draft = ContactDraft(msisdn, gone.properties, gone.metadata, tuple(gone.labels))
    await insert_contacts(tx, account_id, [gone.contact_id], [draft], now=now)


async def _label(tx: Transaction, account_id: int, gone: RemovedLabel, _now: datetime) -> None:
    there = await lock_contacts(tx, account_id, gone.contact_ids)
    if not there:
        raise CannotUndo("None of its contacts is there any more.")
    await label_contacts(tx, account_id, [(gone.label, each) for each in gone.contact_ids if each in there])


async def _sender(tx: Transaction, _account_id: int, gone: RemovedSender, now: datetime) -> None:
    await add_sender(tx, gone.account_id, gone.sender, now=now)


async def _block(tx: Transaction, account_id: int, gone: UnblockedNumber, now: datetime) -> None:
    await keep_in_blacklist(tx, account_id, gone.msisdn, now=now, source=BlacklistSource.PORTAL)


async def _keyword(tx: Transaction, account_id: int, gone: RemovedKeyword, _now: datetime) -> None:
    found = next((each for each in await list_numbers(tx) if each.number == gone.number), None)
    if found is None or not found.shared:
        raise CannotUndo("Its number has no keywords any more.")
    if account_id != INSTALLATION and account_id not in (found.account_id, *found.keywords.values()):
        raise CannotUndo("The account is off this number by now.")
    if not await add_keyword(tx, gone.number, gone.keyword, gone.account_id):
        raise CannotUndo("Somebody has the keyword by now.")


async def _member(tx: Transaction, account_id: int, gone: RemovedMember, now: datetime) -> None:
    await lock_account(tx, account_id)
    if any(each.user_id == gone.member_id for each in await list_members(tx, account_id)):
        raise CannotUndo("They belong to the account again.")
    await set_membership(tx, account_id, gone.member_id, gone.role, now=now)


async def _batch(tx: Transaction, account_id: int, gone: HiddenBatch, _now: datetime) -> None:
    await show_batch_again(tx, account_id, gone.batch_id)


async def _route(tx: Transaction, _account_id: int, gone: RemovedRoute, _now: datetime) -> None:
    if all(each.carrier_id != gone.route.carrier_id for each in await list_carriers(tx)):
        raise CannotUndo("Its carrier is gone.")
    await restore_route(tx, gone.route)


async def _number(tx: Transaction, _account_id: int, gone: RemovedNumber, _now: datetime) -> None:
    before = gone.number
    is_new = await add_number(
        tx, before.number, account_id=before.account_id, shared=before.shared, now=before.created_at
    )
    if not is_new:
        raise CannotUndo("The number is in the list again.")
    for keyword, account_id in before.keywords.items():
        await add_keyword(tx, before.number, keyword, account_id)


async def _guard_rule(tx: Transaction, _account_id: int, gone: RemovedGuardRule, _now: datetime) -> None:
    rules = await list_guard_rules(tx, gone.account_id)
    if any(each.account_id == gone.account_id and each.rule.prefix == gone.rule.prefix for each in rules):
        raise CannotUndo("There is another rule for this prefix by now.")
    await set_guard_rule(tx, gone.account_id, gone.rule)


async def _prices(tx: Transaction, _account_id: int, gone: RemovedPrices, _now: datetime) -> None:
    if all(each.price_list_id != gone.price_list_id for each in await list_price_lists(tx)):
        raise CannotUndo("Its price list is gone.")
    if gone.prices.keys() & (await list_prices(tx, gone.price_list_id)).keys():
        raise CannotUndo("There is another price for this prefix by now.")
    await set_prices(tx, gone.price_list_id, gone.prices)


async def _price_list(tx: Transaction, _account_id: int, gone: RemovedPriceList, _now: datetime) -> None:
    if await find_price_list_by_name(tx, gone.name) is not None:
        raise CannotUndo("There is another price list of that name by now.")
    await set_prices(tx, await create_price_list(tx, name=gone.name, currency=gone.currency), gone.prices)


async def _costs(tx: Transaction, _account_id: int, gone: RemovedCosts, _now: datetime) -> None:
    if all(each.carrier_id != gone.carrier_id for each in await list_carriers(tx)):
        raise CannotUndo("Its carrier is gone.")
    currency = await lock_cost_currency(tx, gone.carrier_id)
    there = await list_costs(tx, gone.carrier_id)
    if there and currency != gone.currency:
        raise CannotUndo("The carrier's costs are in another currency by now.")
    if gone.costs.keys() & there.keys():
        raise CannotUndo("There are other costs by now.")
    await set_costs(tx, gone.carrier_id, gone.costs)
    await set_cost_currency(tx, gone.carrier_id, gone.currency)


_Way = Callable[[Transaction, int, Any, datetime], Awaitable[None]]
_WAYS: Final[Mapping[type, _Way]] = MappingProxyType(
    {
        RemovedContact: _contact,
        RemovedLabel: _label,
        RemovedSender: _sender,
        UnblockedNumber: _block,
        RemovedKeyword: _keyword,
        RemovedMember: _member,
        HiddenBatch: _batch,
        RemovedRoute: _route,
        RemovedNumber: _number,
        RemovedGuardRule: _guard_rule,
        RemovedPrices: _prices,
        RemovedPriceList: _price_list,
        RemovedCosts: _costs,
    }
)
