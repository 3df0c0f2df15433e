"""Requests that await their response, by sequence_number, with expiry and a limit on their number.

A request leaves the window when it is answered, when it times out or when it is withdrawn. One that timed out
frees its slot, yet its number stays taken and its token remembered, so that a late answer is still
recognised.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Final, NamedTuple

from .constants import MAX_SEQUENCE_NUMBER, RESPONSE_BIT
from .errors import WindowFullError

MAX_REMEMBERED_TIMEOUTS: Final = 10_000
"""Timed out requests whose late answers are still recognised; beyond it the oldest are forgotten."""

Waiting = tuple[object, int, float]
"""Token, command_id of the response that is due, and deadline."""


class Outstanding(NamedTuple):
    """A request without an answer."""

    sequence_number: int
    token: object
    command_id: int
    deadline: float
    """When it times out, on the clock that drives the session."""


class SendWindow:
    """The requests of one side of a session. All of them share one response timer, so the oldest expires
    first.

    ``capacity`` may be changed at any time; it holds for message requests, not for the session's own
    (bind, enquire_link, unbind), which take a number here and no slot.
    """

    def __init__(self, capacity: int, *, last_sequence_number: int = 0) -> None:
        self.capacity = capacity
        self.last_sequence_number = last_sequence_number
        self._waiting: dict[int, Waiting] = {}
        self._timed_out: dict[int, Waiting] = {}
        self._control: dict[int, Waiting] = {}
        self._wrapped = False

    def __len__(self) -> int:
        return len(self._waiting)

    def __repr__(self) -> str:
        return f"<SendWindow {len(self._waiting)}/{self.capacity}, {len(self._timed_out)} timed out>"

    @property
    def free(self) -> int:
        """How many requests may be sent now."""
        return max(0, self.capacity - len(self._waiting))

    def reserve(
        self, tokens: Sequence[object], response_ids: Iterable[int], deadline: float
    ) -> Sequence[int]:
        """Numbers and slots for as many requests as there are tokens; ``response_ids`` is what will answer
        each.

        Raises WindowFullError, and reserves nothing, if there are not enough free slots.
        """
        if len(tokens) > self.capacity - len(self._waiting):
            raise WindowFullError(f"{len(tokens)} requests, {self.free} free slots")
        numbers = self._take_numbers(len(tokens))
        due = zip(tokens, response_ids, repeat(deadline), strict=False)
        self._waiting.update(zip(numbers, due, strict=False))
        return numbers

    def reserve_control(self, token: object, command_id: int) -> int:
        """A number for a request of the session itself, of which one per command is remembered."""
        response_id = command_id | RESPONSE_BIT
        self._control = {n: due for n, due in self._control.items() if due[1] != response_id}
        number = self._take_number()
        self._control[number] = (token, response_id, 0.0)
        return number

    def take_answer(self, sequence_number: int, command_id: int) -> Waiting | None:
        """Remove and return the request that this response answers in time, None if there is none.

        generic_nack answers a request of any command.
        """
        waiting = self._waiting.get(sequence_number)
        if waiting is None or (waiting[1] != command_id and command_id != RESPONSE_BIT):
            return None
        del self._waiting[sequence_number]
        return waiting

    def take_late_answer(self, sequence_number: int, command_id: int) -> Waiting | None:
        """As ``take_answer``, of the requests that timed out."""
        return _take(self._timed_out, sequence_number, command_id)

    def take_control_answer(self, sequence_number: int, command_id: int) -> Waiting | None:
        """As ``take_answer``, of the session's own requests."""
        return _take(self._control, sequence_number, command_id)

    def expire(self, now: float) -> list[Outstanding]:
        """The requests whose deadline has come, oldest first; costs nothing per request that is not due."""
        due = []
        for number, (token, response_id, deadline) in self._waiting.items():
            if deadline > now:
                break
            due.append(Outstanding(number, token, response_id & ~RESPONSE_BIT, deadline))
        for one in due:
            self._remember(one.sequence_number, self._waiting.pop(one.sequence_number))
        return due

    def next_deadline(self) -> float | None:
        """When the oldest request times out."""
        for _, _, deadline in self._waiting.values():
            return deadline
        return None

    def outstanding(self) -> list[Outstanding]:
        """The requests that still wait, in the order they were sent; also after the link is gone."""
        return _listed(self._waiting)

    def timed_out(self) -> list[Outstanding]:
        """The requests that were given up and never answered since, in the order they were sent."""
        return _listed(self._timed_out)

    def withdraw(self, sequence_numbers: Iterable[int]) -> list[object]:
        """Forget requests that certainly never reached the peer; returns their tokens."""
        taken = (self._waiting.pop(number, None) for number in sequence_numbers)
        return [waiting[0] for waiting in taken if waiting is not None]

    def _remember(self, sequence_number: int, waiting: Waiting) -> None:
        self._timed_out[sequence_number] = waiting
        if len(self._timed_out) > MAX_REMEMBERED_TIMEOUTS:
            del self._timed_out[next(iter(self._timed_out))]

    def _take_numbers(self, count: int) -> Sequence[int]:
        last = self.last_sequence_number + count
        if self._wrapped or last > MAX_SEQUENCE_NUMBER:
            return [self._take_number() for _ in range(count)]
        self.last_sequence_number = last
        return range(last - count + 1, last + 1)

    def _take_number(self) -> int:
        """The next number nobody waits for. Until the first wrap around, all numbers ahead are free."""
        number = self.last_sequence_number
        while True:
            number += 1
            if number > MAX_SEQUENCE_NUMBER:
                number = 1
                self._wrapped = True
            if not (number in self._waiting or number in self._timed_out or number in self._control):
                self.last_sequence_number = number
                return number


def _take(requests: dict[int, Waiting], sequence_number: int, command_id: int) -> Waiting | None:
    waiting = requests.get(sequence_number)
    if waiting is None or command_id not in (waiting[1], RESPONSE_BIT):
        return None
    return requests.pop(sequence_number)


def _listed(requests: dict[int, Waiting]) -> list[Outstanding]:
    return [
        Outstanding(number, token, response_id & ~RESPONSE_BIT, deadline)
        for number, (token, response_id, deadline) in requests.items()
    ]
