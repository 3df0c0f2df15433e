"""Which connection takes which request: per account and origin, and how many connections there are in all."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial

from heliograph import __version__
from heliograph.domain.report_url import ReportUrl
from heliograph.outbound_http.answers import Answer, CallFailed, Failure
from heliograph.outbound_http.connection import Connection, Exchange
from heliograph.outbound_http.outbound_limits import OutboundLimits

TURN = 16
"""Requests a connection serves before it yields to a pool that has none, when there are too few for all."""

Dial = Callable[[ReportUrl, Callable[[], Connection]], Coroutine[None, None, Connection]]
"""Opens a connection; raises CallFailed."""


def request_head(url: ReportUrl) -> bytes:
    """Everything of a request that is the same for one URL, up to the value of Content-Length."""
    return (
        f"POST {url.target} HTTP/1.1\r\nHost: {url.host_header}\r\nUser-Agent: Heliograph/{__version__}\r\n"
        "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: "
    ).encode("ascii")


class ConnectionBudget:
    """How many connections may be open in all; which of them rest; which pools wait for one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open = 0
        self._waiting: deque[OriginPool] = deque()
        self.resting: dict[Connection, None] = {}
        """Oldest first."""

    def __repr__(self) -> str:
        return (
            f"<ConnectionBudget {self._open}/{self._limit} open, {len(self.resting)} resting, "
            f"{len(self._waiting)} pools waiting>"
        )

    @property
    def is_wanted(self) -> bool:
        """Whether some pool waits for room."""
        return bool(self._waiting)

    def take(self, pool: "OriginPool") -> bool:
        """Whether there is room for one more. If not, the longest resting one must go and the pool waits."""
        if self._open < self._limit:
            self._open += 1
            return True
        oldest = next(iter(self.resting), None)
        if oldest is not None:
            oldest.abort()
        if pool not in self._waiting:
            self._waiting.append(pool)
        return False

    def give_back(self) -> None:
        """One connection less: the pool that waits longest may open one."""
        self._open -= 1
        while self._waiting and self._open < self._limit:
            self._waiting.popleft().open_more()


class OriginPool:
    """The connections of one account to one origin, and the requests that wait for one of them."""

    __slots__ = (
        *("_budget", "_connections", "_dial", "_dialing", "_head", "_head_of", "_limits", "_loop"),
        *("_monotonic", "_on_empty", "_resting", "_waiting"),
    )

    def __init__(
        self,
        *,
        dial: Dial,
        budget: ConnectionBudget,
        limits: OutboundLimits,
        monotonic: Callable[[], float],
        loop: asyncio.AbstractEventLoop,
        on_empty: Callable[[], object],
    ) -> None:
        self._dial = dial
        self._budget = budget
        self._limits = limits
        self._monotonic = monotonic
        self._loop = loop
        self._on_empty = on_empty
        self._waiting: deque[Exchange] = deque()
        self._resting: list[Connection] = []
        self._connections: set[Connection] = set()
        self._dialing: set[asyncio.Task[Connection]] = set()
        self._head_of: ReportUrl | None = None
        self._head = b""

    def __repr__(self) -> str:
        return (
            f"<OriginPool {len(self._connections)} open, {len(self._resting)} resting, "
            f"{len(self._dialing)} opening, {len(self._waiting)} requests waiting>"
        )

    def submit(self, exchange: Exchange) -> None:
        """Send now on a resting connection, else on a new one, else wait."""
        if self._resting:
            connection = self._resting.pop()
            self._budget.resting.pop(connection)
            self._begin(exchange)
            self._send(connection, exchange)
        else:
            self._waiting.append(exchange)
            self.open_more()

    def open_more(self) -> None:
        """Open a connection for each waiting request, as far as the limits allow."""
        most = self._limits.connections_per_origin
        while self._waiting and len(self._connections) + len(self._dialing) < most:
            if not self._budget.take(self):
                return
            exchange = self._waiting.popleft()
            self._begin(exchange)
            self._open_for(exchange)

    def stop(self) -> None:
        """End every exchange as stopped and close every connection."""
        while self._waiting:
            self._fail(self._waiting.popleft(), Failure.STOPPED, "This service was stopped.")
        for task in self._dialing:
            task.cancel()
        for connection in list(self._connections):
            connection.stop()
        self._forget_if_empty()

    # What connections tell (connection.Owner)

    def answered(
        self, connection: Connection, exchange: Exchange, answer: Answer, *, keep: bool, now: float
    ) -> None:
        if not keep or now > connection.opened_at + self._limits.age or self._must_yield(connection):
            connection.abort()
        elif self._waiting:
            waiting = self._waiting.popleft()
            self._begin(waiting)
            self._send(connection, waiting)
        else:
            connection.rest(now)
            self._resting.append(connection)
            self._budget.resting[connection] = None
        self._tell(exchange, answer)

    def unanswered(self, connection: Connection, exchange: Exchange) -> None:
        # The new connection takes over the place in the budget. It has served nothing, so if it closes too,
        # that is the end.
        self._connections.remove(connection)
        self._open_for(exchange)

    def lost(self, connection: Connection) -> None:
        if connection not in self._connections:
            return  # it never served, or another has taken its place
        self._connections.remove(connection)
        if connection in self._resting:
            self._resting.remove(connection)
            self._budget.resting.pop(connection)
        self._room_made()

    # Steps

    def _must_yield(self, connection: Connection) -> bool:
        """Whether another pool waits for room and this connection has no work, or had its turn."""
        return self._budget.is_wanted and (not self._waiting or connection.served % TURN == 0)

    def _room_made(self) -> None:
        self._budget.give_back()
        self.open_more()
        self._forget_if_empty()

    def _forget_if_empty(self) -> None:
        if not self._connections and not self._dialing and not self._waiting:
            self._on_empty()

    def _begin(self, exchange: Exchange) -> None:
        exchange.started_at = self._monotonic()
        exchange.deadline = exchange.started_at + self._limits.request

    def _send(self, connection: Connection, exchange: Exchange) -> None:
        if exchange.url is not self._head_of:
            self._head_of = exchange.url
            self._head = request_head(exchange.url)
        body = exchange.body
        connection.send(exchange, b"%b%d\r\n%b\r\n%b" % (self._head, len(body), exchange.headers, body))

    def _open_for(self, exchange: Exchange) -> None:
        task = self._loop.create_task(self._dial_in_time(exchange))
        self._dialing.add(task)
        task.add_done_callback(partial(self._opened, exchange))

    async def _dial_in_time(self, exchange: Exchange) -> Connection:
        async with asyncio.timeout(exchange.deadline - self._monotonic()):
            return await self._dial(exchange.url, self._make_connection)

    def _opened(self, exchange: Exchange, task: asyncio.Task[Connection]) -> None:
        """Send on the new connection, or answer with the reason why there is none."""
        self._dialing.remove(task)
        result = self._result_of(task)
        if isinstance(result, Connection):
            self._connections.add(result)
            self._send(result, exchange)
        else:
            self._fail(exchange, result.failure, result.reason)
            self._room_made()

    def _result_of(self, task: asyncio.Task[Connection]) -> Connection | CallFailed:
        if task.cancelled():
            return CallFailed(Failure.STOPPED, "This service was stopped.")
        error = task.exception()
        if error is None:
            connection = task.result()
            if not connection.is_lost:
                return connection
            return CallFailed(Failure.CLOSED, "The receiver closed the connection before it answered.")
        if isinstance(error, CallFailed):
            return error
        if isinstance(error, TimeoutError):
            return CallFailed(Failure.TIMEOUT, "The receiver did not answer in time.")
        self._report("a connection could not be opened", error)
        return CallFailed(Failure.UNREACHABLE, "The receiver cannot be reached.")

    def _make_connection(self) -> Connection:
        return Connection(self, limits=self._limits, monotonic=self._monotonic, loop=self._loop)

    def _fail(self, exchange: Exchange, failure: Failure, reason: str) -> None:
        started_at = exchange.started_at or self._monotonic()
        duration_ms = int((self._monotonic() - started_at) * 1000)
        self._tell(exchange, Answer(None, failure, reason, None, duration_ms, b""))

    def _tell(self, exchange: Exchange, answer: Answer) -> None:
        try:
            exchange.on_done(answer)
        except Exception as error:
            self._report("the callback of an outbound request failed", error)

    def _report(self, message: str, error: BaseException) -> None:
        self._loop.call_exception_handler({"message": message, "exception": error})
