"""The command line as a whole: which commands there are, and how a refusal is said.

A module with commands is only imported when one of them is asked for, so that help comes at once.
"""

import asyncio
import inspect
import os
import sys
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import version
from typing import Final

from cyclopts import App, CycloptsError, Parameter

from heliograph.faces.cli.command_ground import Installation
from heliograph.faces.cli.command_options import examples
from heliograph.faces.cli.command_refused import INTERRUPTED, WRONG_INPUT, CommandRefused
from heliograph.faces.cli.standard_input import with_standard_input

_RUN: Final = "Run"
_SEND: Final = "Send"
_SET_UP: Final = "Set up"

COMMANDS: Final = (
    ("serve_commands:serve", "serve", _RUN, "Run everything, or one role."),
    ("demo_command:demo", "demo", _RUN, "Start everything for a minute and follow messages to the handset."),
    ("simulate_commands:app", "simulate", _RUN, "Run the simulated carrier alone; read its handsets."),
    ("handset_commands:app", "handset", _RUN, "Read, answer and send on the simulated handsets."),
    ("serve_commands:migrate", "migrate", _RUN, "Bring the schema of a database URL up to date."),
    ("serve_commands:settings", "settings", _RUN, "List every setting with its variable and its default."),
    ("send_command:send", "send", _SEND, "Send a text and follow it to the handset."),
    ("batch_commands:app", "batch", _SEND, "List, cancel, pause and resume the batches of an account."),
    ("ledger_commands:app", "ledger", _SEND, "Prove that every amount adds up."),
    ("account_commands:app", "account", _SET_UP, "Make, list and change accounts."),
    ("user_commands:app", "user", _SET_UP, "Let people sign in to the portal."),
    ("mail_commands:app", "mail", _SET_UP, "See whether mails to people of the portal leave."),
    ("key_commands:app", "key", _SET_UP, "Make, list, change and revoke API keys."),
    ("limit_commands:app", "limit", _SET_UP, "Limit how fast an account sends and what it spends."),
    ("guard_commands:app", "guard", _SET_UP, "Watch or block bursts to one country or prefix."),
    ("sender_commands:app", "sender", _SET_UP, "Say which senders an account may use."),
    ("blacklist_commands:app", "blacklist", _SET_UP, "See and change the numbers that nothing is sent to."),
    ("number_commands:app", "number", _SET_UP, "Say whose the numbers are that handsets write to."),
    ("report_commands:app", "report", _SET_UP, "See where reports fail, deliver them again, rotate secrets."),
    ("credit_commands:app", "credit", _SET_UP, "Add credit to an account and see what became of it."),
    ("carrier_commands:app", "carrier", _SET_UP, "Make, list and change carriers."),
    ("route_commands:app", "route", _SET_UP, "Say which carrier takes which messages."),
    ("price_commands:app", "price", _SET_UP, "Set what an SMS costs."),
)
"""Module and name, command, group, and what it is for."""

EPILOGUES: Final = {
    "serve": examples("heliograph serve", "heliograph serve --data ./data --http 127.0.0.1:0"),
    "demo": examples("heliograph demo", "heliograph demo --keep", "heliograph demo --json"),
    "migrate": examples("HELIOGRAPH_DATABASE_URL=postgresql://... heliograph migrate"),
    "settings": examples("heliograph settings", "heliograph settings --json"),
    "send": examples(
        "heliograph send 'Hello from Heliograph' 46701740605",
        "heliograph send 'Hello {name}' --file numbers.txt --sender Acme --no-follow",
    ),
}
"""Examples of the commands that are functions; the others carry their own."""


def command_line(*, asked: Collection[str] = ()) -> App:
    """The application; its commands are not imported yet.

    The ones ``asked`` for are described in their own words instead of by their line in the list.
    """
    app = App(
        name="heliograph",
        help="A self-hosted SMS platform that speaks iP.1's SMS API v2.",
        version=lambda: version("heliograph"),
        help_format="plaintext",
        help_epilogue=examples("heliograph demo", "heliograph serve", "heliograph send Hello 46701740605"),
        default_parameter=Parameter(negative_iterable=()),
    )
    app["--help"].group = "Options"
    app["--version"].group = "Options"
    for place, name, group, purpose in COMMANDS:
        app.command(
            f"heliograph.faces.cli.{place}",
            name=name,
            group=group,
            help=None if name in asked else purpose,
            **({"help_epilogue": EPILOGUES[name]} if name in EPILOGUES else {}),
        )
    return app


def run_command_line(arguments: Sequence[str], load_installation: Callable[[], Installation]) -> int:
    """Do what the arguments say; the exit code.

    ``load_installation`` is called only by a command that needs it.
    """
    try:
        return _run(arguments, load_installation)
    except CommandRefused as refused:
        return _say(str(refused), refused.exit_code)
    except CycloptsError as error:
        return _say(str(error), WRONG_INPUT)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not stumble over it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(arguments: Sequence[str], load_installation: Callable[[], Installation]) -> int:
    app = command_line(asked=arguments[:1])
    tokens = with_standard_input(arguments)
    command, bound, ignored = app.parse_args(tokens, exit_on_error=False, print_error=False)
    if "installation" in ignored:
        bound.arguments["installation"] = load_installation()
    result = command(*bound.args, **bound.kwargs)
    if inspect.iscoroutine(result):
        result = asyncio.run(result)
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _say(sentence: str, exit_code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"heliograph: {' '.join(sentence.split())}\n")
    return exit_code
