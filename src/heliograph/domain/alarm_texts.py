"""The alarms of an installation in words: what is so, and what to do next."""

from collections.abc import Mapping
from typing import Final

ALARM_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "carrier_unbound": (
        "%(carrier)s is not bound",
        "Check its host, port, system id and password, and ask the carrier whether it lets this address in. "
        "Dispatchers try again by themselves.",
    ),
    "carrier_refuses": (
        "%(carrier)s refuses our binds: %(fault)s",
        "Check its system id, password and system type, and ask the carrier whether it lets this address in. "
        "Dispatchers try again by themselves, every five minutes where it says no for good.",
    ),
    "carrier_unreachable": (
        "%(carrier)s cannot be reached: %(fault)s",
        "Check its host, port and TLS, and whether a firewall lets us out. "
        "Dispatchers try again by themselves.",
    ),
    "carrier_partly_bound": (
        "%(carrier)s has %(bound)s of %(wanted)s binds",
        "The carrier may allow fewer binds than are set, or a dispatcher is missing.",
    ),
    "carrier_disabled": (
        "Messages wait for %(carrier)s, which is disabled",
        "Enable the carrier: messages that were accepted keep their carrier.",
    ),
    "queue_old": (
        "Messages have waited %(minutes)s minutes for %(carrier)s",
        "See whether it is bound and how many it takes a second; a second carrier spreads the load.",
    ),
    "in_doubt": (
        "Segments in doubt at %(carrier)s: %(count)s",
        "Their answers were lost with a connection. Receipts settle them; what has none is closed in time.",
    ),
    "unmatched": (
        "Receipts of %(carrier)s that match no message: %(count)s",
        "The profile's form of receipt ids may be wrong for this carrier.",
    ),
    "origin_disabled": (
        "Reports of %(account)s to %(origin)s are not delivered any more",
        "Tell the customer; once the receiver works again its owner lets the reports through.",
    ),
    "origin_failing": (
        "Reports of %(account)s to %(origin)s have failed for %(minutes)s minutes",
        "Nothing is lost: they are tried again. Tell the customer if it goes on.",
    ),
    "no_reporter": (
        "No process delivers reports",
        "Start a reporter: heliograph serve --role reporter, or heliograph serve for all of them.",
    ),
    "balance_negative": ("%(account)s has a balance below zero", "Add credit, or disable the account."),
    "balance_low": (
        "%(account)s has less left than it was charged today",
        "Tell the customer, or add credit: without credit its batches are refused.",
    ),
    "price_missing": (
        "Price list %(list)s has no price for %(prefix)s, where a route leads",
        "Set a price, or remove the route: numbers without a price are refused.",
    ),
    "price_zero": (
        "Prefixes that price list %(list)s gives away: %(count)s",
        "Set a price, unless these are meant to be free.",
    ),
    "price_below_cost": (
        "Price list %(list)s takes %(price)s for %(prefix)s, which costs %(cost)s at %(carrier)s; "
        "such prefixes: %(count)s",
        "Raise the price, or lead these numbers to a cheaper carrier. The price list shows every margin.",
    ),
    "cost_not_compared": (
        "%(list_currency)s list %(list)s, %(cost_currency)s cost of %(carrier)s: not compared",
        "No alarm can tell whether these prices are below cost: keep list and cost sheet in one currency.",
    ),
    "keeper_late": (
        "Housekeeping is late by %(minutes)s minutes",
        "See whether a keeper runs: heliograph serve --role keeper. Scheduled messages wait for it.",
    ),
    "partitions_short": (
        "There is room for %(days)s more days only",
        "A keeper makes the partitions ahead of time, as the owner of the tables. See its log.",
    ),
    "unsafe_server": (
        "The database may lose what it has confirmed: %(setting)s",
        "Change the setting of PostgreSQL at once.",
    ),
    "mail_late": (
        "Mail has waited %(minutes)s minutes to leave: %(fault)s",
        "heliograph mail test ADDRESS says what is wrong. Mail is tried again for a day; a keeper sends it.",
    ),
    "mail_given_up": (
        "Mails that were given up: %(count)s, the last one for %(fault)s",
        "Who should have got one asks for another. heliograph mail test ADDRESS says whether mail leaves.",
    ),
    "no_standby": (
        "Nothing copies the database to another machine",
        "Make backups, or give PostgreSQL a standby: docs/deployment.md says how.",
    ),
}
"""What is so, and what to do next, by kind."""
