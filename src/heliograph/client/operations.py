"""What makes both clients from one description: a method that tells the call of an operation of the API.

Decorated with ``Operation`` or ``Listing``, the method asks and returns the answer on a ``Heliograph``; on an
``AsyncHeliograph`` it is awaited, a list is an asynchronous iterator. On the class it is the description.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from heliograph.client.async_caller import AsyncCaller
from heliograph.client.calls import Call
from heliograph.client.sync_caller import SyncCaller

Given = ParamSpec("Given")
Answered = TypeVar("Answered")


class Operation(Generic[Given, Answered]):
    """An operation with one answer."""

    def __init__(self, describe: Callable[Concatenate[Any, Given], Call[Answered]]) -> None:
        self._describe = describe

    @overload
    def __get__(self, client: None, owner: type) -> Callable[Concatenate[Any, Given], Call[Answered]]: ...
    @overload
    def __get__(self, client: SyncCaller, owner: type) -> Callable[Given, Answered]: ...
    @overload
    def __get__(self, client: AsyncCaller, owner: type) -> Callable[Given, Coroutine[Any, Any, Answered]]: ...

    def __get__(self, client: SyncCaller | AsyncCaller | None, owner: type) -> Callable[..., Any]:
        if client is None:
            return self._describe
        return _bound(self._describe, client, client._answer_to)


class Listing(Generic[Given, Answered]):
    """An operation that answers page by page; the pages are fetched as they are needed."""

    def __init__(self, describe: Callable[Concatenate[Any, Given], Call[list[Answered]]]) -> None:
        self._describe = describe

    @overload
    def __get__(
        self, client: None, owner: type
    ) -> Callable[Concatenate[Any, Given], Call[list[Answered]]]: ...
    @overload
    def __get__(self, client: SyncCaller, owner: type) -> Callable[Given, Iterator[Answered]]: ...
    @overload
    def __get__(self, client: AsyncCaller, owner: type) -> Callable[Given, AsyncIterator[Answered]]: ...

    def __get__(self, client: SyncCaller | AsyncCaller | None, owner: type) -> Callable[..., Any]:
        if client is None:
            return self._describe
        return _bound(self._describe, client, client._pages_of)


def _bound(
    describe: Callable[..., Call[Any]], client: object, carry_out: Callable[[Call[Any]], Any]
) -> Callable[..., Any]:
    @wraps(describe)
    def ask(*given: Any, **named: Any) -> Any:
        return carry_out(describe(client, *given, **named))

    return ask
