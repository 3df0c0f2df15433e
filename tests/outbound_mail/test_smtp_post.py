"""Mail over a real connection to a server of ours: how it looks there, and what each refusal is called."""

import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from hypothesis import example, given, settings
from hypothesis import strategies as st

from heliograph.domain.email_address import parse_email
from heliograph.domain.mail_texts import (
    MailLetterhead,
    SecurityNotice,
    invitation_mail,
    notice_mail,
    reset_mail,
    trial_mail,
)
from heliograph.domain.outgoing_mail import OutgoingMail, mailbox_of
from heliograph.outbound_mail import MailFailure, MailFault, SmtpPost
from heliograph.outbound_mail.mail_faults import SENTENCES
from heliograph.outbound_mail.smtp_post import Security, tls_context, written
from tests.outbound_http.certificates import Authority
from tests.support.mail_server import HANG_UP, HOST, SENDER, SITE, STAY_SILENT, ScriptedMailServer, TakenMail

NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
MAIL_ID = bytes(range(12))
TO = "kim@example.com"
HERE = x509.IPAddress(ip_address(HOST))
ELSEWHERE = x509.DNSName("elsewhere.example.com")
MAIL = trial_mail(MailLetterhead(TO, "en", SITE))


@pytest.fixture
async def server() -> AsyncIterator[ScriptedMailServer]:
    async with ScriptedMailServer() as opened:
        yield opened


async def send(
    server: ScriptedMailServer,
    mail: OutgoingMail = MAIL,
    *,
    security: Security = "none",
    tls: ssl.SSLContext | None = None,
    user: str = "",
    password: str = "",
) -> None:
    settings = server.settings(security=security, user=user, password=password)
    await SmtpPost(settings, tls=tls).send(mail, mail_id=MAIL_ID, now=NOW)


async def failure_of(server: ScriptedMailServer, mail: OutgoingMail = MAIL, **options: object) -> MailFailure:
    with pytest.raises(MailFailure) as caught:
        await send(server, mail, **options)  # type: ignore[arg-type]
    assert server.taken == []
    return caught.value


async def test_a_mail_is_plain_text_with_the_headers_of_a_machine(server: ScriptedMailServer) -> None:
    await send(server)
    (taken,) = server.taken
    assert (taken.sender, taken.to, taken.over_tls, taken.user) == (SENDER, TO, False, None)
    assert dict(taken.message.items()) == {
        "From": f"Heliograph <{SENDER}>",
        "To": TO,
        "Subject": "Test mail",
        "Date": "Mon, 23 Nov 2026 04:30:00 +0000",
        "Message-ID": "<000102030405060708090a0b@heliograph.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "en",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }
    assert (taken.text, server.commands[-1]) == (MAIL.text, "QUIT")


async def test_what_is_not_ascii_and_what_ends_a_mail_arrive_as_they_were(server: ScriptedMailServer) -> None:
    mail = OutgoingMail(TO, "Inbjudan till Åkeri & Söner " * 5, "Hej!\n.\n..\nräksmörgås " + "ö" * 2000, "sv")
    await send(server, mail)
    (taken,) = server.taken
    assert taken.data.isascii()
    assert max(map(len, taken.data.splitlines())) <= 200
    assert (taken.message["Subject"], taken.text) == (mail.subject.strip(), mail.text + "\n")


async def test_an_address_with_other_letters_needs_a_server_that_takes_it(server: ScriptedMailServer) -> None:
    mail = msgspec.structs.replace(MAIL, to="åsa@räksmörgås.se")
    assert (await failure_of(server, mail)).fault is MailFault.LETTERS_MISSING
    await send(server, msgspec.structs.replace(MAIL, to="asa@räksmörgås.se"))
    assert server.taken[0].to == "asa@xn--rksmrgs-5wao1o.se"
    async with ScriptedMailServer(takes_all_letters=True) as other:
        await send(other, mail)
        assert other.taken[0].to == "åsa@xn--rksmrgs-5wao1o.se"


async def test_starttls_and_tls_hide_the_mail_and_the_password(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, trusting = authority.serving(HERE), authority.trusting(tls_context())
    users = {"portal": "pass"}
    for security in ("starttls", "tls"):
        from_start = security == "tls"
        async with ScriptedMailServer(tls=certificate, is_tls_from_start=from_start, users=users) as server:
            await send(server, security=security, tls=trusting, user="portal", password="pass")
            (taken,) = server.taken
            assert (taken.over_tls, taken.user) == (True, "portal")


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("fault", ["another name", "nobody signed", "over"])
async def test_a_certificate_is_verified(tmp_path: Path, security: Security, fault: str) -> None:
    authority = Authority(tmp_path)
    certificate = authority.serving(
        ELSEWHERE if fault == "another name" else HERE,
        self_signed=fault == "nobody signed",
        days=(-2, -1) if fault == "over" else (-1, 1),
    )
    trusting = authority.trusting(tls_context())
    async with ScriptedMailServer(
        tls=certificate, is_tls_from_start=security == "tls", users={"portal": "x"}
    ) as server:
        failure = await failure_of(server, security=security, tls=trusting, user="portal", password="x")
        assert failure.fault is MailFault.TLS_UNVERIFIED
        assert "AUTH" not in server.commands


async def test_without_starttls_nothing_is_sent(server: ScriptedMailServer) -> None:
    failure = await failure_of(server, security="starttls")
    assert (failure.fault, failure.is_final) == (MailFault.STARTTLS_MISSING, False)
    assert not {"MAIL", "AUTH"} & set(server.commands)


async def test_a_refused_starttls_is_not_gone_around(tmp_path: Path) -> None:
    async with ScriptedMailServer(tls=Authority(tmp_path).serving(HERE)) as server:
        server.answers["STARTTLS"] = "454 4.7.0 not now"
        failure = await failure_of(server, security="starttls")
        assert (failure.described, failure.is_final) == ("starttls_refused 454 4.7.0", False)
        assert "MAIL" not in server.commands


@pytest.mark.parametrize(
    ("verb", "answer", "described", "is_final"),
    [
        ("CONNECT", "554 5.7.1 go away", "greeting_refused 554 5.7.1", False),
        ("CONNECT", "421 4.3.2 too many", "greeting_refused 421 4.3.2", False),
        ("CONNECT", "no mail server", "greeting_refused", False),
        ("CONNECT", HANG_UP, "closed", False),
        ("CONNECT", STAY_SILENT, "timeout", False),
        ("EHLO", HANG_UP, "closed", False),
        ("MAIL", "550 5.7.1 not you", "sender_refused 550 5.7.1", False),
        ("MAIL", "451 4.3.0 later", "sender_refused 451 4.3.0", False),
        ("RCPT", "550 5.1.1 <kim@example.com> unknown", "recipient_refused 550 5.1.1", True),
        ("RCPT", "451 4.7.1 greylisted", "recipient_refused 451 4.7.1", False),
        ("RCPT", "421 4.3.2 stopping", "recipient_refused 421 4.3.2", False),
        ("RCPT", HANG_UP, "closed", False),
        ("RCPT", STAY_SILENT, "timeout", False),
        ("DATA", "554 5.6.0 no", "text_refused 554 5.6.0", True),
        ("DATA", "452 4.3.1 full", "text_refused 452 4.3.1", False),
        ("TEXT", "554 5.7.1 looks like spam", "text_refused 554 5.7.1", True),
        ("TEXT", "451 4.3.0 later", "text_refused 451 4.3.0", False),
        ("TEXT", HANG_UP, "closed", False),
        ("TEXT", STAY_SILENT, "timeout", False),
    ],
)
async def test_each_refusal_has_its_name_and_only_those_of_the_mail_itself_are_final(
    server: ScriptedMailServer, verb: str, answer: str, described: str, is_final: bool
) -> None:
    server.answers[verb] = answer
    failure = await failure_of(server)
    assert (failure.described, failure.is_final) == (described, is_final)


@pytest.mark.parametrize("answer", ["421 4.3.2 bye", HANG_UP, STAY_SILENT, "rubbish"])
async def test_what_goes_wrong_after_the_mail_was_taken_changes_nothing(
    server: ScriptedMailServer, answer: str
) -> None:
    server.answers["QUIT"] = answer
    await send(server)
    assert len(server.taken) == 1


async def test_signing_in_that_fails_has_a_name() -> None:
    async with ScriptedMailServer(users={"portal": "right"}) as server:
        refused = await failure_of(server, user="portal", password="wrong")
        assert (refused.described, refused.is_final) == ("sign_in_refused 535 5.7.8", False)
    async with ScriptedMailServer() as server:
        missing = await failure_of(server, user="portal", password="x")
        assert missing.fault is MailFault.SIGN_IN_MISSING
    async with ScriptedMailServer(users={"portal": "x"}) as server:
        unsayable = await failure_of(server, user="portal", password="å")
        assert unsayable.fault is MailFault.SIGN_IN_NOT_ASCII


async def test_a_server_that_is_not_there_has_a_name(server: ScriptedMailServer) -> None:
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        server.port, before = bound.getsockname()[1], server.port
        assert (await failure_of(server)).fault is MailFault.UNREACHABLE
    server.port = before
    nowhere = msgspec.structs.replace(server.settings(), host="no-such-host.invalid")
    with pytest.raises(MailFailure) as caught:
        await SmtpPost(nowhere).send(MAIL, mail_id=MAIL_ID, now=NOW)
    assert caught.value.fault is MailFault.HOST_UNKNOWN


async def test_plain_text_where_tls_is_expected_has_a_name(server: ScriptedMailServer) -> None:
    assert (await failure_of(server, security="tls")).fault is MailFault.TLS_FAILED


def test_every_fault_has_a_sentence_that_names_what_to_look_at() -> None:
    assert set(SENTENCES) == set(MailFault)
    for fault in MailFault:
        failure = MailFailure(fault, "5.1.1 no\r\nsuch user", code=550)
        sentence = failure.sentence(host="mail.example.com", port=587, seconds=20.0)
        assert sentence.isprintable()
        assert "{" not in sentence
        assert ("{answer}" not in SENTENCES[fault]) or "550 5.1.1 no such user" in sentence


def test_the_settings_do_not_show_the_password(server: ScriptedMailServer) -> None:
    assert "hidden" not in repr(server.settings(user="portal", password="hidden"))


ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=120)
NASTY = st.one_of(
    ANYTHING,
    st.lists(
        st.sampled_from(
            [
                "\r",
                "\n",
                "\r\n",
                "\x0b",
                "\x85",
                "\u2028",
                " ",
                ".",
                "Bcc: x@y.se",
                "=?utf-8?q?=0A?=",
                "å",
                "\ud800",
            ]
        ),
        max_size=20,
    ).map("".join),
)
HEADERS = {
    *("from", "to", "subject", "date", "message-id", "auto-submitted", "content-language", "mime-version"),
    *("content-type", "content-transfer-encoding"),
}


@settings(deadline=None, max_examples=100)
@example(
    name="=?utf-8?q?=0ABcc:x?=", account="=?utf-8?q?=0ABcc:x?=", local="=?utf-8?q?=0ABcc:x?=", language="en"
)
@given(name=NASTY, account=NASTY, local=NASTY, language=st.sampled_from(["en", "sv", "xx", None]))
def test_no_name_and_no_address_becomes_a_header_or_another_recipient(
    name: str, account: str, local: str, language: str | None
) -> None:
    address = parse_email(f"{local}@example.com") or TO
    to = mailbox_of(address)
    if to is None:
        return
    head = MailLetterhead(address, language, SITE)
    mails = [
        invitation_mail(head, account=account, inviter=name, link=f"{SITE}/portal/invitation/x"),
        reset_mail(head, name=name, link=f"{SITE}/portal/welcome/x"),
        *(notice_mail(head, notice, name=name, at=NOW) for notice in SecurityNotice),
        OutgoingMail(address, name, "text", "en"),
    ]
    for mail in mails:
        data = written(mail, to, sender=SENDER, mail_id=MAIL_ID, now=NOW)
        message = TakenMail(SENDER, address, data, False, None).message
        assert {key.lower() for key in message.keys()} == HEADERS  # noqa: SIM118
        assert len(message.keys()) == len(HEADERS)
        (recipient,) = message["To"].addresses
        assert recipient.addr_spec.encode("utf-8", "surrogateescape").decode() == str(to)
        assert not message.is_multipart()
        assert "\n" not in str(message["Subject"])
        head_lines, _, _ = data.partition(b"\r\n\r\n")
        assert b"\n" not in head_lines.replace(b"\r\n", b"")


@given(NASTY)
def test_a_mailbox_is_one_word_and_one_host(text: str) -> None:
    found = mailbox_of(text)
    if found is not None:
        assert str(found).isprintable()
        assert not set(str(found)) & set(' <>"(),:;[]\\')
        assert found.domain.isascii()


@pytest.mark.parametrize(
    "address",
    [
        *("bob,kim@example.com", "a b@example.com", "a@b@example.com", "kim@[127.0.0.1]", "kim@ex ample.com"),
        *(
            "kim(x)@example.com",
            "kim;x@example.com",
            "@example.com",
            "kim@",
            "kim@-x.se",
            "kim@x..se",
            "a\\@x.se",
        ),
    ],
)
async def test_addresses_that_programs_read_differently_get_no_mail(
    server: ScriptedMailServer, address: str
) -> None:
    failure = await failure_of(server, msgspec.structs.replace(MAIL, to=address))
    assert (failure.fault, failure.is_final, server.commands) == (MailFault.ADDRESS_UNUSABLE, True, [])
