"""Which passwords are taken, how long wrong ones cost, who may reset whose."""

from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.email_address import parse_email
from heliograph.domain.membership_rules import leaves_no_owner, may_reset
from heliograph.domain.password_rules import password_fault
from heliograph.domain.portal_rights import Role
from heliograph.domain.recovery_code import recovery_code, recovery_hash
from heliograph.domain.sign_in_throttle import (
    BY_ADDRESS,
    BY_NETWORK,
    Tries,
    after_failure,
    network_subject,
    wait_until,
)

GUESSED = frozenset({"password", "summer", "dragon", "heliograph"})
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "password",
    [
        *(
            "short",
            "x" * 129,
            "password",
            "P4ssw0rd!",
            "Summer2026!",
            "dragondragon",
            "!!dragon!!",
            "aaaaaaaaaa",
        ),
        *("abababababab", "12345678", "qwertyuiop", "87654321", "sten-kim", "kim2026kim", "abcdefgh"),
    ],
)
def test_what_is_guessed_first_is_not_taken(password: str) -> None:
    assert password_fault(password, own_words=("Kim Sten", "kim@example.com"), common=GUESSED)


@pytest.mark.parametrize(
    "password",
    [
        "otter drives a blue tractor",
        "höst-päron-cykel",
        "summer otter 12",
        "x7!kQ0z_pL",
        "密碼很長的一個句子嗎",
    ],
)
def test_long_ones_that_nobody_guesses_are_taken(password: str) -> None:
    assert password_fault(password, own_words=("Kim Sten",), common=GUESSED) is None


def test_each_failure_waits_twice_as_long_and_never_for_good() -> None:
    tries, waits = Tries(0, NOW, NOW), []
    for _ in range(20):
        tries = after_failure(tries, BY_ADDRESS, NOW)
        waits.append((tries.throttled_until - NOW).total_seconds())
    assert waits[:8] == [0, 0, 0, 0, 0, 2, 4, 8]
    assert waits[-1] == 60
    assert wait_until(tries, NOW) == NOW + timedelta(seconds=60)
    assert wait_until(tries, NOW + timedelta(seconds=60)) is None
    assert after_failure(tries, BY_ADDRESS, NOW + timedelta(hours=25)).failures == 1
    assert after_failure(Tries(10**6, NOW, NOW), BY_NETWORK, NOW).throttled_until == NOW + timedelta(
        minutes=15
    )


def test_ipv6_counts_by_network() -> None:
    assert network_subject("2001:db8::1") == network_subject("2001:db8::2:3")
    assert network_subject("2001:db8:0:1::1") != network_subject("2001:db8::1")
    assert network_subject("::ffff:192.0.2.1") == network_subject("192.0.2.1")
    assert network_subject("not:an:address") != network_subject("")


def test_addresses() -> None:
    assert parse_email(" Kim@Example.COM ") == "kim@example.com"
    for wrong in ("kim", "kim@", "@x", "a b@x.se", "a@b@c", "x" * 255, "a\0@b", "<a@b>"):
        assert parse_email(wrong) is None


def test_recovery_codes_are_read_however_they_are_typed() -> None:
    code = recovery_code(bytes(range(10)))
    assert len(code) == 19
    assert recovery_hash(code) == recovery_hash(code.upper().replace("-", " "))
    assert recovery_hash("o" * 16) == recovery_hash("0" * 16)
    assert recovery_hash("too short") is None
    with pytest.raises(ValueError):
        recovery_code(b"short")


def test_only_whoever_owns_all_of_somebodys_accounts_resets_them() -> None:
    mine = {1: Role.OWNER, 2: Role.DEVELOPER}
    assert may_reset(mine, {1: Role.OWNER}, i_operate=False, they_operate=False)
    assert not may_reset(mine, {1: Role.SENDER, 2: Role.SENDER}, i_operate=False, they_operate=False)
    assert not may_reset(mine, {1: Role.SENDER, 3: Role.SENDER}, i_operate=False, they_operate=False)
    assert not may_reset(mine, {1: Role.SENDER}, i_operate=False, they_operate=True)
    assert may_reset({}, {3: Role.OWNER}, i_operate=True, they_operate=True)


def test_an_account_keeps_an_owner() -> None:
    roles = {1: Role.OWNER, 2: Role.SENDER}
    assert leaves_no_owner(roles, 1, Role.SENDER)
    assert leaves_no_owner(roles, 1, None)
    assert not leaves_no_owner(roles, 1, Role.OWNER)
    assert not leaves_no_owner(roles, 2, None)
    assert not leaves_no_owner({**roles, 3: Role.OWNER}, 1, None)
