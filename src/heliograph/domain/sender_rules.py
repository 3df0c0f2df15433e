"""Which senders an account may register by itself, and which it may use.

An operator may register any sender for an account: that is how an account gets a protected name.
"""

from collections.abc import Collection
from typing import Final

import msgspec

from heliograph.domain.look_alikes import imitated_name
from heliograph.domain.refusals import Refusal

DEFAULT_SENDERS: Final = ("iP1", "iP1sms")
_SENDERS_SHOWN: Final = 5


class SenderRules(msgspec.Struct, frozen=True):
    """What an installation says of senders."""

    default_senders: tuple[str, ...] = DEFAULT_SENDERS
    """What every account may register, and all that one without the optional-sender service may use."""
    protected: tuple[str, ...] = ()
    """Names that nobody may register by himself, nor anything that looks like them."""

    def imitated_by(self, sender: str) -> str | None:
        """The protected name that a sender is or looks like; None if there is none.

        Nothing may look like a default sender either, which itself is everybody's.
        """
        if sender in self.default_senders:
            return None
        return imitated_name(sender, (*self.protected, *self.default_senders))


ORDINARY_RULES: Final = SenderRules()


def registration_fault(sender: str, rules: SenderRules, *, optional_sender: bool) -> Refusal | None:
    """Why an account may not register a well-formed sender by itself; None if it may."""
    if sender in rules.default_senders:
        return None
    if not optional_sender:
        return Refusal(
            "sender",
            "no_optional_sender",
            "The account does not have the optional-sender service, which registering a sender of your own"
            f" needs. Without it the account may use: {', '.join(rules.default_senders) or 'no sender'}.",
        )
    name = rules.imitated_by(sender)
    if name is None:
        return None
    return Refusal(
        "sender",
        "look_alike",
        f"The sender {sender} cannot be told from {name}, a protected name. If it is yours, ask the"
        " operator to register it for you.",
    )


def usable_senders(
    registered: Collection[str], rules: SenderRules, *, optional_sender: bool
) -> frozenset[str]:
    """Those of an account's registered senders that it may send as."""
    return frozenset(registered if optional_sender else set(rules.default_senders).intersection(registered))


def first_senders(
    wanted: Collection[str], rules: SenderRules, *, optional_sender: bool
) -> tuple[str, ...] | Refusal:
    """What a new account begins with: without the optional-sender service, the default senders."""
    if optional_sender:
        return tuple(wanted)
    others = set(wanted).difference(rules.default_senders)
    if others:
        sentence = (
            f"Without the optional-sender service there are the default senders only, not {min(others)}."
        )
        return Refusal("senders", "no_optional_sender", sentence)
    return rules.default_senders


def sender_fault(sender: str, usable: Collection[str], *, optional_sender: bool = True) -> Refusal | None:
    """Why a well-formed sender may not be used by an account, with a hint at what may."""
    if sender in usable:
        return None
    if not optional_sender:
        allowed = ", ".join(sorted(usable)) or "no sender that is registered"
        return Refusal(
            "sender",
            "no_optional_sender",
            f"The sender {sender} cannot be used: without the optional-sender service the account may send as"
            f" {allowed}.",
        )
    twin = next((known for known in sorted(usable) if known.lower() == sender.lower()), None)
    if twin:
        hint = f"{twin} is: letter case matters."
    elif usable:
        shown = sorted(usable)[:_SENDERS_SHOWN]
        hint = f"Registered: {', '.join(shown)}{', ...' if len(usable) > len(shown) else '.'}"
    else:
        hint = "No sender is."
    return Refusal("sender", "unregistered", f"The sender {sender} is not registered on this account. {hint}")
