"""The first start of the embedded default: everything a newcomer needs to send, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from heliograph.domain.api_token import KEY_ID_BYTES, SECRET_BYTES
from heliograph.domain.ids import IdSource
from heliograph.domain.pricing import UNIT
from heliograph.domain.webhook_event import SECRET_LENGTH, secret_text
from heliograph.storage.accounts import add_sender, create_account, top_up
from heliograph.storage.api_keys import create_key
from heliograph.storage.carrier_settings import NewCarrier, create_carrier, create_route
from heliograph.storage.database import Database, load_query
from heliograph.storage.price_lists import create_price_list, set_prices
from heliograph.storage.sealing import Sealer

STANDARD_PRICE = 350_000
SIMULATOR_WINDOW = 100
SIMULATOR_TPS = 20_000.0


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


class FirstStart(msgspec.Struct, frozen=True):
    """What was made. The token and the webhook secret are shown once: neither can be read again."""

    account_id: int
    account_number: str
    token: str
    webhook_secret: str
    test_credit: int
    currency: str
    senders: tuple[str, ...]


async def first_start(
    database: Database,
    settings: FirstStartSettings,
    *,
    sealer: Sealer,
    now: datetime,
    ids: IdSource,
    random_bytes: Callable[[int], bytes],
) -> FirstStart | None:
    """Make account, key, credit, senders, prices, the simulated carrier, a route for everything and a webhook
    secret; None, and nothing is made, when the database has an account already.

    ``random_bytes`` is a cryptographic source such as ``os.urandom``.
    """
    async with database.transaction() as tx:
        if await tx.fetchval(load_query("has_account")):
            return None
        price_list_id = await create_price_list(tx, name="standard", currency=settings.currency)
        await set_prices(tx, price_list_id, {"": STANDARD_PRICE})
        account_id, number = await create_account(
            tx,
            name="Test account",
            currency=settings.currency,
            price_list_id=price_list_id,
            number_prefix=settings.number_prefix,
            now=now,
        )
        for sender in settings.senders:
            await add_sender(tx, account_id, sender, now=now)
        if settings.test_credit:
            await top_up(tx, account_id, settings.test_credit * UNIT, note="Test credit", now=now, ids=ids)
        token = await create_key(
            tx,
            account_id,
            name="First key",
            key_id=random_bytes(KEY_ID_BYTES),
            secret=random_bytes(SECRET_BYTES),
            now=now,
        )
        webhook_secret = secret_text(random_bytes(SECRET_LENGTH))
        await tx.execute(
            load_query("create_webhook_secret"),
            account_id,
            random_bytes(8).hex(),
            sealer.seal(webhook_secret),
            now,
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
    return FirstStart(
        account_id,
        number,
        token,
        webhook_secret,
        settings.test_credit,
        settings.currency,
        tuple(settings.senders),
    )
