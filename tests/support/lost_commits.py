"""A proxy before PostgreSQL that loses the answer to one COMMIT: the fate of that commit is then unknown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit


class LosingProxy:
    """Forwards everything. Armed, it deals with the next COMMIT that follows ``marker`` in one connection."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._marker = b""
        self._commits = False
        self.lost = asyncio.Event()

    def arm(self, *, marker: bytes, commits: bool) -> None:
        """Lose the connection over a COMMIT: after the server did it, or before it could."""
        self._marker, self._commits = marker, commits
        self.lost.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        to_client = writer
        from_server, to_server = await asyncio.open_unix_connection(self._server)
        back = asyncio.create_task(self._pass_back(from_server, to_client))
        try:
            await self._pass_on(reader, to_server, back)
        except ConnectionError:
            pass
        finally:
            back.cancel()
            to_server.close()
            to_client.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter, back: asyncio.Task[None]
    ) -> None:
        is_marked = False
        while data := await reader.read(1 << 16):
            is_marked = is_marked or bool(self._marker and self._marker in data)
            if is_marked and b"COMMIT\0" in data:
                self._marker = b""
                back.cancel()
                if self._commits:
                    to_server.write(data)
                    await to_server.drain()
                    await asyncio.sleep(0.05)
                self.lost.set()
                return
            to_server.write(data)
            await to_server.drain()

    async def _pass_back(self, from_server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        while data := await from_server.read(1 << 16):
            to_client.write(data)
            await to_client.drain()
        to_client.close()


@asynccontextmanager
async def losing_proxy(dsn: str, folder: Path) -> AsyncIterator[tuple[LosingProxy, str]]:
    """The proxy, and the DSN that leads through it."""
    parts = urlsplit(dsn)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    port = query.get("port", "5432")
    proxy = LosingProxy(f"{query['host']}/.s.PGSQL.{port}")
    server = await asyncio.start_unix_server(proxy.serve, folder / f".s.PGSQL.{port}")
    query["host"] = str(folder)
    try:
        yield proxy, urlunsplit(parts._replace(query=urlencode(query)))
    finally:
        server.close()
        await asyncio.sleep(0)
