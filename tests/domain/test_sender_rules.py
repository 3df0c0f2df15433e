"""Who may register and use which sender."""

import pytest

from heliograph.domain.sender_rules import SenderRules, registration_fault, sender_fault, usable_senders

RULES = SenderRules(("iP1", "iP1sms"), ("Swish", "iPl"))
NOT_BOUGHT = (
    "The account does not have the optional-sender service, which registering a sender of your own needs."
    " Without it the account may use: iP1, iP1sms."
)
LOOK_ALIKE = (
    "The sender 5wish cannot be told from Swish, a protected name. If it is yours, ask the operator to"
    " register it for you."
)


@pytest.mark.parametrize(
    ("sender", "optional_sender", "sentence"),
    [
        ("Acme", True, None),
        ("46101606060", True, None),
        ("5wish", True, LOOK_ALIKE),
        ("Swish", True, LOOK_ALIKE.replace("5wish", "Swish")),
        ("Acme", False, NOT_BOUGHT),
        ("5wish", False, NOT_BOUGHT),
        ("iP1sms", False, None),
        ("iP1", True, None),
    ],
)
def test_what_may_be_registered(sender: str, optional_sender: bool, sentence: str | None) -> None:
    fault = registration_fault(sender, RULES, optional_sender=optional_sender)
    assert (fault and fault.sentence) == sentence
    assert fault is None or fault.field == "sender"


@pytest.mark.parametrize(
    ("sender", "name"),
    [("iPl", "iPl"), ("lP1", "iPl"), ("iP1", None), ("IP1SMS", "iP1sms"), ("5wish", "Swish"), ("Acme", None)],
)
def test_default_senders_are_imitated_by_others_only(sender: str, name: str | None) -> None:
    assert RULES.imitated_by(sender) == name
    assert SenderRules(("Acme",)).imitated_by("ACME") == "Acme"


def test_an_installation_may_have_no_default_senders() -> None:
    fault = registration_fault("iP1", SenderRules((), ()), optional_sender=False)
    assert fault is not None
    assert fault.sentence.endswith("Without it the account may use: no sender.")


def test_without_the_service_only_registered_default_senders_are_usable() -> None:
    registered = ["Acme", "iP1"]
    assert usable_senders(registered, RULES, optional_sender=True) == {"Acme", "iP1"}
    assert usable_senders(registered, RULES, optional_sender=False) == {"iP1"}


@pytest.mark.parametrize(
    ("usable", "allowed"), [({"iP1sms", "iP1"}, "iP1, iP1sms"), (set(), "no sender that is registered")]
)
def test_a_sender_that_needs_the_service_is_told_so(usable: set[str], allowed: str) -> None:
    fault = sender_fault("Acme", usable, optional_sender=False)
    assert fault is not None
    assert fault.sentence == (
        "The sender Acme cannot be used: without the optional-sender service the account may send as"
        f" {allowed}."
    )
    assert sender_fault("iP1", {"iP1"}, optional_sender=False) is None


SENDER_FAULTS = [
    ("iP1sms", {"iP1"}, "The sender iP1sms is not registered on this account. Registered: iP1."),
    ("IP1", {"iP1"}, "The sender IP1 is not registered on this account. iP1 is: letter case matters."),
    ("iP1", set(), "The sender iP1 is not registered on this account. No sender is."),
    (
        "Seven",
        {"a1", "b2", "c3", "d4", "e5", "f6"},
        "The sender Seven is not registered on this account. Registered: a1, b2, c3, d4, e5, ...",
    ),
]


@pytest.mark.parametrize(("sender", "registered", "sentence"), SENDER_FAULTS)
def test_an_unregistered_sender_is_told_which_are(sender: str, registered: set[str], sentence: str) -> None:
    fault = sender_fault(sender, registered)
    assert fault is not None
    assert (fault.field, fault.sentence) == ("sender", sentence)
