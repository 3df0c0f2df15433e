"""One address for API and portal: what is below /portal is the portal's, all else the API's."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PORTAL: Final = "/portal"


class FacesByPath:
    """Passes each request to the face it is for."""

    def __init__(self, api: Application, portal: Application) -> None:
        self._api = api
        self._portal = portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        of_portal = path == PORTAL or path.startswith(f"{PORTAL}/")
        await (self._portal if of_portal else self._api)(scope, receive, send)
