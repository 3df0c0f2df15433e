"""`heliograph mail`: whether mails to people of the portal leave."""

import os
from typing import Final

from cyclopts import App

from heliograph.domain.email_address import parse_email
from heliograph.domain.mail_texts import MailLetterhead, trial_mail
from heliograph.faces.cli.command_options import NO_OPTIONS, CommandOptions, InstallationArgument, examples
from heliograph.faces.cli.command_refused import NOT_AS_IT_SHOULD_BE, CommandRefused
from heliograph.faces.cli.terminal import done

_ID_BYTES: Final = 12

app = App(
    name="mail",
    help="See whether mails to people of the portal leave.",
    help_epilogue=examples("heliograph mail test kim@example.com"),
)


@app.command(
    name="test",
    help_epilogue=examples(
        "heliograph mail test kim@example.com", "heliograph mail test kim@example.com --json"
    ),
)
async def try_out(
    address: str, /, *, options: CommandOptions = NO_OPTIONS, installation: InstallationArgument
) -> None:
    """Send a mail to an address at once, past the outbox, and say what the mail server answers.

    Parameters
    ----------
    address
        Who gets it.
    """
    from heliograph.outbound_mail import MailFailure

    to = parse_email(address)
    if to is None:
        raise CommandRefused(f"{address!r} is no e-mail address")
    post, site = installation.mail_post(options.data)
    server = post.server
    try:
        await post.send(
            trial_mail(MailLetterhead(to, None, site)), mail_id=os.urandom(_ID_BYTES), now=installation.now()
        )
    except MailFailure as failure:
        sentence = failure.sentence(host=server.host, port=server.port, seconds=server.timeout)
        raise CommandRefused(sentence, exit_code=NOT_AS_IT_SHOULD_BE) from None
    document = {"address": to, "host": server.host, "port": server.port, "security": server.security}
    done(
        f"{server.host}:{server.port} has taken a mail to {to}: look whether it arrives.",
        document,
        as_json=options.json,
    )
