"""The simulator over HTTP: read the handsets, answer from them, change the faults, see the counts.

It is a tool for one machine and has no sign-in. Changing requests must be JSON, which keeps web pages of
other origins from making them.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from heliograph.domain.segmentation import TooManySegments
from heliograph.simulator.faults import Faults
from heliograph.simulator.handsets import Handset, HandsetMessage, SentMessage
from heliograph.simulator.smsc import Counts, Smsc


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message to send from a handset."""

    recipient: str
    """One of the sender's numbers."""
    text: str


class Sent(msgspec.Struct, frozen=True):
    """What was sent from a handset."""

    segments: int


class Link(msgspec.Struct, frozen=True):
    """One open link of the carrier."""

    session: int
    bound_as: str | None
    unanswered: int
    """deliver_sm without an answer."""


class SimulatorStatus(msgspec.Struct, frozen=True):
    """What the simulator is doing."""

    system_id: str
    counts: Counts
    links: list[Link]
    receipts_waiting: int
    """Whose time has not come."""
    receipts_ready: int
    """That wait for a link with room."""
    faults: Faults


Shape = TypeVar("Shape", bound=msgspec.Struct)


class HandsetList(msgspec.Struct, frozen=True):
    handsets: list[Handset]


class MessageList(msgspec.Struct, frozen=True):
    messages: list[HandsetMessage]
    """What the handset got."""
    sent: list[SentMessage] = []
    """What was written on it."""


def handset_api(smsc: Smsc) -> web.Application:
    """The application; whoever makes it serves it."""
    routes = _Routes(smsc)
    app = web.Application(middlewares=[_problems], client_max_size=65_536)
    app.add_routes(
        [
            web.get("/status", routes.show_status),
            web.get("/faults", routes.show_faults),
            web.put("/faults", routes.change_faults),
            web.get("/handsets", routes.list_handsets),
            web.delete("/handsets", routes.clear),
            web.get("/handsets/{msisdn:[0-9]{1,20}}", routes.list_messages),
            web.delete("/handsets/{msisdn:[0-9]{1,20}}", routes.clear),
            web.post("/handsets/{msisdn:[0-9]{1,20}}/messages", routes.send_message),
        ]
    )
    return app


class _Routes:
    def __init__(self, smsc: Smsc) -> None:
        self._smsc = smsc

    async def show_status(self, request: web.Request) -> web.Response:
        smsc = self._smsc
        return _json(
            SimulatorStatus(
                smsc.settings.system_id,
                smsc.counts,
                [Link(session.number, session.bound_as, session.unanswered) for session in smsc.sessions],
                smsc.deliveries.waiting,
                len(smsc.deliveries.ready),
                smsc.faults,
            )
        )

    async def show_faults(self, request: web.Request) -> web.Response:
        return _json(self._smsc.faults)

    async def change_faults(self, request: web.Request) -> web.Response:
        """The faults named take these values, all others their defaults."""
        self._smsc.change_faults(await _read(request, Faults))
        return _json(self._smsc.faults)

    async def list_handsets(self, request: web.Request) -> web.Response:
        return _json(HandsetList(self._smsc.handsets.list_handsets()))

    async def list_messages(self, request: web.Request) -> web.Response:
        msisdn, handsets = request.match_info["msisdn"], self._smsc.handsets
        return _json(MessageList(handsets.list_messages(msisdn), handsets.list_sent(msisdn)))

    async def clear(self, request: web.Request) -> web.Response:
        self._smsc.handsets.clear(request.match_info.get("msisdn"))
        return web.Response(status=204)

    async def send_message(self, request: web.Request) -> web.Response:
        answer = await _read(request, Answer)
        if not answer.recipient.isascii() or not answer.recipient.isdigit() or len(answer.recipient) > 20:
            raise web.HTTPBadRequest(text="recipient: 1 to 20 digits")
        try:
            count = self._smsc.send_incoming(request.match_info["msisdn"], answer.recipient, answer.text)
        except (TooManySegments, UnicodeEncodeError) as error:
            raise web.HTTPBadRequest(text=f"text: {error}") from None
        return _json(Sent(count), status=202)


async def _read(request: web.Request, shape: type[Shape]) -> Shape:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send application/json")
    try:
        return msgspec.json.decode(await request.read(), type=shape)
    except msgspec.DecodeError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every refusal as JSON, with the reason under ``error``."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        return _json({"error": refusal.text}, status=refusal.status)
