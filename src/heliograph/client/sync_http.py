"""One HTTP request at a time over kept connections, on the standard library. Threads may share it."""

import ssl
from collections import deque
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, Final

from heliograph.client.calls import Answer, Call, Lost, Result
from heliograph.client.server_address import ServerAddress

_FAILURES: Final = (OSError, HTTPException)


class SyncHttp:
    """Connections to one server; those not in use are kept for the next request."""

    def __init__(self, server: ServerAddress, *, timeout: float, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._timeout = timeout
        self._tls = tls if tls or server.scheme == "http" else ssl.create_default_context()
        self._kept: deque[HTTPConnection] = deque()

    def attempt(self, call: Call[Any]) -> Result:
        """Try a call once."""
        kept = self._kept_connection() if call.is_repeatable else None
        if kept is not None:
            try:
                return self._exchange(kept, call)
            except TimeoutError as error:
                return self._lost(error, may_have_happened=True)
            except _FAILURES:
                self.close()  # the server closed it meanwhile, and most likely the others as well
        connection = self._new_connection()
        try:
            connection.connect()
        except OSError as error:
            return self._lost(error, may_have_happened=False)
        try:
            return self._exchange(connection, call)
        except _FAILURES as error:
            return self._lost(error, may_have_happened=True)

    def close(self) -> None:
        """Close the connections not in use."""
        while connection := self._kept_connection():
            connection.close()

    def _kept_connection(self) -> HTTPConnection | None:
        try:
            return self._kept.pop()
        except IndexError:
            return None

    def _new_connection(self) -> HTTPConnection:
        host, port = self._server.host, self._server.port
        if self._server.scheme == "http":
            return HTTPConnection(host, port, timeout=self._timeout)
        return HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)

    def _exchange(self, connection: HTTPConnection, call: Call[Any]) -> Answer:
        """Ask and listen; the connection is kept if the whole answer came and both sides go on."""
        try:
            connection.request(
                call.method,
                self._server.prefix + call.target,
                body=call.body,
                headers=self._server.headers | call.headers,
            )
            response = connection.getresponse()
            answer = _answer(response)
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._kept.append(connection)
        return answer

    def _lost(self, error: Exception, *, may_have_happened: bool) -> Lost:
        reason = str(error) or type(error).__name__
        return Lost(f"{self._server.url} does not answer: {reason}", may_have_happened)


def _answer(response: HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())
