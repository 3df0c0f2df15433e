"""Where would this number go, and why: every step from a number to a carrier and a price; sends nothing."""

import msgspec

from heliograph.domain.msisdn import is_possible
from heliograph.domain.prefix_table import PrefixTable
from heliograph.domain.pricing import HIGH_PRIORITY, surcharge
from heliograph.domain.refusals import Refusal
from heliograph.domain.route_explanation import RouteJudgement, judge_routes, taken_route
from heliograph.domain.sender import check_sender
from heliograph.domain.sender_rules import SenderRules, sender_fault, usable_senders
from heliograph.storage.accounts import StoredAccount, list_senders
from heliograph.storage.carrier_settings import StoredCarrier, list_carriers, list_routes
from heliograph.storage.database import Transaction
from heliograph.storage.installation_reading import list_bind_slots
from heliograph.storage.price_lists import list_price_lists, list_prices


class RouteExplanation(msgspec.Struct, frozen=True):
    """The way of a message that nobody sent."""

    msisdn: str
    is_possible: bool
    sender: str
    sender_fault: Refusal | None
    judged: list[RouteJudgement]
    carrier: StoredCarrier | None
    """None: no route matches, and the message would end with 502."""
    bound: int
    """Binds of the carrier that stand."""
    price_list: str
    price_prefix: str | None
    """The prefix whose price counts; None: the list has none for the number."""
    price: int | None
    """Of one segment, in micro-units."""
    extra: int
    """What high priority adds to a segment."""
    is_blacklisted: bool

    @property
    def is_sent(self) -> bool:
        """Whether such a message would be sent."""
        fits = self.is_possible and self.sender_fault is None and not self.is_blacklisted
        return fits and self.carrier is not None and self.carrier.enabled and self.price is not None


async def explain_route(
    tx: Transaction,
    account: StoredAccount,
    msisdn: str,
    sender: str,
    rules: SenderRules,
    *,
    is_blacklisted: bool,
) -> RouteExplanation:
    """What would become of a message of that account; the number is well formed."""
    judged = judge_routes(await list_routes(tx), msisdn, account.account_id, sender)
    taken = taken_route(judged)
    carriers = {each.carrier_id: each for each in await list_carriers(tx)}
    bound = [each for each in await list_bind_slots(tx) if taken and each.carrier_id == taken.carrier_id]
    lists = {each.price_list_id: each.name for each in await list_price_lists(tx)}
    prices = await list_prices(tx, account.price_list_id)
    prefix = PrefixTable({prefix: prefix or "*" for prefix in prices}).find(msisdn)
    price_prefix = "" if prefix == "*" else prefix
    registered = [each.sender for each in await list_senders(tx, account.account_id)]
    usable = usable_senders(registered, rules, optional_sender=account.optional_sender)
    fault = check_sender(sender) or sender_fault(sender, usable, optional_sender=account.optional_sender)
    return RouteExplanation(
        msisdn=msisdn,
        is_possible=is_possible(msisdn),
        sender=sender,
        sender_fault=fault,
        judged=judged,
        carrier=carriers[taken.carrier_id] if taken else None,
        bound=sum(1 for each in bound if each.is_bound),
        price_list=lists[account.price_list_id],
        price_prefix=price_prefix,
        price=None if price_prefix is None else prices[price_prefix],
        extra=surcharge(HIGH_PRIORITY, account.currency),
        is_blacklisted=is_blacklisted,
    )
