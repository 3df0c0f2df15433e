"""CPU of accepting one-recipient batches, and time and memory of one of 100,000. Run: python -m bench.accept.

The handler is called without a socket, then behind uvicorn (uvloop, httptools) with 50 keep-alive connections
of a lean client in another process. PostgreSQL is the product's own, with every durability setting on.
Aims: at most 110 us a request with PostgreSQL in groups of 50, 100,000 recipients in 3 s and 250 MB.
"""

import asyncio
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import psutil
import uvicorn
import uvloop

from heliograph.domain.ids import IdSource
from heliograph.faces.api.accept_handler import AcceptHandler, Application
from heliograph.faces.api.auth import Authenticator, FailureThrottle
from heliograph.faces.api.request_bodies import BodyReader
from heliograph.faces.api.schemas import encode_accepted
from heliograph.services.accept_batch import AcceptBatch, GuardVelocity, ReportUrlRules
from heliograph.services.explain_batch import ExplainBatch
from heliograph.services.first_start import FirstStartSettings, first_start
from heliograph.storage.accounts import AccountDirectory
from heliograph.storage.api_keys import KeyDirectory
from heliograph.storage.database import Database, connect, transaction_on
from heliograph.storage.embedded_postgres import EmbeddedPostgres
from heliograph.storage.group_commit import GroupCommit
from heliograph.storage.idempotency import IdempotencyKeys
from heliograph.storage.large_batches import LargeBatches
from heliograph.storage.migrations_runner import migrate
from heliograph.storage.partitions import make_partitions
from heliograph.storage.sealing import Sealer

REQUESTS = 20_000
CONNECTIONS = 50
BODY = json.dumps(
    {
        "sender": "iP1",
        "recipients": ["46701740605"],
        "body": "A nice message sent from iP.1 SMS API v2.",
        "datacoding": "gsm",
    }
).encode()


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


async def nothing_behind(scope: object, receive: object, send: Any) -> None:
    """No application behind the handler."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def prepare(dsn: str) -> str:
    """Schema, partitions, account; the token."""
    await migrate(dsn)
    owner = await connect(dsn)
    async with transaction_on(owner) as tx:
        await make_partitions(tx, utc_now())
    await owner.close()
    async with Database(dsn) as database:
        started = await first_start(
            database,
            FirstStartSettings(
                simulator_host="127.0.0.1",
                simulator_port=2775,
                simulator_system_id="bench",
                simulator_password="bench",
                test_credit=10_000_000,
            ),
            sealer=Sealer(os.urandom(32)),
            now=utc_now(),
            ids=IdSource(os.urandom(5)),
            random_bytes=os.urandom,
        )
    assert started is not None
    return started.token


@asynccontextmanager
async def handler_on(dsn: str) -> AsyncIterator[Application]:
    """The accept path as the wiring builds it."""
    ids = IdSource(os.urandom(5))

    def wake(_: str) -> None:
        pass

    async with (
        Database(dsn) as database,
        GroupCommit(database, ids=ids, now=utc_now, wake=wake) as group_commit,
    ):
        accounts = AccountDirectory(database)
        accept_batch = AcceptBatch(
            accounts,
            group_commit,
            LargeBatches(database, ids=ids, now=utc_now, wake=wake, give_way=group_commit.give_way),
            IdempotencyKeys(database),
            ids=ids,
            now=utc_now,
            guard=GuardVelocity(database, now=utc_now, give_way=group_commit.give_way),
            report_urls=ReportUrlRules(),
            encode_answer=encode_accepted,
        )
        yield AcceptHandler(
            nothing_behind,
            authenticator=Authenticator(
                KeyDirectory(database), accounts, throttle=FailureThrottle(30), now=utc_now
            ),
            accept_batch=accept_batch,
            explain_batch=ExplainBatch(accounts, accept_batch.foreseen),
            bodies=BodyReader(),
        )


async def post(handler: Application, token: str, body: bytes) -> int:
    """One request without a socket; its status."""
    status = 0

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v2/batches",
        "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"127.0.0.1:8080"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    await handler(scope, receive, send)
    return status


def own_cpu() -> float:
    """CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def postgres_cpu(data: Path) -> float:
    """CPU seconds of the server and all its living backends."""
    postmaster = psutil.Process(int((data / "postgres" / "postmaster.pid").read_text().split()[0]))
    return sum(sum(process.cpu_times()[:4]) for process in [postmaster, *postmaster.children(recursive=True)])


async def measure_handler(dsn: str, token: str, data: Path, at_once: int) -> None:
    """CPU of the handler and of PostgreSQL for each request."""
    async with handler_on(dsn) as handler:

        async def send_many(count: int) -> None:
            for _ in range(count):
                assert await post(handler, token, BODY) == 201

        await asyncio.gather(*[send_many(20) for _ in range(at_once)])
        ours, theirs, began = own_cpu(), postgres_cpu(data), time.perf_counter()
        requests = min(REQUESTS, 500 * at_once)
        await asyncio.gather(*[send_many(requests // at_once) for _ in range(at_once)])
        took = time.perf_counter() - began
        ours, theirs = own_cpu() - ours, postgres_cpu(data) - theirs
    print(
        f"handler, {at_once} at once: {ours / requests * 1e6:.0f} us ours + {theirs / requests * 1e6:.0f} us "
        f"PostgreSQL a request, {requests / took:.0f}/s",
        flush=True,
    )


async def measure_large(dsn: str, token: str) -> None:
    """Time and memory of one large batch, and what it does to small ones beside it."""
    body = json.dumps(
        {"sender": "iP1", "recipients": [f"4670{number:07}" for number in range(100_000)], "body": "Hello"}
    ).encode()
    async with handler_on(dsn) as handler:
        quiet = await latencies(handler, token, asyncio.sleep(1))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        assert await post(handler, token, body) == 201
        took = time.perf_counter() - began
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        beside = await latencies(handler, token, post(handler, token, body))
    print(f"100,000 recipients: {took:.2f} s, {more:.0f} MB more")
    print(f"single beside nothing: {_percentiles(quiet)}; beside 100,000: {_percentiles(beside)}")


async def latencies(handler: Application, token: str, other: Any) -> list[float]:
    """Milliseconds of single requests, one every 5 ms, while something else runs."""
    found: list[float] = []

    async def timed() -> None:
        began = time.perf_counter()
        assert await post(handler, token, BODY) == 201
        found.append((time.perf_counter() - began) * 1000)

    running = asyncio.ensure_future(other)
    singles = []
    while not running.done():
        singles.append(asyncio.create_task(timed()))
        await asyncio.sleep(0.005)
    await asyncio.gather(running, *singles)
    return found


def _percentiles(values: list[float]) -> str:
    ordered = sorted(values)
    return f"p50 {ordered[len(ordered) // 2]:.1f} ms, p99 {ordered[len(ordered) * 99 // 100]:.1f} ms"


def run_client(port: int, token: str, requests: int, pipe: Pipe) -> None:
    """50 keep-alive connections, one request after the other on each; reports seconds."""
    request = (
        b"POST /v2/batches HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
        + token.encode()
        + b"\r\nContent-Type: application/json\r\nContent-Length: "
        + str(len(BODY)).encode()
        + b"\r\n\r\n"
        + BODY
    )

    async def converse(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 201"), head
            length = head.lower().index(b"content-length: ") + 16
            await reader.readexactly(int(head[length : head.index(b"\r", length)]))
        writer.close()

    async def converse_all() -> float:
        began = time.perf_counter()
        await asyncio.gather(*[converse(requests // CONNECTIONS) for _ in range(CONNECTIONS)])
        return time.perf_counter() - began

    pipe.send(uvloop.run(converse_all()))


async def measure_http(dsn: str, token: str, data: Path) -> None:
    """The same behind uvicorn; the client's CPU is its own process's."""
    async with handler_on(dsn) as handler:
        server = uvicorn.Server(
            uvicorn.Config(
                handler, host="127.0.0.1", port=0, http="httptools", access_log=False, log_level="error",
                lifespan="off", server_header=False, date_header=False,
            )
        )  # fmt: skip
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        for requests in (2_000, REQUESTS):
            here, there = multiprocessing.Pipe()
            client = multiprocessing.get_context("spawn").Process(
                target=run_client, args=(port, token, requests, there)
            )
            ours, theirs = own_cpu(), postgres_cpu(data)
            client.start()
            took = await asyncio.to_thread(here.recv)
            ours, theirs = own_cpu() - ours, postgres_cpu(data) - theirs
            client.join()
        print(
            f"uvicorn, {CONNECTIONS} connections: {ours / REQUESTS * 1e6:.0f} us ours + "
            f"{theirs / REQUESTS * 1e6:.0f} us PostgreSQL a request, {REQUESTS / took:.0f}/s"
        )
        server.should_exit = True
        await serving


def main() -> None:
    """Run all of it, or what the arguments name: handler, http, large, profile."""
    wanted = set(sys.argv[1:]) or {"handler", "http", "large"}
    # In memory where possible: what counts here is CPU, and a disk shared with others hides it.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="hg", dir=memory) as name:
        folder = Path(name)
        folder.chmod(0o711)
        data = folder / "pg"
        with EmbeddedPostgres(data) as server:
            dsn = server.dsn()
            token = uvloop.run(prepare(dsn))
            if "profile" in wanted:
                import cProfile

                with cProfile.Profile() as profile:
                    uvloop.run(measure_handler(dsn, token, data, CONNECTIONS))
                profile.dump_stats("accept.prof")
            if "handler" in wanted:
                for at_once in (1, 10, CONNECTIONS, 200):
                    uvloop.run(measure_handler(dsn, token, data, at_once))
            if "http" in wanted:
                uvloop.run(measure_http(dsn, token, data))
            if "large" in wanted:
                uvloop.run(measure_large(dsn, token))


if __name__ == "__main__":
    main()
