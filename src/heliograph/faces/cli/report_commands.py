"""`heliograph report`: the secrets that sign an account's reports, and having failed ones delivered again."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from heliograph.domain.ids import parse_id
from heliograph.domain.refusals import InvalidRequest, NotFound, RefusedError
from heliograph.domain.replay_filter import ReplayFilter
from heliograph.domain.report_url import ReportUrl, stored_report_url
from heliograph.domain.status import codes_of
from heliograph.faces.cli.command_ground import Ground
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import NOT_AS_IT_SHOULD_BE, CommandRefused
from heliograph.faces.cli.key_options import day_or_time
from heliograph.faces.cli.lookups import get_account
from heliograph.faces.cli.terminal import done, show_rows
from heliograph.services.replay_chosen import ReplayAccount, replay_chosen
from heliograph.services.replay_reports import replay_origin
from heliograph.services.webhook_rotation import (
    GRACE_HOURS,
    LONGEST_GRACE_HOURS,
    remove_old_secret,
    rotate_secret,
)
from heliograph.storage.failed_reports import list_account_origins
from heliograph.storage.webhook_secrets import StoredSecret, list_secrets

app = App(
    name="report",
    help="See where reports fail, have them delivered again, change what signs them.",
    help_epilogue=examples("heliograph report failed ip1-10001", "heliograph report secret rotate ip1-10001"),
)
secret = App(name="secret", help="List, rotate and remove the secrets that sign an account's reports.")
app.command(secret)


def _document(account: str, stored: StoredSecret) -> dict[str, Any]:
    return {
        "account": account,
        "id": stored.secret_id,
        "created": stored.created_at,
        "expires": stored.expires_at,
    }


@secret.command(name="list", help_epilogue=examples("heliograph report secret list ip1-10001"))
async def list_of_account(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List the secrets that sign an account's reports, without what they are.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        secrets = await list_secrets(tx, found.account_id, now=ground.now())
    rows = [_document(account, each) for each in secrets]
    columns = {"id": "Secret", "created": "Created", "expires": "Expires"}
    show_rows(rows, columns, as_json=options.json, empty="No secret: reports are not signed.")


@secret.command(
    help_epilogue=examples(
        "heliograph report secret rotate ip1-10001", "heliograph report secret rotate ip1-10001 --grace 0"
    )
)
async def rotate(
    account: str,
    /,
    *,
    grace: int = GRACE_HOURS,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Make a new secret, which is shown once; those before it go on signing for a while.

    Parameters
    ----------
    account
        The account's number.
    grace
        Hours for which the secrets before it go on signing.
    """
    if not 0 <= grace <= LONGEST_GRACE_HOURS:
        raise CommandRefused(f"the grace is a number of hours from 0 to {LONGEST_GRACE_HOURS}")
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        try:
            made = await rotate_secret(
                tx,
                found.account_id,
                grace_hours=grace,
                now=ground.now(),
                sealer=ground.sealer(),
                random_bytes=ground.random_bytes,
            )
        except RefusedError as refused:
            raise CommandRefused(refused.sentence) from None
    document = _document(account, made.stored) | {"secret": made.text}
    done(
        f"{account} signs with {made.text} from now on. It is shown only now.", document, as_json=options.json
    )


@secret.command(help_epilogue=examples("heliograph report secret remove ip1-10001 9f1c2ab374d05e68"))
async def remove(
    account: str,
    secret_id: str,
    /,
    *,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Remove a secret that a newer one replaces, before it ends by itself.

    Parameters
    ----------
    account
        The account's number.
    secret_id
        As the list shows it.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        try:
            removed = await remove_old_secret(tx, found.account_id, secret_id, now=ground.now())
        except RefusedError as refused:
            raise CommandRefused(refused.sentence) from None
    done(f"{secret_id} signs no more.", _document(account, removed), as_json=options.json)


@app.command(help_epilogue=examples("heliograph report failed ip1-10001"))
async def failed(
    account: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """List where an account's reports fail or were given up.

    Parameters
    ----------
    account
        The account's number.
    """
    async with installation.open_ground(options.data) as ground, ground.database.transaction() as tx:
        found = await get_account(tx, account)
        origins = await list_account_origins(tx, found.account_id)
    rows = [
        {
            "origin": each.origin,
            "failures": each.failures,
            "since": each.failing_since,
            "disabled": each.disabled_at,
            "waiting": each.waiting,
            "givenUp": each.parked,
        }
        for each in origins
    ]
    columns = {
        "origin": "Origin",
        "failures": "Failures",
        "since": "Since",
        "disabled": "Disabled",
        "waiting": "Waiting",
        "givenUp": "Given up",
    }
    show_rows(rows, columns, as_json=options.json, empty="Nothing fails.")


@app.command(
    help_epilogue=examples(
        "heliograph report replay ip1-10001 https://shop.example",
        "heliograph report replay ip1-10001 --batch 5bc86b6e85c7209830f96936",
        "heliograph report replay ip1-10001 --from 2026-11-22 --status 2xx \\",
        "    --to 2026-11-23T12:00:00Z",
    )
)
async def replay(
    account: str,
    origin: str | None = None,
    /,
    *,
    batch: tuple[str, ...] = (),
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    status: tuple[str, ...] = (),
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> None:
    """Deliver what an origin missed, or send again the reports that all the options choose.

    With a batch or a time also those that were delivered before, for a receiver that lost them.

    Parameters
    ----------
    account
        The account's number.
    origin
        As the list shows it, or a URL of it. Alone: it is tried again if it was disabled.
    batch
        Only reports of this batch; may be given several times.
    from_
        Only reports of batches made at this day or time or later.
    to
        Only reports of batches made before this day or time.
    status
        Only reports that tell this status, such as 201, or group, such as 5xx; may be given several times.
    """
    wanted = ReplayFilter(
        origin=None if origin is None else _origin_from(origin),
        batch_ids=tuple(_batch_from(each) for each in batch),
        created_from=None if from_ is None else day_or_time(from_),
        created_to=None if to is None else day_or_time(to),
        codes=frozenset(code for each in status for code in _codes_from(each)) if status else None,
    )
    if wanted.is_empty:
        raise CommandRefused("name an origin, or one of --batch, --from, --to and --status")
    async with installation.open_ground(options.data) as ground:
        try:
            if wanted.origin is not None and wanted.is_origin_alone:
                told = await _begin_anew(ground, account, wanted.origin)
            else:
                told = await _send_chosen(ground, account, wanted)
        except NotFound as refused:
            raise CommandRefused(refused.sentence) from None
    more = " There are more: run it again." if told["hasMore"] else ""
    said = f"{told['reports']} reports and those of {told['waiting']} waiting messages are sent now.{more}"
    done(said, told, as_json=options.json)


@app.command(
    name="test",
    help_epilogue=examples(
        "heliograph report test ip1-10001 https://shop.example/reports", "heliograph report test ip1-10001"
    ),
)
async def send_test(
    account: str,
    url: str | None = None,
    /,
    *,
    options: CommandOptions = NO_OPTIONS,
    installation: InstallationArgument,
) -> int:
    """Send a signed test report, and tell what the receiver answered; the exit code is 0 where it took it.

    Parameters
    ----------
    account
        The account's number.
    url
        Where it goes; left out: where the account's incoming messages go.
    """
    async with installation.open_ground(options.data) as ground:
        async with ground.database.transaction() as tx:
            found = await get_account(tx, account)
        try:
            sent = await ground.send_test_report().send(
                found.account_id, found.currency, url, test_id=f"test-{ground.random_bytes(8).hex()}"
            )
        except InvalidRequest as refused:
            raise CommandRefused(refused.faults[0].sentence) from None
    document = {
        "url": sent.url,
        "received": sent.is_received,
        "answer": sent.status or 0,
        "milliseconds": sent.milliseconds,
        "reason": sent.reason,
        "answerStart": sent.answer,
    }
    if sent.status is None:
        said = f"Nothing came back from {sent.url} within {sent.milliseconds} ms. {sent.reason}"
    else:
        judged = "" if sent.is_received else " Only 200 to 299 count as delivered."
        said = f"{sent.url} answered {sent.status} after {sent.milliseconds} ms.{judged}"
    done(said, document, as_json=options.json)
    return 0 if sent.is_received else NOT_AS_IT_SHOULD_BE


async def _begin_anew(ground: Ground, account: str, origin: str) -> dict[str, Any]:
    async with ground.database.transaction() as tx:
        found = await get_account(tx, account)
        try:
            told = await replay_origin(tx, found.account_id, origin, now=ground.now(), ids=ground.ids)
        except NotFound:
            raise CommandRefused(f"nothing of {account} has failed at {origin}") from None
    return _told(origin, told.queued, told.hastened, disabled=told.was_disabled, more=told.has_more)


async def _send_chosen(ground: Ground, account: str, wanted: ReplayFilter) -> dict[str, Any]:
    """As many calls as it takes, each a transaction of its own."""
    after: bytes | None = b""
    disabled, queued, hastened = False, 0, 0
    while after is not None:
        async with ground.database.transaction() as tx:
            found = await get_account(tx, account)
            whose = ReplayAccount(found.account_id, found.currency, found.report_codes)
            told = await replay_chosen(tx, whose, wanted, after=after, now=ground.now(), ids=ground.ids)
        disabled, after = disabled or told.was_disabled, told.next_after
        queued, hastened = queued + told.queued, hastened + told.hastened
    return _told(wanted.origin, queued, hastened, disabled=disabled, more=False)


def _told(origin: str | None, reports: int, waiting: int, *, disabled: bool, more: bool) -> dict[str, Any]:
    return {
        "origin": origin,
        "wasDisabled": disabled,
        "reports": reports,
        "waiting": waiting,
        "hasMore": more,
    }


def _origin_from(text: str) -> str:
    url = stored_report_url(text)
    if not isinstance(url, ReportUrl):
        raise CommandRefused(url.sentence)
    return url.origin


def _batch_from(text: str) -> bytes:
    batch_id = parse_id(text)
    if batch_id is None:
        raise CommandRefused(f"{text!r} is no id of a batch: that has 24 hexadecimal digits")
    return batch_id


def _codes_from(text: str) -> list[int]:
    codes = codes_of(text)
    if codes is None:
        raise CommandRefused(f"{text!r} is no status such as 201, nor a group of them such as 2xx")
    return codes
