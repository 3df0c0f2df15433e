"""The people of an account: who belongs to it and as what, invitations, links for forgotten passwords."""

from datetime import timedelta
from typing import Final

from litestar import Response

from heliograph.domain.email_address import parse_email
from heliograph.domain.login_secret import login_hash
from heliograph.domain.membership_rules import leaves_no_owner, may_reset
from heliograph.domain.portal_rights import Right, Role
from heliograph.domain.refusals import NotFound
from heliograph.faces.portal.audited_acts import note_act
from heliograph.faces.portal.login_cookies import random_text
from heliograph.faces.portal.portal_context import PortalRequest, context_of
from heliograph.faces.portal.rendering import language_of, page, public_address, see, translate_for
from heliograph.faces.portal.signed_in import Form, SignedIn, act, form_of, me_of, show
from heliograph.faces.portal.undoable_acts import note_removal
from heliograph.storage.account_members import (
    Member,
    cancel_invitation,
    create_invitation,
    list_invitations,
    list_members,
    list_roles,
    list_roles_of_members,
    remove_membership,
)
from heliograph.storage.accounts import lock_account
from heliograph.storage.database import Transaction
from heliograph.storage.portal_logins import end_logins_of_user
from heliograph.storage.portal_users import create_sign_in_link, set_membership, spend_links_of_user
from heliograph.storage.removals import RemovedMember

USERS: Final = "/portal/users"
INVITATION_ENDS: Final = timedelta(days=7)
RESET_ENDS: Final = timedelta(minutes=30)
NO_MEMBER: Final = "There is nobody like that in this account."
NOT_YOURS_ALONE: Final = (
    "They belong to more than your accounts: only whoever runs this installation makes their link."
)
LAST_OWNER: Final = "An account keeps an owner: make somebody else one first."


@show(USERS, right=Right.USERS)
async def show_users(request: PortalRequest) -> Response[str]:
    """Who belongs to the account, and who is invited to."""
    return await _users_page(request, {}, {})


async def _users_page(
    request: PortalRequest, values: dict[str, str], faults: dict[str, str], *, status: int = 200
) -> Response[str]:
    me, context = me_of(request), context_of(request)
    async with context.database.transaction() as tx:
        members = await list_members(tx, me.account_id)
        invitations = await list_invitations(tx, me.account_id, now=context.now())
        roles, mine = await list_roles_of_members(tx, me.account_id), await list_roles(tx, me.user_id)
    resettable = [
        member.user_id for member in members if _may_reset(me, mine, member, roles.get(member.user_id, {}))
    ]
    return page(
        request,
        "users.html",
        status=status,
        values=values,
        faults=faults,
        members=members,
        invitations=invitations,
        resettable=resettable,
        roles=_role_options(request),
    )


def _role_options(request: PortalRequest) -> list[tuple[str, str, str]]:
    translate = translate_for(request)
    return [
        (Role.OWNER.value, translate("Owner"), translate("Everything, people and settings as well.")),
        (Role.DEVELOPER.value, translate("Developer"), translate("Sends; senders, keys and webhooks.")),
        (Role.SENDER.value, translate("Sender"), translate("Sends and answers.")),
        (Role.BILLING.value, translate("Billing"), translate("Sees what was sent and what it cost.")),
        (Role.READ_ONLY.value, translate("Read only"), translate("Sees what was sent.")),
    ]


def _may_reset(me: SignedIn, mine: dict[int, Role], member: Member, theirs: dict[int, Role]) -> bool:
    """Whether one may make a link that lets a member choose a new password; for oneself it needs none."""
    if member.user_id == me.user_id or member.is_disabled:
        return False
    return may_reset(mine, theirs, i_operate=me.is_operator, they_operate=member.is_operator)


@act(f"{USERS}/invite", right=Right.USERS)
async def invite(request: PortalRequest) -> Response[str]:
    """Make a link that lets somebody join, shown once: it is mailed, or whoever invites them passes it on."""
    me, form, context = me_of(request), await form_of(request), context_of(request)
    translate = translate_for(request)
    email, role, faults = parse_email(form.text("email")), _role_of(form), {}
    if email is None:
        faults["email"] = translate("This is no e-mail address.")
    if role is None:
        faults["role"] = translate("Choose what they may do.")
    if email is None or role is None:
        return await _users_page(request, form.values(), faults, status=400)
    secret, now, is_mailed = random_text(request), context.now(), False
    path = f"/portal/invitation/{secret}"
    async with context.database.transaction() as tx:
        await lock_account(tx, me.account_id)  # the same form twice at once: the later link takes the place
        members = await list_members(tx, me.account_id)
        is_member = any(member.email == email for member in members)
        if not is_member:
            await create_invitation(
                tx,
                me.account_id,
                login_hash(secret),
                email=email,
                role=role,
                now=now,
                expires_at=now + INVITATION_ENDS,
            )
            await note_act(tx, request, "member.invited", "invitation", {"role": role.value})
            if context.mail_desk is not None:
                is_mailed = await context.mail_desk.invite(
                    tx,
                    me.account_id,
                    email=email,
                    account=me.account_name,
                    inviter=me.name,
                    path=path,
                    language=language_of(request),
                    now=now,
                )
    if is_member:
        faults["email"] = translate("They belong to this account already.")
        return await _users_page(request, form.values(), faults, status=400)
    return page(
        request,
        "link_made.html",
        address=public_address(request) + path,
        is_invitation=True,
        is_mailed=is_mailed,
        whom=email,
    )


def _role_of(form: Form) -> Role | None:
    try:
        return Role(form.text("role"))
    except ValueError:
        return None


@act(f"{USERS}/invitations/cancel", right=Right.USERS)
async def take_back(request: PortalRequest) -> Response[None]:
    """Take an invitation back: its link counts no more."""
    me, form = me_of(request), await form_of(request)
    try:
        link_hash = bytes.fromhex(form.text("invitation"))
    except ValueError:
        link_hash = b""
    async with context_of(request).database.transaction() as tx:
        if not await cancel_invitation(tx, me.account_id, link_hash):
            raise NotFound("There is no such invitation, or it was used.")
        await note_act(tx, request, "member.uninvited", "invitation")
    return see(USERS, translate_for(request)("The invitation is taken back."))


async def _member_of(tx: Transaction, me: SignedIn, form: Form) -> tuple[Member, dict[int, Role]]:
    """The member that a form names, and the roles of all who may sign in; nobody else changes them now."""
    await lock_account(tx, me.account_id)
    members = await list_members(tx, me.account_id)
    found = next((member for member in members if str(member.user_id) == form.text("user")), None)
    if found is None:
        raise NotFound(NO_MEMBER)
    return found, {member.user_id: member.role for member in members if not member.is_disabled}


@act(f"{USERS}/role", right=Right.USERS)
async def change_role(request: PortalRequest) -> Response[None]:
    """Give a member another role; they sign in again."""
    me, form, context = me_of(request), await form_of(request), context_of(request)
    translate, role = translate_for(request), _role_of(form)
    if role is None:
        raise NotFound("There is no such role.")
    async with context.database.transaction() as tx:
        member, roles = await _member_of(tx, me, form)
        if leaves_no_owner(roles, member.user_id, role):
            return see(USERS, translate(LAST_OWNER), tone="bad")
        if role is not member.role:
            await set_membership(tx, me.account_id, member.user_id, role, now=context.now())
            await end_logins_of_user(tx, member.user_id)
            await spend_links_of_user(tx, member.user_id, now=context.now())
            detail = {"from": member.role.value, "to": role.value}
            await note_act(tx, request, "member.role_changed", f"user {member.user_id}", detail)
    return see(USERS, translate("%(name)s has another role, and signs in again.", name=member.name))


@act(f"{USERS}/remove", right=Right.USERS)
async def remove_member(request: PortalRequest) -> Response[None]:
    """Take somebody out of the account; at once they see nothing of it."""
    me, form, translate = me_of(request), await form_of(request), translate_for(request)
    async with context_of(request).database.transaction() as tx:
        member, roles = await _member_of(tx, me, form)
        if leaves_no_owner(roles, member.user_id, None):
            return see(USERS, translate(LAST_OWNER), tone="bad")
        await remove_membership(tx, me.account_id, member.user_id)
        await end_logins_of_user(tx, member.user_id)
        removal, detail = RemovedMember(member.user_id, member.role), {"role": member.role.value}
        subject = f"user {member.user_id}"
        undo = await note_removal(tx, request, removal, "member.removed", subject, USERS, detail)
    said = "%(name)s belongs to this account no more."
    # Whoever takes themselves out can undo nothing there any more.
    return see(USERS, translate(said, name=member.name), undo=None if member.user_id == me.user_id else undo)


@act(f"{USERS}/link", right=Right.USERS)
async def make_reset_link(request: PortalRequest) -> Response[str] | Response[None]:
    """Make a link with which a member chooses a new password, shown once."""
    me, form, context = me_of(request), await form_of(request), context_of(request)
    secret, now = random_text(request), context.now()
    async with context.database.transaction() as tx:
        member, _ = await _member_of(tx, me, form)
        mine, theirs = await list_roles(tx, me.user_id), await list_roles(tx, member.user_id)
        if not _may_reset(me, mine, member, theirs):
            return see(USERS, translate_for(request)(NOT_YOURS_ALONE), tone="bad")
        await spend_links_of_user(tx, member.user_id, now=now)
        await create_sign_in_link(
            tx, login_hash(secret), member.user_id, "reset", now=now, expires_at=now + RESET_ENDS
        )
        await note_act(tx, request, "user.reset_link_made", f"user {member.user_id}")
    address = f"{public_address(request)}/portal/welcome/{secret}"
    return page(
        request, "link_made.html", address=address, is_invitation=False, is_mailed=False, whom=member.name
    )


PAGES: Final = (show_users, invite, take_back, change_role, remove_member, make_reset_link)
