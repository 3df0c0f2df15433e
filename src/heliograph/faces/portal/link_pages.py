"""Links that let somebody in once: the first start's, one for a new password, an invitation to an account."""

from typing import Final

import msgspec
from litestar import Response

from heliograph.domain.email_address import parse_email
from heliograph.domain.login_secret import login_hash
from heliograph.domain.mail_texts import SecurityNotice
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.audited_acts import note_own_act
from heliograph.faces.portal.login_cookies import (
    is_fresh,
    let_in,
    new_login,
    sign_in_of,
    signed_in_answer,
)
from heliograph.faces.portal.mailed_notices import mail_notice_to
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import page, see, translate_for
from heliograph.faces.portal.signed_in import Form, act, form_of, me_of, show, visitor_of
from heliograph.services.sign_in import judge_password
from heliograph.storage.account_members import OpenInvitation, find_invitation, list_roles, use_invitation
from heliograph.storage.audit_log import write_audit_entry
from heliograph.storage.database import Transaction
from heliograph.storage.portal_logins import end_logins_of_user
from heliograph.storage.portal_users import (
    OpenLink,
    change_user,
    create_user,
    find_sign_in_link,
    set_membership,
    spend_links_of_user,
    use_sign_in_link,
)
from heliograph.storage.user_credentials import set_password

SPENT_LINK: Final = (
    "This link has been used or has ended. Ask for a new one, or make one with `heliograph user link`."
)
TAKEN: Final = "This address signs in here already. Sign in first, then open the link again."
RESET: Final = "reset"
LONGEST_NAME: Final = 80


class Person(msgspec.Struct, frozen=True):
    """What somebody says of themselves in a form, judged."""

    name: str
    email: str | None
    password: str
    faults: dict[str, str]


def judge_person(request: PortalRequest, form: Form, *, everything: bool) -> Person:
    """Name, address and password of a form; without ``everything`` all of them may be left empty."""
    translate = translate_for(request)
    name, typed, password = form.text("name"), form.text("email"), form.raw("password")
    email, faults = parse_email(typed), {}
    if everything and not name:
        faults["name"] = translate("Say what you are called.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        faults["name"] = translate("A name has at most 80 characters, all on one line.")
    if typed and email is None:
        faults["email"] = translate("This is no e-mail address.")
    if not typed and (everything or password):
        faults["email"] = translate("You sign in with an address and the password: give both, or neither.")
    if password or everything:
        fault = judge_password(password, name, typed)
        if fault:
            faults["password"] = translate(fault)
    elif typed:
        faults["password"] = translate("You sign in with an address and the password: give both, or neither.")
    return Person(name, email, password, faults)


@show("/portal/welcome/{link:str}", right=None)
async def show_welcome(request: PortalRequest, link: str) -> Response[str]:
    """The page that a link leads to. It lets in only when its button is pressed: programs follow links."""
    return _link_page(request, link, await _link_of(request, link))


async def _link_of(request: PortalRequest, link: str) -> OpenLink:
    context = context_of(request)
    async with context.database.transaction() as tx:
        found = await find_sign_in_link(tx, login_hash(link), now=context.now())
    if found is None:
        raise NotFound(SPENT_LINK)
    return found


def _link_page(
    request: PortalRequest,
    link: str,
    found: OpenLink,
    person: Person | None = None,
    *,
    email: str | None = None,
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "new_password.html" if found.kind == RESET else "welcome.html",
        status=status,
        link=link,
        name=person.name if person else found.name if found.email else "",
        email=email if email is not None else found.email or "",
        faults=person.faults if person else {},
    )


@act("/portal/welcome/{link:str}", right=None)
async def use_welcome(request: PortalRequest, link: str) -> Response[None] | Response[str]:
    """Sign in with a link, once; whoever has a second factor shows it first."""
    context, form = context_of(request), await form_of(request)
    found = await _link_of(request, link)
    if found.kind == RESET:
        return await _use_reset(request, link, found, form)
    person = judge_person(request, form, everything=False)
    if person.faults:
        return _link_page(request, link, found, person, email=form.text("email"), status=400)
    stored = await sign_in_of(request).stored_form(person.password) if person.password else None
    async with context.database.transaction() as tx:
        if not await change_user(tx, found.user_id, name=person.name or None, email=person.email):
            person.faults["email"] = translate_for(request)("This address is somebody else's here.")
        else:
            await _spend(tx, request, link)
            if stored is not None:
                await set_password(tx, found.user_id, stored)
    if person.faults:
        return _link_page(request, link, found, person, email=form.text("email"), status=400)
    return await let_in(request, found.user_id, "/portal/")


async def _use_reset(
    request: PortalRequest, link: str, found: OpenLink, form: Form
) -> Response[None] | Response[str]:
    """A new password: every login of theirs ends, and the second factor is still asked for."""
    context, password = context_of(request), form.raw("password")
    fault = judge_password(password, found.name, found.email)
    if fault:
        person = Person(found.name, found.email, password, {"password": translate_for(request)(fault)})
        return _link_page(request, link, found, person, status=400)
    stored = await sign_in_of(request).stored_form(password)
    async with context.database.transaction() as tx:
        await _spend(tx, request, link)
        await set_password(tx, found.user_id, stored)
        await end_logins_of_user(tx, found.user_id)
        await mail_notice_to(tx, request, found.user_id, SecurityNotice.PASSWORD_CHANGED)
        for account_id in await list_roles(tx, found.user_id):
            await write_audit_entry(
                tx,
                account_id,
                user_id=found.user_id,
                actor=found.name,
                action="user.password_reset",
                subject=f"user {found.user_id}",
                now=context.now(),
                ids=context.ids,
            )
    return await let_in(request, found.user_id, "/portal/")


async def _spend(tx: Transaction, request: PortalRequest, link: str) -> None:
    now = context_of(request).now()
    used = await use_sign_in_link(tx, login_hash(link), now=now)
    if used is None:
        raise NotFound(SPENT_LINK)
    await spend_links_of_user(tx, used[0], now=now)


@show("/portal/welcome", right=None)
async def show_finish(request: PortalRequest) -> Response[str] | Response[None]:
    """Where somebody who came in with a link says how they will come in from now on."""
    me = me_of(request)
    if me.login.has_password or not is_fresh(request, me):
        return see("/portal/me")
    return _finish_page(request, me.name if me.email else "", me.email, {})


def _finish_page(
    request: PortalRequest, name: str, email: str, faults: dict[str, str], *, status: int = 200
) -> Response[str]:
    return page(request, "finish_welcome.html", status=status, name=name, email=email, faults=faults)


@act("/portal/welcome", right=None)
async def finish(request: PortalRequest) -> Response[None] | Response[str]:
    """Choose name, address and the first password."""
    me, form, context = me_of(request), await form_of(request), context_of(request)
    if me.login.has_password or not is_fresh(request, me):
        return see("/portal/me")
    person = judge_person(request, form, everything=True)
    if person.faults:
        return _finish_page(request, person.name, form.text("email"), person.faults, status=400)
    stored = await sign_in_of(request).stored_form(person.password)
    async with context.database.transaction() as tx:
        is_free = await change_user(tx, me.user_id, name=person.name, email=person.email)
        if is_free:
            await set_password(tx, me.user_id, stored)
            await note_own_act(tx, request, "user.password_chosen")
            await end_logins_of_user(tx, me.user_id, but=me.login.login_hash)
            login = await new_login(tx, request, me.user_id, second_factor=me.login.second_factor)
    translate = translate_for(request)
    if not is_free:
        faults = {"email": translate("This address is somebody else's here.")}
        return _finish_page(request, person.name, form.text("email"), faults, status=400)
    return signed_in_answer(
        request, login, "/portal/", translate("From now on you sign in with your address and this password.")
    )


@show("/portal/invitation/{link:str}", right=None)
async def show_invitation(request: PortalRequest, link: str) -> Response[str]:
    """The page that an invitation leads to: join as who one is, or become somebody."""
    invited = await _invitation_of(request, link)
    return _invitation_page(request, link, invited, email=invited.email)


async def _invitation_of(request: PortalRequest, link: str) -> OpenInvitation:
    context = context_of(request)
    async with context.database.transaction() as tx:
        found = await find_invitation(tx, login_hash(link), now=context.now())
    if found is None:
        raise NotFound("This invitation has been used, taken back, or has ended. Ask for a new one.")
    return found


def _invitation_page(
    request: PortalRequest,
    link: str,
    invited: OpenInvitation,
    person: Person | None = None,
    *,
    email: str,
    status: int = 200,
) -> Response[str]:
    return page(
        request,
        "invitation.html",
        status=status,
        link=link,
        invited=invited,
        name=person.name if person else "",
        email=email,
        faults=person.faults if person else {},
    )


@act("/portal/invitation/{link:str}", right=None)
async def use_invited(request: PortalRequest, link: str) -> Response[None] | Response[str]:
    """Join the account, once."""
    context, form, me = context_of(request), await form_of(request), visitor_of(request)
    invited = await _invitation_of(request, link)
    if me is not None:
        async with context.database.transaction() as tx:
            await _join(tx, request, link, me.user_id, me.name)
            login = await new_login(tx, request, me.user_id, second_factor=me.login.second_factor)
        return signed_in_answer(request, login, "/portal/")
    person = judge_person(request, form, everything=True)
    if person.faults:
        return _invitation_page(request, link, invited, person, email=form.text("email"), status=400)
    stored = await sign_in_of(request).stored_form(person.password)
    async with context.database.transaction() as tx:
        user_id = await create_user(
            tx, name=person.name, email=person.email, is_operator=False, now=context.now()
        )
        if user_id is not None:
            await set_password(tx, user_id, stored)
            await _join(tx, request, link, user_id, person.name)
    if user_id is None:
        person.faults["email"] = translate_for(request)(TAKEN)
        return _invitation_page(request, link, invited, person, email=form.text("email"), status=400)
    return await let_in(request, user_id, "/portal/")


async def _join(tx: Transaction, request: PortalRequest, link: str, user_id: int, name: str) -> None:
    """Make somebody a member by an invitation; whoever is one keeps the role they have."""
    context = context_of(request)
    used = await use_invitation(tx, login_hash(link), now=context.now())
    if used is None:
        raise NotFound("This invitation has been used, taken back, or has ended. Ask for a new one.")
    account_id, role = used
    if account_id in await list_roles(tx, user_id):
        return
    await set_membership(tx, account_id, user_id, role, now=context.now())
    # Whoever made them could have become somebody of this account with them.
    await spend_links_of_user(tx, user_id, now=context.now())
    await write_audit_entry(
        tx,
        account_id,
        user_id=user_id,
        actor=name,
        action="member.joined",
        subject=f"user {user_id}",
        detail={"role": role.value},
        now=context.now(),
        ids=context.ids,
    )


PAGES: Final = (show_welcome, use_welcome, show_finish, finish, show_invitation, use_invited)
