"""Both clients behind one face, so that each test holds for the blocking and the asynchronous one."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

from heliograph.client import AsyncHeliograph, EventFeed, Heliograph

Wanted = tuple[str, tuple[Any, ...], dict[str, Any]]
"""A method, its arguments, and those that are named."""


class EitherClient:
    """Calls a method of a fresh client of the wanted kind; pages are read to their end."""

    def __init__(self, *, is_async: bool) -> None:
        self._is_async = is_async

    def call(self, method: str, *arguments: Any, client: dict[str, Any], **options: Any) -> Any:
        """The result of one method of a client that is made with ``client``."""
        return self.calls([(method, arguments, options)], client=client)[0]

    def calls(self, wanted: Iterable[Wanted], *, client: dict[str, Any]) -> list[Any]:
        """The results of several calls of one client."""
        if self._is_async:
            return asyncio.run(self._calls(wanted, client))
        with Heliograph(**{"key": "hg_key", **client}) as sms:
            return [_whole(getattr(sms, name)(*given, **named)) for name, given, named in wanted]

    async def _calls(self, wanted: Iterable[Wanted], client: dict[str, Any]) -> list[Any]:
        async with AsyncHeliograph(**{"key": "hg_key", **client}) as sms:
            results = []
            for name, given, named in wanted:
                result = getattr(sms, name)(*given, **named)
                if hasattr(result, "__aiter__"):
                    results.append([each async for each in result])
                else:
                    results.append(await result)
            return results


def _whole(result: Any) -> Any:
    return list(result) if isinstance(result, (Iterator, EventFeed)) else result
