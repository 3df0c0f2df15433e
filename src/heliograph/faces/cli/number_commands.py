"""`heliograph number`: the numbers that handsets write to, and whose messages to them are."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from heliograph.domain.incoming import MOST_KEYWORD_LETTERS, read_inbound_number, read_keyword
from heliograph.faces.cli.command_options import (
    NO_OPTIONS,
    CommandOptions,
    Flag,
    InstallationArgument,
    examples,
)
from heliograph.faces.cli.command_refused import CommandRefused
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.storage.accounts import list_accounts
from heliograph.storage.database import Transaction
from heliograph.storage.inbound_numbers import (
    StoredNumber,
    add_keyword,
    add_number,
    change_number,
    list_numbers,
    remove_keyword,
    remove_number,
)

app = App(
    name="number",
    help="Say whose the numbers are that handsets write to.",
    help_epilogue=examples(
        "heliograph number add 46101606060 --account ip1-10001",
        "heliograph number add 72456 --shared",
        "heliograph number keyword add 72456 ACME ip1-10001",
    ),
)
keywords = App(name="keyword", help="Say which first word of a shared number's messages is whose.")
app.command(keywords)


@app.command(
    help_epilogue=examples(
        "heliograph number add 46101606060 --account ip1-10001", "heliograph number add 72456 --shared"
    )
)
async def add(
    number: str,
    /,
    *,
    account: str | None = None,
    shared: Flag = False,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Add a number that a carrier brings messages for.

    Parameters
    ----------
    number
        2 to 15 digits, as the carrier writes it, without + or 00 in front.
    account
        Whose its messages are; of a shared number, those that no keyword claims.
    shared
        Whether accounts have keywords on it.
    """
    if read_inbound_number(number) != number:
        raise CommandRefused(f"{number!r} is no number: 2 to 15 digits, without + or 00 in front")
    if account is None and not shared:
        raise CommandRefused("say whose it is with --account, or that it is --shared")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        account_id = None if account is None else (await get_account(tx, account)).account_id
        if not await add_number(tx, number, account_id=account_id, shared=shared, now=ground.now()):
            raise CommandRefused(f"there is a number {number} already")
        document = await _document(tx, await _get_number(tx, number))
    done(f"Messages to {number} go to {_whose(document)}.", document, as_json=options.json)


@app.command(name="list", help_epilogue=examples("heliograph number list", "heliograph number list --json"))
async def list_all(*, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument) -> None:
    """List every number with its account and its keywords."""
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        rows = [await _document(tx, each) for each in await list_numbers(tx)]
    columns = {"number": "Number", "account": "Account", "shared": "Shared", "keywords": "Keywords"}
    if not options.json:
        for row in rows:
            row["keywords"] = ", ".join(f"{word}: {owner}" for word, owner in row["keywords"].items())
    show_rows(rows, columns, as_json=options.json, empty="No numbers yet: every incoming message is lost.")


@app.command(
    help_epilogue=examples(
        "heliograph number change 72456 --account ip1-10002", "heliograph number change 72456 --no-account"
    )
)
async def change(
    number: str,
    /,
    *,
    account: str | None = None,
    no_account: Flag = False,
    shared: Annotated[bool | None, Parameter(negative="--own")] = None,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Change whose a number is; what came before stays where it is.

    Parameters
    ----------
    number
        As it was added.
    account
        Whose its messages are from now on.
    no_account
        Nobody gets what no keyword claims.
    shared
        Whether accounts have keywords on it.
    """
    if account is not None and no_account:
        raise CommandRefused("--account and --no-account contradict each other")
    if account is None and not no_account and shared is None:
        raise CommandRefused("nothing to change: name at least one option")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await _get_number(tx, number)
        account_id = None if no_account else found.account_id
        if account is not None:
            account_id = (await get_account(tx, account)).account_id
        is_shared = found.shared if shared is None else shared
        if account_id is None and not is_shared:
            raise CommandRefused("a number of nobody must be --shared")
        if found.keywords and not is_shared:
            raise CommandRefused(f"{number} has keywords: {', '.join(found.keywords)}; remove them first")
        await change_number(tx, number, account_id=account_id, shared=is_shared)
        document = await _document(tx, await _get_number(tx, number))
    done(f"Messages to {number} go to {_whose(document)}.", document, as_json=options.json)


@app.command(help_epilogue=examples("heliograph number remove 72456"))
async def remove(
    number: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Remove a number with its keywords; messages to it are no longer anybody's.

    Parameters
    ----------
    number
        As it was added.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        await _get_number(tx, number)
        await remove_number(tx, number)
    done(f"{number} is removed.", {"number": number, "removed": True}, as_json=options.json)


@keywords.command(name="add", help_epilogue=examples("heliograph number keyword add 72456 ACME ip1-10001"))
async def add_word(
    number: str,
    word: str,
    account: str,
    /,
    *,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Give messages that begin with a word to an account.

    Parameters
    ----------
    number
        A shared number.
    word
        One word, in any case.
    account
        The account's number.
    """
    keyword = _keyword(word)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        if not (await _get_number(tx, number)).shared:
            raise CommandRefused(f"{number} is not shared; see `heliograph number change {number} --shared`")
        owner = await get_account(tx, account)
        if not await add_keyword(tx, number, keyword, owner.account_id):
            raise CommandRefused(f"{keyword} on {number} is taken")
        document = await _document(tx, await _get_number(tx, number))
    done(f"Messages to {number} that begin with {keyword} go to {account}.", document, as_json=options.json)


@keywords.command(name="remove", help_epilogue=examples("heliograph number keyword remove 72456 ACME"))
async def remove_word(
    number: str,
    word: str,
    /,
    *,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Free a word.

    Parameters
    ----------
    number
        A shared number.
    word
        In any case.
    """
    keyword = _keyword(word)
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        await _get_number(tx, number)
        if not await remove_keyword(tx, number, keyword):
            raise CommandRefused(f"{number} has no keyword {keyword!r}")
        document = await _document(tx, await _get_number(tx, number))
    done(f"{keyword} on {number} is free.", document, as_json=options.json)


def _keyword(word: str) -> str:
    keyword = read_keyword(word)
    if keyword is None:
        raise CommandRefused(f"{word!r} is no keyword: one word of at most {MOST_KEYWORD_LETTERS} letters")
    return keyword


async def _get_number(tx: Transaction, number: str) -> StoredNumber:
    for found in await list_numbers(tx):
        if found.number == number:
            return found
    raise CommandRefused(f"there is no number {number!r}; see `heliograph number list`")


async def _document(tx: Transaction, number: StoredNumber) -> dict[str, Any]:
    names = {account.account_id: account.number for account in await list_accounts(tx)}
    return {
        "number": number.number,
        "account": None if number.account_id is None else names[number.account_id],
        "shared": number.shared,
        "keywords": {word: names[owner] for word, owner in number.keywords.items()},
        "created": number.created_at,
    }


def _whose(document: dict[str, Any]) -> str:
    if not document["shared"]:
        return str(document["account"])
    rest = document["account"] or "nobody"
    return f"whoever has their first word as keyword, else to {rest}"
