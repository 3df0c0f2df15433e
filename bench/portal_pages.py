"""Server time of the portal's pages, among many messages. Run: python -m bench.portal_pages [--messages N].

One account with that many delivered messages, 10,000,000 by default, in 1,000 batches of the last six days,
filled in and counted by the keeper's own services. Pages are asked for without a socket, as their owner, one
after the other; a page's time is from the request to the last byte of the answer, PostgreSQL included. Aim:
100 ms.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import httpx

from bench.bench_server import SECRET_KEY, BenchServer, NotOnDisk, bench_server, make_account
from bench.portal_requests import CSRF, Asked, filled_in, things_to_ask_for
from heliograph.domain.login_secret import SECRET_BYTES, login_hash, login_secret
from heliograph.faces.api.auth import Authenticator, FailureThrottle
from heliograph.faces.portal.live_streams import LiveStreams
from heliograph.faces.portal.signed_in import COOKIE
from heliograph.services.count_traffic import CountTraffic
from heliograph.services.fill_conversations import FillConversations
from heliograph.settings import Settings
from heliograph.storage.accounts import AccountDirectory
from heliograph.storage.api_keys import KeyDirectory
from heliograph.storage.database import Database
from heliograph.storage.group_commit import GroupCommit
from heliograph.storage.portal_logins import begin_login
from heliograph.wiring.api_role import api_app
from heliograph.wiring.parts import open_parts, utc_now
from heliograph.wiring.roles import collect_seldom

BATCHES: Final = 1_000
DAYS: Final = 6
ASKED: Final = 20
WARMING: Final = 2
AIM_MS: Final = 100


class Timed(NamedTuple):
    """How long it took, in milliseconds, and how large the answer is."""

    name: str
    median: float
    slowest: float
    kilobytes: float


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 1 if a page misses the aim or cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m bench.portal_pages", description="Time the pages.")
    parser.add_argument(
        "--messages", type=int, default=10_000_000, help="in the database, 10,000,000 by default"
    )
    options = parser.parse_args(arguments)
    try:
        with bench_server() as server:
            timed, notes = asyncio.run(_measure(server, options.messages))
    except NotOnDisk as fault:
        print(fault, file=sys.stderr)
        return 2
    print("\n".join([*notes, "", *table(timed)]))
    return int(any(page.median > AIM_MS for page in timed))


def table(timed: Sequence[Timed]) -> Iterator[str]:
    """The table for docs/performance.md."""
    yield "| page | ms, median | ms, slowest of 20 | kB |"
    yield "|---|---|---|---|"
    for page in timed:
        yield f"| {page.name} | {page.median:.1f} | {page.slowest:.1f} | {page.kilobytes:.0f} |"


async def _measure(server: BenchServer, messages: int) -> tuple[list[Timed], list[str]]:
    apart = DAYS * 86_400 // BATCHES
    await make_account(
        server, carrier_port=2775, past=messages, batch_size=messages // BATCHES, seconds_apart=apart
    )
    settings = Settings(database_url=server.dsn, secret_key=SECRET_KEY)
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts(settings, server.dsn))
        notes = [
            await _all_steps("count_traffic", CountTraffic(parts.database).step, messages),
            await _all_steps("fill_conversations", FillConversations(parts.database).step, messages),
        ]
        accounts = AccountDirectory(parts.database)
        authenticator = Authenticator(
            KeyDirectory(parts.database), accounts, throttle=FailureThrottle(30), now=utc_now
        )
        committer = await stack.enter_async_context(
            GroupCommit(parts.database, ids=parts.ids, now=utc_now, wake=parts.wakeups.notify)
        )
        app: Any = api_app(parts, accounts, committer, authenticator, LiveStreams())
        secret = await _sign_in(parts.database)
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),
                base_url="http://127.0.0.1:8080",
                cookies={COOKIE: secret},
                timeout=120,
            )
        )
        things = await things_to_ask_for(parts.database, client)
        collect_seldom()
        return [await _time(client, each) for each in filled_in(things)], notes


async def _all_steps(name: str, step: Callable[[datetime], Awaitable[int]], messages: int) -> str:
    """What the keeper does with all of it, and how long that takes."""
    began, later = time.perf_counter(), utc_now() + timedelta(minutes=10)
    while await step(later):
        pass
    await step(later)  # a filler first promises up to where it fills
    while await step(later):
        pass
    seconds = time.perf_counter() - began
    return f"{name}: {seconds:.1f} s, {seconds / messages * 1e6:.2f} us a message"


async def _sign_in(database: Database) -> str:
    """The first user's cookie."""
    secret, now = login_secret(bytes(SECRET_BYTES)), utc_now()
    async with database.transaction() as tx:
        user_id = await tx.fetchval("SELECT user_id FROM portal_user")
        await begin_login(
            tx, login_hash(secret), user_id, csrf_token=CSRF, second_factor=True, browser="bench", now=now
        )
    return secret


async def _time(client: httpx.AsyncClient, asked: Asked) -> Timed:
    """Ask again and again. Raises RuntimeError for a page that cannot be had."""
    took: list[float] = []
    size = 0
    for _ in range(WARMING + ASKED):
        began = time.perf_counter()
        if asked.form is None:
            answer = await client.get(asked.path)
        else:
            answer = await client.post(
                asked.path, data={"csrf": CSRF, **asked.form}, headers={"sec-fetch-site": "same-origin"}
            )
        took.append(1000 * (time.perf_counter() - began))
        size = len(answer.content)
        if answer.status_code not in (200, 303):
            raise RuntimeError(f"{asked.name}: {answer.status_code}")
    took = took[WARMING:]
    return Timed(asked.name, statistics.median(took), max(took), size / 1000)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
