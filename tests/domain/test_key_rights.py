"""Rights of keys: what they allow, how they are written, and that no key gives more than it has."""

import pytest

from heliograph.domain.key_rights import (
    ALL_SCOPES,
    UNRESTRICTED,
    KeyRights,
    KeyScope,
    NotANetwork,
    parse_network,
    parse_scope,
)
from heliograph.domain.refusals import Forbidden


def rights(scopes: str | None = None, networks: str = "") -> KeyRights:
    """Rights from words: ``"send read"``, ``"10.0.0.0/8 ::1"``."""
    return KeyRights(
        scopes=None if scopes is None else frozenset(map(KeyScope, scopes.split())),
        networks=tuple(map(parse_network, networks.split())),
    )


@pytest.mark.parametrize("scope", KeyScope)
def test_without_restrictions_everything_is_allowed_from_anywhere(scope: KeyScope) -> None:
    UNRESTRICTED.check((scope,), "")
    assert UNRESTRICTED.are_unrestricted
    assert not KeyRights(scopes=ALL_SCOPES).are_unrestricted, "it does not get the scopes still to come"


def test_only_the_scopes_given_are_allowed() -> None:
    limited = rights("send")
    limited.check((KeyScope.SEND,), "192.0.2.1")
    for scope in ALL_SCOPES - {KeyScope.SEND}:
        with pytest.raises(Forbidden, match=f"lacks the scope {scope}, which this request needs"):
            limited.check((scope,), "192.0.2.1")


def test_one_of_several_scopes_will_do() -> None:
    either = (KeyScope.READ, KeyScope.RECEIVE)
    rights("read").check(either, "192.0.2.1")
    rights("receive").check(either, "192.0.2.1")
    with pytest.raises(Forbidden, match="lacks the scope read or receive, which this request needs"):
        rights("send").check(either, "192.0.2.1")


def test_who_may_read_is_not_bound_to_incoming_messages() -> None:
    assert not UNRESTRICTED.read_incoming_only
    assert not rights("read receive").read_incoming_only
    assert rights("receive send").read_incoming_only


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1", " 0.0.0.0/0 "])
def test_networks_are_written_as_usual(network: str) -> None:
    assert str(parse_network(network)).startswith(network.strip())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10.0.0.1/8", "'10.0.0.1/8' has bits set behind its length: 10.0.0.0/8 is the network it is in."),
        ("ten", "'ten' is not a network: write 192.0.2.0/24, 2001:db8::/32 or a single address."),
        ("10.0.0.0/33", "'10.0.0.0/33' is not a network"),
        ("", "'' is not a network"),
    ],
)
def test_what_is_no_network_is_told_how_one_looks(text: str, sentence: str) -> None:
    with pytest.raises(NotANetwork) as refused:
        parse_network(text)
    assert str(refused.value).startswith(sentence)


def test_scopes_are_known_in_any_letter_case() -> None:
    assert parse_scope(" Send") is KeyScope.SEND
    assert parse_scope("everything") is None


@pytest.mark.parametrize(
    ("own", "gift"),
    [
        (UNRESTRICTED, UNRESTRICTED),
        (UNRESTRICTED, rights("keys", "10.0.0.0/8")),
        (rights("keys send"), rights("send")),
        (rights("keys send"), rights("")),
        (UNRESTRICTED, KeyRights(is_test=True)),
        (rights(None, "10.0.0.0/8"), rights(None, "10.1.0.0/16 10.2.3.4")),
        (rights(None, "10.0.0.0/8 2001:db8::/32"), rights("send", "2001:db8:1::/48")),
    ],
)
def test_a_key_gives_what_it_has(own: KeyRights, gift: KeyRights) -> None:
    own.check_gift(gift)


@pytest.mark.parametrize(
    ("own", "gift", "sentence"),
    [
        (rights("keys"), rights("keys send read"), "lacks the scope read, send itself"),
        (rights("keys"), UNRESTRICTED, "lacks the scope billing, read, receive, send, senders itself"),
        (KeyRights(scopes=ALL_SCOPES), UNRESTRICTED, "has chosen scopes"),
        (KeyRights(is_test=True), UNRESTRICTED, "can only make other test keys"),
        (rights(None, "10.0.0.0/8"), UNRESTRICTED, "cannot make one for any address"),
        (rights(None, "10.0.0.0/8"), rights(None, "10.0.0.0/7"), "cannot make one for 10.0.0.0/7"),
        (rights(None, "10.0.0.0/8"), rights(None, "10.1.0.0/16 ::/0"), "cannot make one for ::/0"),
    ],
)
def test_a_key_never_gives_more_than_it_has(own: KeyRights, gift: KeyRights, sentence: str) -> None:
    with pytest.raises(Forbidden) as refused:
        own.check_gift(gift)
    assert sentence in refused.value.sentence
