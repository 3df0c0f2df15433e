"""What a reporter has in hand: blocks, the messages of their events, origins, and what must be written down.

Decides only; a shell claims rows, POSTs and commits. Times are seconds since 1970.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from heliograph.domain.report_chain import GONE, Breaker, ReportChain, Waiting
from heliograph.domain.report_events import Attempt, Destination, EventBlock, RetryEvents, StoredEvent

Origin = tuple[int, str]
"""An account and one of its origins."""


class Block:
    """A claimed block and how many of its events are neither done nor written down elsewhere."""

    __slots__ = ("block_id", "bucket", "outstanding")

    def __init__(self, bucket: int, block_id: bytes, outstanding: int) -> None:
        self.bucket = bucket
        self.block_id = block_id
        self.outstanding = outstanding


class OriginState:
    """One origin of one account."""

    __slots__ = ("breaker", "bucket", "changed", "has_retries", "in_hand")

    def __init__(self, bucket: int, breaker: Breaker | None = None) -> None:
        self.bucket = bucket
        self.breaker = breaker or Breaker()
        self.in_hand = 0
        self.has_retries = False
        self.changed = False


class MessageChain(ReportChain):
    """A chain with where it belongs."""

    __slots__ = ("due", "is_trying", "message_id", "origin", "parked")

    def __init__(
        self,
        message_id: bytes,
        origin: Origin,
        destination: Destination,
        currency: str,
        *,
        tries: int = 0,
        stored: bool = False,
    ) -> None:
        super().__init__(destination, currency, tries=tries, stored=stored)
        self.message_id = message_id
        self.origin = origin
        self.due = 0.0
        self.is_trying = False
        self.parked: list[Waiting] = []


class Rest(NamedTuple):
    """A message's events to be written down until their next try, and those that are given up."""

    chain: MessageChain
    bucket: int
    waiting: RetryEvents
    given_up: RetryEvents
    """To be kept beside what was given up before."""
    due: float


class Snapshot(NamedTuple):
    """What one transaction must write."""

    blocks: list[tuple[int, bytes]]
    rests: list[Rest]
    done_messages: list[tuple[int, bytes]]
    """Messages, by bucket and id, whose row goes: nothing of them waits any more."""
    attempts: dict[tuple[int, int], list[Attempt]]
    """By bucket and account."""
    origins: list[tuple[Origin, OriginState]]


class ReportDesk:
    """The bookkeeping of one reporter."""

    def __init__(self) -> None:
        self.blocks: dict[bytes, Block] = {}
        self.chains: dict[bytes, MessageChain] = {}
        self.leaving: set[bytes] = set()
        """Messages of which nothing waits any more but whose row is still there, not to be claimed again."""
        self.origins: dict[Origin, OriginState] = {}
        self._done_blocks: list[Block] = []
        self._done_messages: list[tuple[int, bytes]] = []
        self._resting: dict[bytes, MessageChain] = {}
        self._attempts: dict[tuple[int, int], list[Attempt]] = {}
        self.events_in_hand = 0

    def __repr__(self) -> str:
        return (
            f"<ReportDesk {len(self.blocks)} blocks, {self.events_in_hand} events in hand, "
            f"{len(self._resting)} to rest, {len(self.origins)} origins>"
        )

    @property
    def has_news(self) -> bool:
        """Whether anything waits to be written."""
        return bool(self._attempts or self._resting or self._done_blocks or self._done_messages)

    def origin(self, origin: Origin, bucket: int) -> OriginState:
        """The state of an origin, made when first met."""
        state = self.origins.get(origin)
        if state is None:
            state = self.origins[origin] = OriginState(bucket)
        return state

    def resting_origins(self, now: float, most_in_hand: int) -> list[Origin]:
        """Origins that take nothing more now: open breaker, a probe under way, or enough in hand."""
        return [
            origin
            for origin, state in self.origins.items()
            if not state.breaker.is_closed(now)
            or state.in_hand >= most_in_hand
            or (state.breaker.is_probing and state.in_hand)
        ]

    def probed_origins(self) -> list[tuple[int, Origin]]:
        """Buckets and origins that are disabled or tried once in a while only, as far as written down."""
        return [
            (state.bucket, origin)
            for origin, state in self.origins.items()
            if (state.breaker.disabled or state.breaker.is_probing) and not state.changed
        ]

    def begin_anew(self, origin: Origin) -> None:
        """Somebody asked to try an origin again."""
        state = self.origins.get(origin)
        if state is not None:
            state.breaker = Breaker()
            state.has_retries = True

    def take_block(
        self, bucket: int, block_id: bytes, origin: Origin, block: EventBlock, rows: dict[bytes, MessageChain]
    ) -> list[MessageChain]:
        """Take a claimed block in hand; ``rows`` are chains of its messages that wait for another try.

        Returns the chains whose first event is to be tried now.
        """
        mine = self.blocks[block_id] = Block(bucket, block_id, len(block.events))
        self.origin(origin, bucket)
        starting = []
        for event in block.events:
            chain = self.chains.get(event.message_id) or rows.get(event.message_id)
            if chain is None:
                destination = block.destinations[event.destination]
                chain = MessageChain(event.message_id, origin, destination, block.currency)
                starting.append(chain)
            elif event.message_id not in self.chains:
                self._resting[event.message_id] = chain
            self.chains[event.message_id] = chain
            chain.add(event, mine)
        for chain in starting:
            self._try(chain)
        return starting

    def take_retry(
        self, bucket: int, message_id: bytes, origin: Origin, events: RetryEvents, tries: int
    ) -> MessageChain:
        """Take a message in hand whose next try is due."""
        self.origin(origin, bucket).has_retries = True
        chain = stored_chain(message_id, origin, events, tries)
        self.chains[message_id] = chain
        self._try(chain)
        return chain

    def _try(self, chain: MessageChain) -> None:
        chain.is_trying = True
        self.origins[chain.origin].in_hand += 1
        self.events_in_hand += 1

    def note(self, chain: MessageChain, attempt: Attempt) -> None:
        """Write an attempt down."""
        key = self.origins[chain.origin].bucket, chain.origin[0]
        self._attempts.setdefault(key, []).append(attempt)

    def stopped(self, chain: MessageChain) -> None:
        """The attempt was called off: nothing is written, the rows stay as they are."""
        self._end_try(chain)
        self.chains.pop(chain.message_id, None)

    def received(self, chain: MessageChain) -> bool:
        """The first event was received. Whether the next one is to be tried now."""
        state = self._end_try(chain)
        if state.breaker.failures:
            state.breaker.succeeded()
            state.changed = True
        self._leave([chain.received()])
        return self._go_on(chain)

    def failed(
        self,
        chain: MessageChain,
        schedule: Sequence[float],
        *,
        now: float,
        draw: float,
        status: int | None,
        retry_after: float | None,
        slow: bool,
    ) -> bool:
        """The first event was not received. Whether another one is to be tried now: never."""
        state = self._end_try(chain)
        state.breaker.failed(now)
        state.changed = state.has_retries = True
        given_up = chain.failed(len(schedule), gone=status == GONE)
        if chain.tries:
            # A final event takes the place of these.
            self._leave(given_up)
        else:
            chain.parked += given_up
        chain.due = 0.0
        if chain.waiting:
            chain.due = now + chain.delay(schedule, draw, status=status, retry_after=retry_after, slow=slow)
        self._resting[chain.message_id] = chain
        return False

    def _end_try(self, chain: MessageChain) -> OriginState:
        chain.is_trying = False
        state = self.origins[chain.origin]
        state.in_hand -= 1
        self.events_in_hand -= 1
        return state

    def _go_on(self, chain: MessageChain) -> bool:
        if chain.waiting:
            self._try(chain)
            return True
        del self.chains[chain.message_id]
        if chain.stored:
            self._done_messages.append((self.origins[chain.origin].bucket, chain.message_id))
            self.leaving.add(chain.message_id)
        return False

    def _leave(self, waiting: Iterable[Waiting]) -> None:
        for each in waiting:
            block = each.block
            if isinstance(block, Block):
                each.block = None
                block.outstanding -= 1
                if not block.outstanding:
                    self._done_blocks.append(block)

    def snapshot(self) -> Snapshot:
        """Everything to be written now; hand it to ``committed`` once it is."""
        rests = []
        for chain in self._resting.values():
            waiting, parked = list(chain.waiting), chain.parked
            chain.parked = []
            # Once their own row holds them, the events no longer keep their block.
            self._leave([*parked, *waiting])
            bucket = self.origins[chain.origin].bucket
            rests.append(
                Rest(chain, bucket, chain.stored_events(waiting), chain.stored_events(parked), chain.due)
            )
        blocks = [(block.bucket, block.block_id) for block in self._done_blocks]
        origins = [(origin, state) for origin, state in self.origins.items() if state.changed]
        for _, state in origins:
            state.changed = False
        taken = Snapshot(blocks, rests, self._done_messages, self._attempts, origins)
        self._done_blocks, self._done_messages, self._attempts, self._resting = [], [], {}, {}
        return taken

    def committed(self, snapshot: Snapshot) -> None:
        """The snapshot is committed: what it wrote is no longer in hand."""
        for _, block_id in snapshot.blocks:
            self.blocks.pop(block_id, None)
        self.leaving.difference_update(message_id for _, message_id in snapshot.done_messages)
        for rest in snapshot.rests:
            chain = rest.chain
            chain.stored = True
            if len(chain.waiting) > len(rest.waiting.events):
                self._resting.setdefault(chain.message_id, chain)
            elif chain.message_id not in self._resting:
                self.chains.pop(chain.message_id, None)

    def forget_buckets(self, buckets: Collection[int]) -> None:
        """Drop what is known of origins in buckets that another reporter may hold now."""
        self.origins = {
            origin: state
            for origin, state in self.origins.items()
            if state.bucket not in buckets or state.in_hand
        }


def stored_chain(message_id: bytes, origin: Origin, events: RetryEvents, tries: int) -> MessageChain:
    """The chain of a message from its row."""
    chain = MessageChain(message_id, origin, events.destination, events.currency, tries=tries, stored=True)
    for event in events.events:
        chain.add(event, None)
    return chain


def attempt_of(
    event: StoredEvent, number: int, *, at_ms: int, status: int, duration_ms: int, reason: str, answer: str
) -> Attempt:
    """The note of one attempt; ``number`` counts the tries of the event, from 1."""
    return Attempt(
        event.message_id, event.number, event.code, number, at_ms, status, duration_ms, reason, answer
    )
