"""What carriers delivered and nobody answered yet, and the answers to it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from heliograph.carriers.link import Link
from heliograph.carriers.translate import Delivery
from heliograph.smpp.errors import RemoteProtocolError
from heliograph.smpp.pdus import DataSm, DeliverSm, Pdu, response_to


class WaitingDelivery(NamedTuple):
    """Something delivered, with the link that must carry the answer."""

    link: Link
    delivery: Delivery
    received: float
    """When, in monotonic seconds."""


def answer_all(waiting: Iterable[WaitingDelivery], command_status: int = 0) -> None:
    """Answer deliveries, each on the link it came by; with status 0 they are ours from now on.

    A link that was lost meanwhile takes no answer: its carrier delivers again, which changes nothing.
    """
    by_link: dict[Link, tuple[list[DeliverSm | DataSm], list[Pdu]]] = {}
    for link, delivery, _ in waiting:
        messages, others = by_link.setdefault(link, ([], []))
        pdu = delivery.pdu
        if isinstance(pdu, RemoteProtocolError):
            others.append(response_to(pdu, command_status))
        else:
            messages.append(pdu)
    for link, (messages, others) in by_link.items():
        if messages:
            link.acknowledge(messages, command_status)
        if others:
            link.answer(others)


def links_of(waiting: Iterable[WaitingDelivery]) -> Sequence[Link]:
    """The links that deliveries came by, each once."""
    return list(dict.fromkeys(one.link for one in waiting))
