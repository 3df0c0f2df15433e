"""The velocity guard: an account sees its rules and what they caught; operators set the rules of all."""

from typing import Any, Final

from litestar import Response

from heliograph.domain.portal_rights import Right
from heliograph.domain.refusals import NotFound
from heliograph.domain.velocity_rules import (
    LARGEST_LIMIT,
    PERIODS,
    GuardMode,
    GuardRule,
    period_word,
    read_guard_prefix,
    rules_in_force,
)
from heliograph.faces.portal.operator_acts import Faults, note_operator_act, whole_number
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.undoable_acts import note_operator_removal
from heliograph.storage.account_lines import find_account_line
from heliograph.storage.account_names import find_account_names
from heliograph.storage.database import Transaction
from heliograph.storage.guard_rules import (
    ALL_ACCOUNTS,
    list_guard_rules,
    remove_guard_rule,
    set_guard_rule,
)
from heliograph.storage.guard_windows import list_guard_events
from heliograph.storage.removals import RemovedGuardRule

GUARD: Final = "/portal/guard"
RULES: Final = "/portal/operator/guard"
_EVENTS: Final = 100
_EMPTY: Final = {"prefix": "", "account": "", "limit": "", "per": "hour", "mode": "watch"}


@show(GUARD, right=Right.SETTINGS)
async def show_guard(request: PortalRequest) -> Response[str]:
    """The rules that count for the account, and when a limit was passed."""
    me = me_of(request)
    async with context_of(request).database.transaction() as tx:
        own = await list_guard_rules(tx, me.account_id)
        for_all = await list_guard_rules(tx, ALL_ACCOUNTS)
        events = await list_guard_events(tx, me.account_id, limit=_EVENTS)
    rules = rules_in_force([each.rule for each in for_all], [each.rule for each in own])
    return page(
        request,
        "guard.html",
        rules=[each for each in rules if each.mode is not GuardMode.OFF],
        events=events,
        period_word=period_word,
    )


@show(RULES, right=Right.OPERATE)
async def show_rules(request: PortalRequest) -> Response[str]:
    """Every rule, and when a limit was passed by whom."""
    return await _rules_page(request)


@act(RULES, right=Right.OPERATE)
async def set_rule(request: PortalRequest) -> Response[Any]:
    """Set the rule for a prefix, in place of the one it had."""
    form, translate = await form_of(request), translate_for(request)
    rule, faults = _rule(request, form)
    async with context_of(request).database.transaction() as tx:
        account_id = await _account_id(tx, request, form, faults)
        if rule is not None and not faults:
            await set_guard_rule(tx, account_id, rule)
            detail = {"account": form.text("account"), "mode": rule.mode.name.lower(), "limit": rule.most}
            await note_operator_act(tx, request, "guard.set", rule.prefix, detail)
    if faults:
        return await _rules_page(request, form.values(), faults)
    return see(RULES, translate("The rule counts within a few seconds."))


@act(f"{RULES}/remove", right=Right.OPERATE)
async def remove_rule(request: PortalRequest) -> Response[None]:
    """Remove a rule; for an account the one for all accounts then counts again."""
    form = await form_of(request)
    prefix, account_id = form.text("prefix"), whole_number(form.text("account_id"), 0, 10**12)
    async with context_of(request).database.transaction() as tx:
        rules = await list_guard_rules(tx, account_id)
        found = next(
            (each for each in rules if (each.account_id, each.rule.prefix) == (account_id, prefix)), None
        )
        if found is None or not await remove_guard_rule(tx, found.account_id, prefix):
            raise NotFound("There is no such rule.")
        removal, detail = RemovedGuardRule(found.account_id, found.rule), {"accountId": account_id}
        undo = await note_operator_removal(tx, request, removal, "guard.removed", prefix, RULES, detail)
    return see(RULES, translate_for(request)("The rule is removed."), undo=undo)


def _rule(request: PortalRequest, form: Form) -> tuple[GuardRule | None, Faults]:
    """The rule that a form asks for; None with what is wrong with it."""
    translate, faults = translate_for(request), Faults()
    prefix = read_guard_prefix(form.text("prefix").replace(" ", ""))
    if prefix is None:
        faults["prefix"] = translate(
            "Digits with the country code first, such as 225, or * for each country."
        )
    mode = GuardMode.__members__.get(form.text("mode").upper())
    if mode is None:
        faults["mode"] = translate("Choose what the rule does.")
    most, seconds = whole_number(form.text("limit"), 0, LARGEST_LIMIT), PERIODS.get(form.text("per"))
    if mode is not GuardMode.OFF:
        if most is None:
            faults["limit"] = translate("Write how many recipients at most.")
        if seconds is None:
            faults["per"] = translate("Choose in which time.")
    if faults or prefix is None or mode is None:
        return None, faults
    if mode is GuardMode.OFF:
        return GuardRule(prefix, mode), faults
    return GuardRule(prefix, mode, most or 0, seconds or 0), faults


async def _account_id(tx: Transaction, request: PortalRequest, form: Form, faults: Faults) -> int:
    """Whose the rule is to be: an account's that is named, else everybody's."""
    number = form.text("account")
    if not number:
        return ALL_ACCOUNTS
    line = await find_account_line(tx, number, now=context_of(request).now())
    if line is None:
        faults["account"] = translate_for(request)("There is no such account.")
        return ALL_ACCOUNTS
    return line.account.account_id


async def _rules_page(
    request: PortalRequest, values: dict[str, str] | None = None, faults: Faults | None = None
) -> Response[str]:
    async with context_of(request).database.transaction() as tx:
        rules = await list_guard_rules(tx)
        events = await list_guard_events(tx, None, limit=_EVENTS)
        names = await find_account_names(
            tx, {each.account_id for each in rules} | {each.account_id for each in events}
        )
    return page(
        request,
        "operator_guard.html",
        status=400 if faults else 200,
        rules=rules,
        events=events,
        numbers={account_id: each.number for account_id, each in names.items()},
        period_word=period_word,
        values={**_EMPTY, **(values or {})},
        faults=faults or {},
    )


PAGES: Final = (show_guard, show_rules, set_rule, remove_rule)
