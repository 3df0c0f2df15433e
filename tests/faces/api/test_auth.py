"""Bearer tokens: who is let in, what the others are told, and how fast."""

from datetime import UTC, datetime, timedelta

import pytest

from heliograph.domain.api_token import make_token
from heliograph.domain.key_rights import UNRESTRICTED, KeyRights, KeyScope, parse_network
from heliograph.domain.refusals import Forbidden, RefusedError, TooManyRequests, Unauthorized
from heliograph.faces.api.auth import Authenticator, FailureThrottle
from heliograph.storage.accounts import AccountDirectory, AccountSettingsChange, change_account
from heliograph.storage.api_keys import KeyDirectory, create_key, revoke_key
from heliograph.storage.database import Database
from tests.support.rows import insert_account

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOKEN = make_token(b"k" * 10, b"s" * 32)
KEY_ID = TOKEN.split("_")[1]
CLIENT = "192.0.2.1"

MISSING = "An API key is needed: send the header Authorization: Bearer <API key>."
UNKNOWN = "The API key is unknown, expired or revoked."


class Clock:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Gate:
    """An authenticator on a database with one account and one key."""

    def __init__(self, database: Database, per_minute: float = 30) -> None:
        self.clock = Clock()
        self.now = NOW
        self.database = database
        self.keys = KeyDirectory(database, clock=self.clock)
        self.authenticator = Authenticator(
            self.keys,
            AccountDirectory(database, clock=self.clock),
            throttle=FailureThrottle(per_minute, clock=self.clock),
            now=lambda: self.now,
        )

    async def prepare(self, *, expires_at: datetime | None = None, rights: KeyRights = UNRESTRICTED) -> None:
        async with self.database.transaction() as tx:
            await insert_account(tx, 7)
            await create_key(
                tx,
                7,
                name="k",
                key_id=b"k" * 10,
                secret=b"s" * 32,
                now=NOW,
                expires_at=expires_at,
                rights=rights,
            )

    async def enter(
        self,
        authorization: str | None = f"Bearer {TOKEN}",
        client: str = CLIENT,
        needed: KeyScope | None = KeyScope.READ,
    ) -> int:
        """The account that is let in."""
        header = None if authorization is None else authorization.encode()
        scopes = () if needed is None else (needed,)
        return (await self.authenticator.authenticate(header, client, scopes)).account.account_id

    async def refusal(
        self,
        authorization: str | None = f"Bearer {TOKEN}",
        client: str = CLIENT,
        needed: KeyScope | None = KeyScope.READ,
    ) -> RefusedError:
        with pytest.raises(RefusedError) as refused:
            await self.enter(authorization, client, needed)
        return refused.value


async def test_a_key_opens_its_account(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare()
        assert await gate.enter() == 7
        assert await gate.enter() == 7
        assert await gate.enter(f"bearer  {TOKEN} ") == 7


@pytest.mark.parametrize(
    ("authorization", "sentence"),
    [
        (None, MISSING),
        ("", MISSING),
        (TOKEN, MISSING),
        (f"Basic {TOKEN}", MISSING),
        ("Bearer API_NYCKEL", UNKNOWN),
        (f"Bearer {TOKEN[:-1]}0", UNKNOWN),
        (f"Bearer {make_token(b'x' * 10, b's' * 32)}", UNKNOWN),
        (f"Bearer {make_token(b'k' * 10, b'x' * 32)}", UNKNOWN),
        ("Bearer \xff\xfe", UNKNOWN),
        ("Bearer " + "x" * 10_000, UNKNOWN),
    ],
    ids=[
        *("missing", "empty", "no scheme", "Basic", "no token of ours", "checksum", "unknown key"),
        *("wrong secret", "no ASCII", "long"),
    ],
)
async def test_no_key_or_a_wrong_one_is_401(database: str, authorization: str | None, sentence: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare()
        refusal = await gate.refusal(authorization)
        assert type(refusal) is Unauthorized
        assert refusal.sentence == sentence


async def test_a_revoked_key_stops_within_5_seconds(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare()
        await gate.enter()
        async with pools.transaction() as tx:
            assert await revoke_key(tx, KEY_ID, now=NOW)
        gate.clock.seconds += 4.9
        assert (await gate.refusal(f"Bearer {TOKEN}")).sentence == UNKNOWN


async def test_a_key_ends_at_its_expiry_to_the_second(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare(expires_at=NOW + timedelta(seconds=1))
        assert await gate.enter() == 7
        gate.now += timedelta(seconds=1)
        assert (await gate.refusal(f"Bearer {TOKEN}")).sentence == UNKNOWN


async def test_a_disabled_account_is_403(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare()
        async with pools.transaction() as tx:
            await change_account(tx, 7, AccountSettingsChange(is_disabled=True), now=NOW)
        refusal = await gate.refusal(f"Bearer {TOKEN}")
        assert type(refusal) is Forbidden
        assert refusal.sentence == "The account of this API key is disabled."


async def test_a_key_without_the_scope_is_403_that_names_it(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare(rights=KeyRights(scopes=frozenset({KeyScope.READ, KeyScope.BILLING})))
        assert await gate.enter(needed=KeyScope.READ) == 7
        assert await gate.enter(needed=None) == 7
        refusal = await gate.refusal(needed=KeyScope.SEND)
        assert type(refusal) is Forbidden
        assert refusal.sentence == "This API key lacks the scope send, which this request needs."


async def test_a_key_without_any_scope_opens_nothing(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare(rights=KeyRights(scopes=frozenset()))
        for scope in KeyScope:
            assert type(await gate.refusal(needed=scope)) is Forbidden


@pytest.mark.parametrize(
    ("client", "is_let_in"),
    [
        ("10.255.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("2001:db8:0:ffff::1", True),
        ("192.0.2.7", True),
        ("11.0.0.1", False),
        ("192.0.2.8", False),
        ("2001:db8:1::1", False),
        ("10.0.0.1.evil.example", False),
        ("10.0.0.1, 11.0.0.1", False),
        ("unknown", False),
        ("", False),
    ],
)
async def test_a_key_with_networks_is_refused_elsewhere(database: str, client: str, is_let_in: bool) -> None:
    networks = tuple(map(parse_network, ["10.0.0.0/8", "192.0.2.7", "2001:db8::/48"]))
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare(rights=KeyRights(networks=networks))
        if is_let_in:
            assert await gate.enter(client=client) == 7
            return
        refusal = await gate.refusal(client=client)
        assert type(refusal) is Forbidden
        shown = client if client[:1].isdigit() and client.count(".") == 3 and "," not in client else ""
        assert shown in refusal.sentence
        assert refusal.sentence.startswith("This API key may not be used from the address ")


async def test_a_refused_address_does_not_count_as_a_use(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare(rights=KeyRights(networks=(parse_network("10.0.0.0/8"),)))
        await gate.refusal()
        assert await gate.keys.record_uses(NOW) == 0


async def test_failures_beyond_the_pace_are_429_with_the_time_to_wait(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools, per_minute=3)
        await gate.prepare()
        wrong = f"Bearer {make_token(b'x' * 10, b's' * 32)}"
        for _ in range(3):
            assert type(await gate.refusal(wrong)) is Unauthorized
        refusal = await gate.refusal(wrong)
        assert isinstance(refusal, TooManyRequests)
        assert refusal.sentence == "Too many failed attempts from this address. Try again later."
        assert refusal.retry_after == pytest.approx(20)
        gate.clock.seconds += 20
        assert type(await gate.refusal(wrong)) is Unauthorized


async def test_a_key_at_hand_passes_from_an_address_that_failed_too_often(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools, per_minute=1)
        await gate.prepare()
        await gate.enter()
        await gate.refusal("Bearer x")
        assert isinstance(await gate.refusal("Bearer x"), TooManyRequests)
        assert await gate.enter() == 7
        assert type(await gate.refusal("Bearer x", "192.0.2.2")) is Unauthorized


async def test_the_scope_of_a_request_is_judged_alike(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare()
        headers = [(b"host", b"x"), (b"authorization", f"Bearer {TOKEN}".encode())]
        scope = {"type": "http", "headers": headers, "client": (CLIENT, 1)}
        assert (await gate.authenticator.authenticate_scope(scope)).account.account_id == 7
        with pytest.raises(Unauthorized):
            await gate.authenticator.authenticate_scope({"type": "http", "headers": [], "client": None})


async def test_uses_of_keys_are_written_all_at_once(database: str) -> None:
    async with Database(database) as pools:
        gate = Gate(pools)
        await gate.prepare()
        await gate.enter()
        await gate.enter()
        assert await gate.keys.record_uses(NOW) == 1
        assert await gate.keys.record_uses(NOW) == 0
        async with pools.transaction() as tx:
            assert await tx.fetchval("SELECT last_used_at FROM api_key") == NOW


def test_the_throttle_counts_ipv6_clients_by_their_network() -> None:
    throttle = FailureThrottle(1, clock=Clock())
    throttle.note_failure("2001:db8:1:2::1")
    assert throttle.wait_seconds("2001:db8:1:2:ffff::2") > 0
    assert throttle.wait_seconds("2001:db8:1:3::1") == 0
    throttle.note_failure("::ffff:192.0.2.1")
    assert throttle.wait_seconds("192.0.2.1") > 0


def test_the_throttle_remembers_a_bounded_number_of_addresses() -> None:
    throttle = FailureThrottle(1, clock=Clock(), max_addresses=2)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        throttle.note_failure(address)
    assert throttle.wait_seconds("192.0.2.1") == 0
    assert throttle.wait_seconds("192.0.2.2") > 0
    assert throttle.wait_seconds("192.0.2.3") > 0
