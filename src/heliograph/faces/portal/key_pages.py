"""API keys: made, shown once, revoked."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from litestar import Response

from heliograph.domain.key_request import KeyDraft, check_key
from heliograph.domain.key_rights import KeyScope
from heliograph.domain.portal_rights import Right, rights_to_give
from heliograph.domain.refusals import Conflict, Forbidden, InvalidRequest, NotFound, Refusal
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, public_address, see, translate_for, zone_name_of
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show
from heliograph.faces.portal.text_formats import zone_of
from heliograph.faces.portal.usual_sender import usual_sender
from heliograph.services.make_key import make_key
from heliograph.storage.api_keys import StoredKey, list_keys, revoke_key
from heliograph.storage.sent_forms import is_first

KEYS: Final = "/portal/keys"
MADE_BEFORE: Final = (
    "The key was made before, and shown then. If you did not copy it, revoke it and make another."
)


@show(KEYS, right=Right.KEYS)
async def show_keys(request: PortalRequest) -> Response[str]:
    """The keys of the account, those that work first."""
    return await _listed(request)


@show(f"{KEYS}/new", right=Right.KEYS)
async def show_new_key(request: PortalRequest) -> Response[str]:
    """The form for another key."""
    return _form_page(request, {"all_scopes": "1"}, [], {})


@act(f"{KEYS}/new", right=Right.KEYS)
async def create_key(request: PortalRequest) -> Response[str] | Response[None]:
    """Make a key, and show it, once. A page that is loaded again makes no other one."""
    context, me, form = context_of(request), me_of(request), await form_of(request)
    try:
        draft = _draft(request, form)
    except InvalidRequest as refused:
        return _refused(request, form, refused.faults)
    once, now = form.text("once")[:64], context.now()
    try:
        async with context.database.transaction() as tx:
            if not await is_first(tx, me.account_id, "key", once, draft.name, now=now):
                return see(KEYS, translate_for(request)(MADE_BEFORE), tone="warn")
            made = await make_key(tx, me.account_id, draft, random_bytes=context.random_bytes, now=now)
            detail = {"name": draft.name, "test": draft.rights.is_test}
            await note_act(tx, request, "key.created", made.stored.key_id, detail)
    except Conflict as refused:
        return _refused(request, form, [Refusal("name", "too_many", refused.sentence)])
    return page(
        request,
        "key_made.html",
        token=made.token,
        name=draft.name,
        address=public_address(request),
        sender=await usual_sender(context, me.account_id),
    )


@act(f"{KEYS}/{{key_id:str}}/revoke", right=Right.KEYS)
async def revoke(request: PortalRequest, key_id: str) -> Response[None]:
    """Revoke a key: no process takes it after 5 seconds."""
    context, me, now = context_of(request), me_of(request), context_of(request).now()
    async with context.database.transaction() as tx:
        if not await revoke_key(tx, key_id, now=now, account_id=me.account_id):
            raise NotFound("There is no such key, or it has been revoked already.")
        await note_act(tx, request, "key.revoked", key_id)
    return see(KEYS, translate_for(request)("The key is revoked. It stops working within five seconds."))


async def _listed(request: PortalRequest) -> Response[str]:
    context, me = context_of(request), me_of(request)
    async with context.database.transaction() as tx:
        keys = await list_keys(tx, me.account_id)
    now = context.now()
    working = [key for key in reversed(keys) if _works(key, now)]
    ended = [key for key in reversed(keys) if not _works(key, now)]
    return page(request, "keys.html", working=working, ended=ended)


def _works(key: StoredKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def _draft(request: PortalRequest, form: Form) -> KeyDraft:
    """The key that the form asks for. Raises InvalidRequest with every fault."""
    maker, translate = rights_to_give(me_of(request).may), translate_for(request)
    members: dict[str, object] = {"name": form.text("name") or None, "test": form.flag("test")}
    if not form.flag("all_scopes"):
        members["scopes"] = form.texts("scopes")
    networks = form.text("networks").replace(",", " ").split()
    if networks:
        members["networks"] = networks
    faults = []
    if not form.flag("all_scopes") and not form.texts("scopes"):
        faults.append(Refusal("scopes", "required", "Choose at least one scope, or all of them."))
    ends = form.text("expires")
    if ends:
        end = _end_of_day(request, ends)
        if end is None:
            faults.append(Refusal("expires", "not_a_time", "Choose a date, such as 2027-01-31."))
        else:
            members["expires"] = end.isoformat()
    now = context_of(request).now()
    try:
        draft = check_key(members, maker=maker, maker_ends=None, now=now)
    except Forbidden:
        said = translate("You cannot give a key more than you may do yourself.")
        raise InvalidRequest([Refusal("scopes", "forbidden", said), *faults]) from None
    except InvalidRequest as refused:
        raise InvalidRequest([*refused.faults, *faults]) from None
    if faults:
        raise InvalidRequest(faults)
    return draft


def _end_of_day(request: PortalRequest, text: str) -> datetime | None:
    """The last second of a day where whoever asks is; None for what is no day."""
    try:
        day = date.fromisoformat(text)
        morning = datetime.combine(day + timedelta(days=1), time(), zone_of(zone_name_of(request)))
    except (ValueError, OverflowError):
        return None
    return morning - timedelta(seconds=1)


def _refused(request: PortalRequest, form: Form, faults: Sequence[Refusal]) -> Response[str]:
    by_field: dict[str, str] = {}
    for fault in faults:
        by_field.setdefault(fault.field.partition("[")[0], translate_for(request)(fault.sentence))
    return _form_page(request, form.values(), form.texts("scopes"), by_field, status=400)


def _form_page(
    request: PortalRequest,
    values: dict[str, str],
    scopes: list[str],
    faults: dict[str, str],
    *,
    status: int = 200,
) -> Response[str]:
    fields = ("name", "scopes", "networks", "expires")
    shown: dict[str, Any] = {
        "values": {**values, "once": values.get("once") or context_of(request).random_bytes(16).hex()},
        "chosen": scopes,
        "faults": {field: faults.get(field) for field in fields},
    }
    mine = rights_to_give(me_of(request).may).scopes
    scopes = [scope for scope in KeyScope if mine is None or scope in mine]
    return page(request, "key_new.html", status=status, scopes=scopes, gives_all=mine is None, **shown)


PAGES: Final = (show_keys, show_new_key, create_key, revoke)
