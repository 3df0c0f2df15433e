"""What another account has is as absent as what never was: every route with an id in its path or its form."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from heliograph.domain.login_secret import login_hash
from heliograph.domain.portal_rights import Right, Role
from heliograph.domain.report_url import bucket_of
from heliograph.storage.account_members import create_invitation
from tests.faces.portal.hostile_texts import canary, fill_with_hostile_texts
from tests.faces.portal.test_route_rights import WITH_RIGHT, another_account
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal

ABSENT = "0" * 23 + "7"
KINDS = {
    "batch_id": "SELECT encode(batch_id, 'hex') FROM batch WHERE account_id = $1 AND direction = 0",
    "message_id": "SELECT encode(first_id, 'hex') FROM report_attempt WHERE account_id = $1",
    "contact_id": "SELECT encode(contact_id, 'hex') FROM contact WHERE account_id = $1",
    "key_id": "SELECT key_id FROM api_key WHERE account_id = $1",
    "secret_id": "SELECT secret_id FROM webhook_secret WHERE account_id = $1",
    "name": "SELECT encode(draft_id, 'hex') FROM portal_draft WHERE account_id = $1",
    "place": "SELECT encode(block_id, 'hex') || '-0' FROM report_attempt WHERE account_id = $1",
}
"""Of each kind of id in a path, one of an account."""
IN_PATHS = sorted(name for name, right in WITH_RIGHT.items() if "{" in name and right is not Right.OPERATE)
FIELDS = {"text": "Hello", "sender": "iP1", "number": "+46701740611", "recipient": "46701740605"}
MEMBER = "SELECT user_id::text FROM membership WHERE account_id = $1"
LABEL = "SELECT label FROM contact_label WHERE account_id = $1"
KEYWORD = "SELECT keyword FROM inbound_keyword WHERE account_id = $1"
INVITATION = "SELECT encode(link_hash, 'hex') FROM invitation WHERE account_id = $1 AND used_at IS NULL"
ORIGIN = "SELECT origin FROM report_retry WHERE account_id = $1 ORDER BY parked DESC"
BLOCKED = "SELECT msisdn FROM blacklist WHERE account_id = $1"
MISSING = "https://their.example:443"
"""Whose receiver did not take a report."""
IN_FORMS = {
    "/portal/account": ("number", "SELECT number FROM account WHERE account_id = $1", "ip1-99999"),
    "/portal/users/role": ("user", MEMBER, "999999"),
    "/portal/users/remove": ("user", MEMBER, "999999"),
    "/portal/users/link": ("user", MEMBER, "999999"),
    "/portal/users/invitations/cancel": ("invitation", INVITATION, 64 * "0"),
    "/portal/senders/remove": ("sender", "SELECT sender FROM sender WHERE account_id = $1", "Nobody"),
    "/portal/blacklist/remove": ("msisdn", BLOCKED, "46701740699"),
    "/portal/contacts/labels/delete": ("label", LABEL, "none"),
    "/portal/numbers/keywords/free": ("keyword", KEYWORD, "NOTHING"),
    "/portal/webhooks/replay": ("origin", ORIGIN, "https://nobody.example"),
    "/portal/webhooks/again": ("batch_id", KINDS["batch_id"], ABSENT),
}
"""Acts that name what they are done to in a form: the field, one of an account, and one of nobody's."""


async def kept_of(portal: ServedPortal, account_id: int) -> dict[str, str]:
    """Everything that is kept of an account, table by table, as digests."""
    async with portal.database.transaction() as tx:
        tables = await tx.fetch(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE a.attname = 'account_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        return {
            name: await tx.fetchval(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
                f" FROM {name} t WHERE account_id = $1",
                account_id,
            )
            for (name,) in tables
        }


def without(text: str, *words: str) -> str:
    """A page but for what was asked for, and for what differs from answer to answer."""
    for word in words:
        if len(word) < 4:  # an id of one digit: its page does not say it, and other things hold it
            continue
        text = text.replace(word, "")
    return re.sub(r'name="once" value="\w+"', "", text)


@pytest.fixture
async def elsewhere(portal: ServedPortal, database: str) -> int:
    """Another account; the first one has one of everything."""
    secret = await portal.sign_in(Role.OWNER)
    await fill_with_hostile_texts(portal, database, secret)
    return await another_account(portal)


async def invite_and_miss_a_report(portal: ServedPortal) -> None:
    """An invitation to the first account, and a report that its receiver did not take."""
    now, account_id = utc_now(), portal.started.account_id
    async with portal.database.transaction() as tx:
        message_id = await tx.fetchval("SELECT message_id FROM message WHERE account_id = $1", account_id)
        await create_invitation(
            tx,
            account_id,
            login_hash("an invitation"),
            email="guest@example.com",
            role=Role.SENDER,
            now=now,
            expires_at=now + timedelta(days=1),
        )
        await tx.execute(
            "INSERT INTO report_retry VALUES ($1, $2, $3, $4, 2, $5, $6, false, '')",
            bucket_of(MISSING),
            message_id,
            account_id,
            MISSING,
            now,
            now + timedelta(hours=1),
        )


async def ids_of(portal: ServedPortal) -> dict[str, str]:
    async with portal.database.transaction() as tx:
        found = {
            kind: await tx.fetchval(question, portal.started.account_id) for kind, question in KINDS.items()
        }
    assert all(found.values()), found
    return found


def filled(operation: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+):\w+\}", lambda found: ids[found[1]], operation.partition(" ")[2])


def absent(ids: dict[str, str]) -> dict[str, str]:
    """Ids of the same form that are nobody's."""
    return {
        kind: f"{ABSENT}-0" if kind == "place" else ABSENT if len(value) == len(ABSENT) else "absent-id"
        for kind, value in ids.items()
    }


async def asked(client: PortalClient, operation: str, path: str) -> tuple[int, str]:
    answer = await (client.post(path, FIELDS) if operation.startswith("POST") else client.get(path))
    return answer.status_code, answer.text


def differing(operations: list[str], ids: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    nobodys = absent(ids)
    for operation in operations:
        yield operation, filled(operation, ids), filled(operation, nobodys)


async def test_ids_in_paths_of_another_account_are_as_absent_as_those_of_nobody(
    portal: ServedPortal, elsewhere: int
) -> None:
    ids = await ids_of(portal)
    before = await kept_of(portal, portal.started.account_id)
    wrong = []
    async with portal.client(await portal.sign_in(Role.OWNER, account_id=elsewhere)) as stranger:
        for operation, theirs, nobodys in differing(IN_PATHS, ids):
            found = await asked(stranger, operation, theirs)
            expected = await asked(stranger, operation, nobodys)
            words = (*ids.values(), *absent(ids).values())
            if found[0] != 404 or without(found[1], *words) != without(expected[1], *words):
                wrong.append((operation, found[0], expected[0]))
            if canary("") in found[1].replace("&lt;", "<").replace("&gt;", ">"):
                wrong.append((operation, found[0], 0))
    assert wrong == []
    assert await kept_of(portal, portal.started.account_id) == before
    # They are all there: their own account finds each of them where it only looks.
    async with portal.client(await portal.sign_in(Role.OWNER)) as owner:
        for operation in ("message_id:str}/timeline", "contact_id:str}", "webhooks/attempts/{place:str}"):
            path = next(filled(name, ids) for name in IN_PATHS if name.endswith(operation))
            assert (await owner.get(path)).status_code == 200


@pytest.mark.parametrize("path", sorted(IN_FORMS))
async def test_what_a_form_names_of_another_account_is_as_absent_as_what_is_nobodys(
    portal: ServedPortal, elsewhere: int, path: str
) -> None:
    field, question, nobodys = IN_FORMS[path]
    await invite_and_miss_a_report(portal)
    async with portal.database.transaction() as tx:
        theirs = await tx.fetchval(question, portal.started.account_id)
    assert theirs is not None
    before = await kept_of(portal, portal.started.account_id)
    async with portal.client(await portal.sign_in(Role.OWNER, account_id=elsewhere)) as stranger:
        fields = {"role": "read_only"} if field != "keyword" else {"number": "72456"}
        found = await stranger.post(path, {**fields, field: theirs})
        expected = await stranger.post(path, {**fields, field: nobodys})
    assert found.status_code == expected.status_code
    assert without(found.text, theirs) == without(expected.text, nobodys)
    assert found.headers.get("location") == expected.headers.get("location")
    assert await kept_of(portal, portal.started.account_id) == before
