"""The request for a key: what it may say, what is wrong with it, and what its maker cannot give."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heliograph.domain.key_request import KeyDraft, check_key
from heliograph.domain.key_rights import UNRESTRICTED, KeyRights, KeyScope, parse_network
from heliograph.domain.refusals import Forbidden, InvalidRequest

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OFFICE = parse_network("192.0.2.0/24")
LIMITED = KeyRights(scopes=frozenset({KeyScope.KEYS, KeyScope.SEND}), networks=(OFFICE,), is_test=True)
ENDS = NOW + timedelta(days=30)


def check(
    members: dict[str, Any], maker: KeyRights = UNRESTRICTED, maker_ends: datetime | None = None
) -> KeyDraft:
    return check_key({"name": "web shop"} | members, maker=maker, maker_ends=maker_ends, now=NOW)


def test_what_is_left_out_is_as_with_the_key_that_makes_it() -> None:
    assert check({}) == KeyDraft("web shop", UNRESTRICTED, None)
    assert check({"scopes": None}, LIMITED, ENDS) == KeyDraft("web shop", LIMITED, ENDS)


def test_everything_may_be_said() -> None:
    draft = check(
        {"scopes": ["Send"], "networks": ["192.0.2.7"], "test": True, "expires": "2026-12-01T00:00:00Z"},
        LIMITED,
        ENDS,
    )
    assert draft.rights == KeyRights(
        scopes=frozenset({KeyScope.SEND}), networks=(parse_network("192.0.2.7"),), is_test=True
    )
    assert draft.expires_at == datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("members", "field", "sentence"),
    [
        ({"name": None}, "name", "name is required."),
        ({"name": 1}, "name", "name must be a string."),
        ({"name": " "}, "name", "name must not consist of white space only."),
        ({"name": "x" * 101}, "name", "name has at most 100 characters; this one has 101."),
        ({"name": "a\nb"}, "name", "name must not contain control characters."),
        ({"scopes": "send"}, "scopes", "scopes must be an array of strings."),
        (
            {"scopes": ["mail"]},
            "scopes[0]",
            "A scope is one of send, read, receive, senders, billing, keys.",
        ),
        ({"scopes": ["send"] * 7}, "scopes", "scopes has at most 6 entries."),
        ({"networks": {}}, "networks", "networks must be an array of strings."),
        ({"networks": ["::1", 1]}, "networks[1]", "A network must be a string, such as 192.0.2.0/24."),
        ({"networks": ["x"]}, "networks[0]", "'x' is not a network: write 192.0.2.0/24,"),
        ({"networks": ["::1"] * 51}, "networks", "networks has at most 50 entries."),
        ({"test": "yes"}, "test", "test must be true or false."),
        ({"expires": "soon"}, "expires", "expires must be a time such as 2027-01-31T12:00:00Z."),
        ({"expires": 1}, "expires", "expires must be a time"),
        ({"expires": "2026-11-22T12:00:00Z"}, "expires", "expires is over already."),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check(members)
    (fault,) = refused.value.faults
    assert fault.field == field
    assert fault.sentence.startswith(sentence)


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        check({"name": "", "scopes": ["a", "b"], "networks": 1, "test": 0, "expires": ""})
    assert len(refused.value.faults) == 6


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"scopes": ["send", "billing"]}, "lacks the scope billing itself"),
        ({"networks": []}, "cannot make one for any address"),
        ({"networks": ["192.0.0.0/16"]}, "cannot make one for 192.0.0.0/16"),
        ({"test": False}, "can only make other test keys"),
        ({"expires": "2027-11-22T12:00:00Z"}, "ends before the one that it should make"),
    ],
)
def test_nobody_gives_more_than_they_have(members: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Forbidden) as refused:
        check(members, LIMITED, ENDS)
    assert sentence in refused.value.sentence
