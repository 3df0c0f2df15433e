"""What an owner chooses for the account: reports, second tries, a daily cap, how long texts are kept."""

from typing import Any, Final

from litestar import Response

from heliograph.domain.portal_rights import Right
from heliograph.domain.pricing import as_number
from heliograph.domain.retention import read_days
from heliograph.domain.retry import REPORT_SCHEDULES
from heliograph.domain.second_try import POLICIES
from heliograph.domain.typed_values import read_amount, with_decimal_point
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import act, form_of, me_of, show
from heliograph.storage.account_choices import AccountChoices, read_choices, set_choices
from heliograph.storage.daily_caps import read_spent

SETTINGS: Final = "/portal/settings"
REPORT_CODES: Final = ("all", "final")


@show(SETTINGS, right=Right.SETTINGS)
async def show_settings(request: PortalRequest) -> Response[str]:
    """What is chosen now."""
    return await _settings_page(request, None, {})


async def _settings_page(
    request: PortalRequest, typed: dict[str, str] | None, faults: dict[str, str], *, status: int = 200
) -> Response[str]:
    me, context = me_of(request), context_of(request)
    async with context.database.transaction() as tx:
        choices = await read_choices(tx, me.account_id)
        is_capped = choices.own_daily_cap is not None or choices.daily_cap is not None
        spent = await read_spent(tx, me.account_id, now=context.now()) if is_capped else None
    values = typed if typed is not None else _as_typed(choices)
    return page(
        request,
        "settings.html",
        status=status,
        values=values,
        faults=faults,
        operators_cap=choices.daily_cap,
        spent=spent,
        installation_days=context.retention_days,
    )


def _as_typed(choices: AccountChoices) -> dict[str, str]:
    cap = choices.own_daily_cap
    return {
        "report_codes": choices.report_codes,
        "report_schedule": choices.report_schedule,
        "http_reports": "1" if choices.http_reports else "",
        "daily_cap": "" if cap is None else f"{as_number(cap)}",
        "in_doubt_policy": choices.in_doubt_policy,
        "retention_days": "" if choices.retention_days is None else str(choices.retention_days),
    }


@act(SETTINGS, right=Right.SETTINGS)
async def change_settings(request: PortalRequest) -> Response[str] | Response[None]:
    """Choose anew; every process goes by it within a few seconds."""
    me, form, context = me_of(request), await form_of(request), context_of(request)
    translate, faults = translate_for(request), {}
    codes, schedule, in_doubt, typed_cap, typed_days = (
        form.text(name)
        for name in ("report_codes", "report_schedule", "in_doubt_policy", "daily_cap", "retention_days")
    )
    days = read_days(typed_days)
    cap = read_amount(with_decimal_point(typed_cap)) if typed_cap else None
    if codes not in REPORT_CODES:
        faults["report_codes"] = translate("Choose one of these.")
    if schedule not in REPORT_SCHEDULES:
        faults["report_schedule"] = translate("Choose one of these.")
    if in_doubt not in POLICIES:
        faults["in_doubt_policy"] = translate("Choose one of these.")
    if typed_cap and cap is None:
        faults["daily_cap"] = translate(
            "This is no amount such as 500 or 99.50. Leave it empty for no limit."
        )
    if typed_days and days is None:
        faults["retention_days"] = translate(
            "This is no number of days from 10 to 3650. Leave it empty for the installation's."
        )
    if faults:
        return await _settings_page(request, form.values(), faults, status=400)
    async with context.database.transaction() as tx:
        before = await read_choices(tx, me.account_id)
        after = AccountChoices(
            codes, schedule, form.flag("http_reports"), cap, before.daily_cap, days, in_doubt
        )
        changed = {
            name: [_kept(name, getattr(each, name)) for each in (before, after)]
            for name in AccountChoices.__struct_fields__
            if getattr(after, name) != getattr(before, name)
        }
        if changed:
            await set_choices(tx, me.account_id, after)
            await note_act(tx, request, "settings.changed", me.account_number, changed)
    context.accounts.forget(me.account_id)
    return see(SETTINGS, translate("Saved."))


def _kept(name: str, value: Any) -> Any:
    """A choice as the audit log keeps it: amounts in units of the currency."""
    return as_number(value) if name.endswith("_cap") and value is not None else value


PAGES: Final = (show_settings, change_settings)
