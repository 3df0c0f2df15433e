"""Carries out calls and blocks meanwhile: tries, waits between them, and goes from page to page."""

import copy
import ssl
import time
from collections.abc import Iterator
from typing import Any, Self, TypeVar

import msgspec

from heliograph.client.calls import Call, Result
from heliograph.client.retries import USUAL_RETRIES, Retries
from heliograph.client.server_address import account_choice, server_address
from heliograph.client.sync_http import SyncHttp

Answered = TypeVar("Answered")


class SyncCaller:
    """Access to the API by one key, as one account."""

    def __init__(
        self,
        key: str | None = None,
        *,
        url: str | None = None,
        account: str | None = None,
        timeout: float = 30.0,
        retries: Retries = USUAL_RETRIES,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._http = SyncHttp(server_address(url, key), timeout=timeout, tls=tls)
        self._account = account_choice(account)
        self._retries = retries

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def as_account(self, account: str | None) -> Self:
        """The same client asking as a child account, or as the key's own with None.

        It shares the connections of this one and need not be closed.
        """
        other = copy.copy(self)
        other._account = account_choice(account)
        return other

    def _answer_to(self, call: Call[Answered]) -> Answered:
        return call.read(self._result(call))

    def _pages_of(self, first: Call[list[Answered]]) -> Iterator[Answered]:
        call: Call[list[Answered]] | None = first
        while call is not None:
            result = self._result(call)
            yield from call.read(result)
            call = call.next_page(result)

    def _result(self, call: Call[Any]) -> Result:
        """What came of the last try."""
        call = msgspec.structs.replace(call, account=self._account)
        tries = 1
        while True:
            result = self._http.attempt(call)
            wait = self._retries.wait_before_next(call, result, tries)
            if wait is None:
                return result
            time.sleep(wait)
            tries += 1
