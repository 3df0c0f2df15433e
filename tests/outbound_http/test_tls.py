"""Who is at the other end: certificates are verified for the name in the URL, never for the address."""

import ssl
from ipaddress import ip_address

import pytest
from cryptography.x509 import DNSName, GeneralName, IPAddress

from heliograph.outbound_http import Failure, tls_context
from tests.outbound_http.certificates import Authority
from tests.outbound_http.clients import BODY, HEADERS, Clients, TableResolver, url_of
from tests.outbound_http.receivers import OK, Visit, answering, answering_once, running

NAME = "reports.test"
TABLE = TableResolver({NAME: ["127.0.0.1"]})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    return authority.trusting(tls_context())


async def test_a_verified_receiver_is_called_by_its_name(
    clients: Clients, authority: Authority, trusting: ssl.SSLContext
) -> None:
    asked_for: list[str | None] = []
    serving = authority.serving(DNSName(NAME))
    serving.sni_callback = lambda _stream, name, _context: asked_for.append(name)
    client = clients.make(resolver=TABLE, tls=trusting)
    async with running(answering(OK), tls=serving) as receiver:
        for _ in range(3):
            url = url_of(receiver.url(scheme="https", host=NAME))
            assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200
        assert receiver.connections == 1
        assert f"Host: {NAME}:{receiver.port}\r\n".encode() in receiver.requests[0]
    assert asked_for == [NAME]


async def test_a_literal_address_needs_a_certificate_for_it(
    clients: Clients, authority: Authority, trusting: ssl.SSLContext
) -> None:
    client = clients.make(tls=trusting)
    serving = authority.serving(IPAddress(ip_address("127.0.0.1")))
    async with running(answering(OK), tls=serving) as receiver:
        url = url_of(receiver.url(scheme="https"))
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 200


@pytest.mark.parametrize(
    ("names", "days", "self_signed", "why"),
    [
        ([DNSName("other.test")], (-1, 1), False, "Hostname mismatch"),
        ([DNSName("*.other.test")], (-1, 1), False, "Hostname mismatch"),
        ([IPAddress(ip_address("127.0.0.1"))], (-1, 1), False, "Hostname mismatch"),
        ([DNSName(NAME)], (-1, 1), True, "self-signed certificate"),
        ([DNSName(NAME)], (-2, -1), False, "certificate has expired"),
        ([DNSName(NAME)], (1, 2), False, "certificate is not yet valid"),
    ],
)
async def test_a_certificate_that_does_not_prove_the_name_is_refused(
    clients: Clients,
    authority: Authority,
    trusting: ssl.SSLContext,
    names: list[GeneralName],
    days: tuple[int, int],
    self_signed: bool,
    why: str,
) -> None:
    client = clients.make(resolver=TABLE, tls=trusting)
    serving = authority.serving(*names, days=days, self_signed=self_signed)
    async with running(answering(OK), tls=serving) as receiver:
        url = url_of(receiver.url(scheme="https", host=NAME))
        result = await client.post(url, HEADERS, BODY, account_id=1)
        assert (result.status, result.failure) == (None, Failure.TLS)
        assert why in result.reason
        assert receiver.requests == []


async def test_an_authority_the_system_does_not_know_is_refused(
    clients: Clients, authority: Authority
) -> None:
    client = clients.make(resolver=TABLE)
    async with running(answering(OK), tls=authority.serving(DNSName(NAME))) as receiver:
        url = url_of(receiver.url(scheme="https", host=NAME))
        result = await client.post(url, HEADERS, BODY, account_id=1)
        assert result.failure is Failure.TLS
        assert receiver.requests == []


def test_nothing_older_than_tls_1_2_is_spoken() -> None:
    context = tls_context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


async def test_a_receiver_that_speaks_no_tls_is_refused(clients: Clients) -> None:
    client = clients.make(resolver=TABLE)

    async def script(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await visit.closed()

    async with running(script) as receiver:
        url = url_of(receiver.url(scheme="https", host=NAME))
        result = await client.post(url, HEADERS, BODY, account_id=1)
        assert result.failure is Failure.TLS


async def test_a_handshake_that_hangs_ends_in_a_timeout(clients: Clients) -> None:
    client = clients.make(resolver=TABLE, handshake=0.1)

    async def script(visit: Visit) -> None:
        await visit.closed()

    async with running(script) as receiver:
        url = url_of(receiver.url(scheme="https", host=NAME))
        result = await client.post(url, HEADERS, BODY, account_id=1)
        assert (result.failure, result.reason) == (Failure.TIMEOUT, "The TLS handshake took too long.")
        assert 90 <= result.duration_ms < 2000


async def test_a_request_whose_time_ends_in_the_handshake_ends_in_a_timeout(clients: Clients) -> None:
    client = clients.make(resolver=TABLE, request=0.1)

    async def script(visit: Visit) -> None:
        await visit.closed()

    async with running(script) as receiver:
        url = url_of(receiver.url(scheme="https", host=NAME))
        result = await client.post(url, HEADERS, BODY, account_id=1)
        assert result.failure is Failure.TIMEOUT


@pytest.mark.parametrize("by_reset", [False, True], ids=["closed", "reset"])
async def test_a_receiver_that_closes_in_the_handshake_is_closed(clients: Clients, by_reset: bool) -> None:
    client = clients.make(resolver=TABLE)

    async def script(visit: Visit) -> None:
        await visit.reader.read(1)
        if by_reset:
            visit.reset()

    async with running(script) as receiver:
        url = url_of(receiver.url(scheme="https", host=NAME))
        result = await client.post(url, HEADERS, BODY, account_id=1)
        assert result.failure is Failure.CLOSED


async def test_a_connection_closed_after_the_handshake_or_without_goodbye_gives_its_status(
    clients: Clients, authority: Authority, trusting: ssl.SSLContext
) -> None:
    client = clients.make(resolver=TABLE, tls=trusting)
    body_until_close = b"HTTP/1.1 202 Accepted\r\n\r\nbody"
    async with running(answering_once(body_until_close), tls=authority.serving(DNSName(NAME))) as receiver:
        url = url_of(receiver.url(scheme="https", host=NAME))
        assert (await client.post(url, HEADERS, BODY, account_id=1)).status == 202

    async def script(visit: Visit) -> None:
        await visit.request()
        visit.writer.transport.abort()

    async with running(script, tls=authority.serving(DNSName(NAME))) as receiver:
        url = url_of(receiver.url(scheme="https", host=NAME))
        assert (await client.post(url, HEADERS, BODY, account_id=1)).failure is Failure.CLOSED
