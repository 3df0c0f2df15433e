"""The first start of the embedded default: everything a newcomer needs to send, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from heliograph.domain.ids import IdSource
from heliograph.domain.login_secret import SECRET_BYTES as LOGIN_SECRET_BYTES
from heliograph.domain.login_secret import login_hash, login_secret
from heliograph.domain.portal_rights import Role
from heliograph.domain.pricing import UNIT
from heliograph.storage.carrier_settings import NewCarrier, create_carrier, create_route
from heliograph.storage.database import Database, Transaction, load_query
from heliograph.storage.inbound_numbers import add_number
from heliograph.storage.new_accounts import NewAccount, open_account
from heliograph.storage.portal_users import create_sign_in_link, create_user, set_membership
from heliograph.storage.price_lists import create_price_list, set_prices
from heliograph.storage.sealing import Sealer

STANDARD_PRICE = 350_000
SIMULATOR_WINDOW = 100
SIMULATOR_TPS = 20_000.0
FIRST_USER = "Owner"
FIRST_LINK_ENDS = timedelta(days=7)


class FirstStartSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the first start makes; ``test_credit`` is in whole units of the currency."""

    simulator_host: str
    simulator_port: int
    simulator_system_id: str
    simulator_password: str
    number_prefix: str = "ip1-"
    currency: str = "SEK"
    senders: Sequence[str] = ("iP1", "iP1sms")
    test_credit: int = 1_000
    inbound_number: str = ""
    """The account's own number, which handsets write to and it may send as; empty for none."""


class FirstStart(msgspec.Struct, frozen=True):
    """What was made. The token and the webhook secret are shown once: neither can be read again."""

    account_id: int
    account_number: str
    token: str
    webhook_secret: str
    test_credit: int
    currency: str
    senders: tuple[str, ...]
    inbound_number: str = ""
    portal_link: str = ""
    """Lets its holder into the portal, once."""


async def first_start(
    database: Database,
    settings: FirstStartSettings,
    *,
    sealer: Sealer,
    now: datetime,
    ids: IdSource,
    random_bytes: Callable[[int], bytes],
) -> FirstStart | None:
    """Make account, key, credit, senders, prices, the simulated carrier, a route for everything, an inbound
    number, a webhook secret and the portal's first user, its operator; None, and nothing is made, when the
    database has an account already.

    ``random_bytes`` is a cryptographic source such as ``os.urandom``.
    """
    async with database.transaction() as tx:
        if await tx.fetchval(load_query("has_account")):
            return None
        own_number = (settings.inbound_number,) if settings.inbound_number else ()
        price_list_id = await create_price_list(tx, name="standard", currency=settings.currency)
        await set_prices(tx, price_list_id, {"": STANDARD_PRICE})
        opened = await open_account(
            tx,
            NewAccount(
                name="Test account",
                currency=settings.currency,
                price_list_id=price_list_id,
                number_prefix=settings.number_prefix,
                senders=(*settings.senders, *own_number),
                credit=settings.test_credit * UNIT,
                credit_note="Test credit",
            ),
            sealer=sealer,
            now=now,
            ids=ids,
            random_bytes=random_bytes,
        )
        carrier_id = await create_carrier(
            tx,
            NewCarrier(
                name="simulator",
                host=settings.simulator_host,
                port=settings.simulator_port,
                system_id=settings.simulator_system_id,
                password=settings.simulator_password,
                profile={"window": SIMULATOR_WINDOW, "tps": SIMULATOR_TPS},
                simulated=True,
            ),
            sealer=sealer,
            now=now,
        )
        await create_route(tx, carrier_id)
        for number in own_number:
            await add_number(tx, number, account_id=opened.account_id, shared=False, now=now)
        portal_link = await _first_user(tx, opened.account_id, now=now, random_bytes=random_bytes)
    return FirstStart(
        opened.account_id,
        opened.number,
        opened.token,
        opened.webhook_secret,
        settings.test_credit,
        settings.currency,
        (*settings.senders, *own_number),
        settings.inbound_number,
        portal_link,
    )


async def _first_user(
    tx: Transaction, account_id: int, *, now: datetime, random_bytes: Callable[[int], bytes]
) -> str:
    """Somebody who owns the account and operates the installation; the secret of their sign-in link."""
    user_id = await create_user(tx, name=FIRST_USER, email=None, is_operator=True, now=now)
    assert user_id is not None  # without an address there is none to be taken
    await set_membership(tx, account_id, user_id, Role.OWNER, now=now)
    secret = login_secret(random_bytes(LOGIN_SECRET_BYTES))
    await create_sign_in_link(
        tx, login_hash(secret), user_id, "welcome", now=now, expires_at=now + FIRST_LINK_ENDS
    )
    return secret
