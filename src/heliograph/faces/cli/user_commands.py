"""`heliograph user`: the people who sign in to the portal."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from heliograph.domain.email_address import parse_email
from heliograph.domain.login_secret import SECRET_BYTES, login_hash, login_secret
from heliograph.domain.mail_texts import SecurityNotice
from heliograph.domain.membership_rules import leaves_no_owner
from heliograph.domain.portal_rights import Role
from heliograph.faces.cli.command_ground import ACTOR, Ground
from heliograph.faces.cli.command_options import (
    NO_OPTIONS,
    CommandOptions,
    Flag,
    InstallationArgument,
    examples,
)
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_one, show_rows
from heliograph.storage.account_members import list_members, remove_membership
from heliograph.storage.accounts import StoredAccount, lock_account
from heliograph.storage.audit_log import INSTALLATION, write_audit_entry
from heliograph.storage.database import Transaction
from heliograph.storage.portal_logins import end_logins_of_user
from heliograph.storage.portal_users import (
    PortalUser,
    create_sign_in_link,
    create_user,
    disable_user,
    find_user,
    list_users,
    make_operator,
    set_membership,
    spend_links_of_user,
)
from heliograph.storage.user_credentials import forget_second_factors

NEW_LINK_DAYS: Final = 7
RESET_MINUTES: Final = 30
OPERATOR: Final = "operator"
NONE: Final = "none"

_LABELS: Final = {
    "id": "Id",
    "email": "Address",
    "name": "Name",
    "roles": "Roles",
    "operator": "Operator",
    "secondStep": "Second step",
    "lastSeen": "Last seen",
    "disabled": "Disabled",
}

app = App(
    name="user",
    help="Let people sign in to the portal, and say what they may do.",
    help_epilogue=examples("heliograph user create kim@example.com --account ip1-10001"),
)


@app.command(name="list", help_epilogue=examples("heliograph user list", "heliograph user list --json"))
async def list_of_installation(
    *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List everybody who signs in, with their accounts and roles."""
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        users = await list_users(tx)
    rows = [
        {
            "id": user.user_id,
            "email": user.email,
            "name": user.name,
            "roles": list(user.roles),
            "operator": user.is_operator,
            "secondStep": user.has_second_factor,
            "lastSeen": user.seen_at,
            "disabled": user.disabled_at,
        }
        for user in users
    ]
    show_rows(rows, _LABELS, as_json=options.json, empty="No users yet.")


@app.command(
    help_epilogue=examples(
        "heliograph user create kim@example.com --account ip1-10001 --role sender",
        "heliograph user create ops@example.com --name Operations --operator",
    )
)
async def create(
    email: str,
    /,
    *,
    name: str | None = None,
    account: str | None = None,
    role: str = Role.OWNER.value,
    operator: Annotated[bool, Parameter(negative="")] = False,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Make a user, and a link with which they choose their password; it counts once, for 7 days.

    Parameters
    ----------
    email
        The address that they sign in with.
    name
        What they are called (default: the address).
    account
        The number of an account that they belong to.
    role
        What they are there: owner, developer, sender, billing or read_only (default: owner).
    operator
        Let them operate the installation: all accounts, carriers, routes and prices.
    """
    address, given = _address(email), _role(role)
    if account is None and not operator:
        raise CommandRefused("a user belongs to an account or is an operator: name --account, or --operator")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = None if account is None else await get_account(tx, account)
        now = ground.now()
        user_id = await create_user(tx, name=name or address, email=address, is_operator=operator, now=now)
        if user_id is None:
            raise CommandRefused(f"{address} is a user already; see `heliograph user role --help`")
        if found is not None:
            await set_membership(tx, found.account_id, user_id, given, now=now)
        await _note(tx, ground, found, "user.created", user_id)
        link = await _make_link(tx, ground, user_id, "invitation", timedelta(days=NEW_LINK_DAYS))
    document = {
        "id": user_id,
        "email": address,
        "account": account,
        "role": given.value if account else None,
        "operator": operator,
        "link": link,
    }
    _show_link(document, options, f"{NEW_LINK_DAYS} days")


@app.command(
    help_epilogue=examples(
        "heliograph user link kim@example.com",
        "heliograph user link 1",
        "heliograph user link kim@example.com --forget-second-step",
    )
)
async def link(
    user: str,
    /,
    *,
    forget_second_step: Flag = False,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Make a link with which somebody chooses a new password; it counts once, for 30 minutes.

    Their second step is asked for as before. Links made earlier count no more.

    Parameters
    ----------
    user
        Their address, or their id.
    forget_second_step
        They have lost it: app, passkeys and recovery codes count no more. Be sure who asks.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await _find(tx, user)
        if found.disabled_at is not None:
            raise CommandRefused(f"{user} is disabled; `heliograph user enable {user}` comes first")
        kind = "reset" if found.email else "welcome"
        if forget_second_step:
            await forget_second_factors(tx, found.user_id)
            await end_logins_of_user(tx, found.user_id)
            await _note(tx, ground, None, "user.second_step_forgotten", found.user_id)
            await _mail_notice(tx, ground, found)
        await _note(tx, ground, None, "user.reset_link_made", found.user_id)
        address = await _make_link(tx, ground, found.user_id, kind, timedelta(minutes=RESET_MINUTES))
    document = {"id": found.user_id, "email": found.email, "link": address}
    _show_link(document, options, f"{RESET_MINUTES} minutes")


@app.command(help_epilogue=examples("heliograph user disable kim@example.com"))
async def disable(
    user: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Let somebody in no more: they are signed out at once, everywhere.

    Parameters
    ----------
    user
        Their address, or their id.
    """
    await _switch(user, options, installation, is_disabled=True)


@app.command(help_epilogue=examples("heliograph user enable kim@example.com"))
async def enable(
    user: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Let somebody in again who was disabled.

    Parameters
    ----------
    user
        Their address, or their id.
    """
    await _switch(user, options, installation, is_disabled=False)


async def _switch(
    user: str, options: CommandOptions, installation: InstallationArgument, *, is_disabled: bool
) -> None:
    word = "disabled" if is_disabled else "enabled"
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await _find(tx, user)
        await disable_user(tx, found.user_id, now=ground.now() if is_disabled else None)
        await end_logins_of_user(tx, found.user_id)
        await _note(tx, ground, None, f"user.{word}", found.user_id)
    document = {"id": found.user_id, "email": found.email, "disabled": is_disabled}
    done(f"{user} is {word}.", document, as_json=options.json)


@app.command(
    help_epilogue=examples(
        "heliograph user role kim@example.com developer --account ip1-10001",
        "heliograph user role kim@example.com none --account ip1-10001",
        "heliograph user role kim@example.com operator",
    )
)
async def role(
    user: str,
    role: str,
    /,
    *,
    account: str | None = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Say what somebody is, in an account or, without one, in the installation. They sign in again.

    A link that was made for them and is not used yet counts no more.

    Parameters
    ----------
    user
        Their address, or their id.
    role
        In an account: owner, developer, sender, billing, read_only or none. Without: operator or none.
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await _find(tx, user)
        if account is None:
            if role not in (OPERATOR, NONE):
                raise CommandRefused(f"{role!r} is a role in an account: name --account, too")
            await make_operator(tx, found.user_id, is_operator=role == OPERATOR)
            await _note(tx, ground, None, "user.operator_changed", found.user_id, role=role)
        else:
            stored = await get_account(tx, account)
            await _set_role(tx, ground, stored, found, None if role == NONE else _role(role))
            await _note(tx, ground, stored, "member.role_changed", found.user_id, to=role)
        await end_logins_of_user(tx, found.user_id)
        await spend_links_of_user(tx, found.user_id, now=ground.now())
    document = {"id": found.user_id, "email": found.email, "account": account, "role": role}
    done(f"{user} is {role} in {account or 'the installation'}.", document, as_json=options.json)


async def _set_role(
    tx: Transaction, ground: Ground, account: StoredAccount, user: PortalUser, role: Role | None
) -> None:
    await lock_account(tx, account.account_id)
    members = await list_members(tx, account.account_id)
    roles = {member.user_id: member.role for member in members if not member.is_disabled}
    if leaves_no_owner(roles, user.user_id, role):
        raise CommandRefused(f"{account.number} would have no owner: make somebody else one first")
    if role is not None:
        await set_membership(tx, account.account_id, user.user_id, role, now=ground.now())
    elif not await remove_membership(tx, account.account_id, user.user_id):
        raise CommandRefused(f"{user.email or user.user_id} does not belong to {account.number}")


async def _find(tx: Transaction, text: str) -> PortalUser:
    """The user with that address or id."""
    found = None
    if text.isascii() and text.isdigit() and len(text) < 19:
        found = await find_user(tx, user_id=int(text))
    elif (email := parse_email(text)) is not None:
        found = await find_user(tx, email=email)
    if found is None:
        raise CommandRefused(f"there is no user {text!r}; see `heliograph user list`")
    return found


def _address(text: str) -> str:
    email = parse_email(text)
    if email is None:
        raise CommandRefused(f"{text!r} is no e-mail address")
    return email


def _role(text: str) -> Role:
    try:
        return Role(text.lower().replace("-", "_"))
    except ValueError:
        known = ", ".join(each.value for each in Role)
        raise CommandRefused(f"there is no role {text!r}: {known}") from None


async def _mail_notice(tx: Transaction, ground: Ground, user: PortalUser) -> None:
    """Tell somebody that their second step is asked for no more, where mails are sent."""
    desk = ground.mail_desk()
    if desk is not None:
        await desk.notify(
            tx,
            SecurityNotice.SECOND_STEP_FORGOTTEN,
            email=user.email,
            name=user.name,
            language=user.language,
            now=ground.now(),
        )


async def _make_link(tx: Transaction, ground: Ground, user_id: int, kind: str, lasts: timedelta) -> str:
    """A link that lets a user in once, in place of those before."""
    secret, now = login_secret(ground.random_bytes(SECRET_BYTES)), ground.now()
    await spend_links_of_user(tx, user_id, now=now)
    ends: datetime = now + lasts
    await create_sign_in_link(tx, login_hash(secret), user_id, kind, now=now, expires_at=ends)
    return f"{ground.public_url}/portal/welcome/{secret}"


def _show_link(document: dict[str, Any], options: CommandOptions, lasts: str) -> None:
    labels = {"id": "Id", "email": "Address", "link": "Link"}
    show_one(document, labels, as_json=options.json)
    if not options.json:
        done(
            f"\nPass the link on: it counts once, for {lasts}, and cannot be shown again.", {}, as_json=False
        )


async def _note(
    tx: Transaction,
    ground: Ground,
    account: StoredAccount | None,
    action: str,
    user_id: int,
    **detail: object,
) -> None:
    """Note an act in the account's audit log, else in the installation's."""
    await write_audit_entry(
        tx,
        INSTALLATION if account is None else account.account_id,
        user_id=None,
        actor=ACTOR,
        action=action,
        subject=f"user {user_id}",
        detail=detail,
        now=ground.now(),
        ids=ground.ids,
    )
