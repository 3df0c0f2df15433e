"""Sending a batch again to those whom it did not reach."""

import html
import re

import pytest

from heliograph.domain.ids import parse_id
from heliograph.domain.portal_rights import Role
from heliograph.faces.portal import batch_again_pages
from tests.faces.portal.sent_batches import finish, receive, send
from tests.support.served_portal import PortalClient, ServedPortal

NUMBERS = [f"4670174060{digit}" for digit in range(8)]


def fields_of(text: str) -> dict[str, str]:
    """What the form would send."""
    fields = dict(re.findall(r'<input type="hidden" name="(sender|coding|priority)" value="([^"]*)">', text))
    fields |= dict(re.findall(r'<textarea name="(\w+)"[^>]*>\n([^<]*)</textarea>', text))
    return {name: html.unescape(value) for name, value in fields.items()}


async def test_those_whom_it_missed_are_filled_in(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, NUMBERS, body="Tea < coffee & cake\n", priority=2)
    await finish(portal, batch_id, 201, 501, 512, 599, 406, 202, 203, 516)
    assert f"/portal/batches/{batch_id}/again" in (await owner.get(f"/portal/batches/{batch_id}")).text
    shown = await owner.get(f"/portal/batches/{batch_id}/again")
    assert shown.status_code == 200
    assert "4 recipients" in shown.text
    fields = fields_of(shown.text)
    assert fields == {
        "sender": "iP1",
        "coding": "gsm",
        "priority": "2",
        "body": "Tea < coffee & cake\n",
        "pasted": "\n".join(NUMBERS[place] for place in (1, 2, 5, 7)),
    }


async def test_compose_takes_what_is_filled_in(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, NUMBERS[:2])
    await finish(portal, batch_id, 201, 501)
    fields = fields_of((await owner.get(f"/portal/batches/{batch_id}/again")).text)
    kept = await owner.post("/portal/compose", fields)
    assert kept.status_code == 303
    form = await owner.get(kept.headers["location"].partition("#")[0])
    assert (form.status_code, NUMBERS[1] in form.text, "Hello there" in form.text) == (200, True, True)


async def test_a_batch_that_missed_nobody_says_so(portal: ServedPortal, owner: PortalClient) -> None:
    batch_id = await send(portal, NUMBERS[:2])
    await finish(portal, batch_id, 201, 599)
    assert "It missed nobody" in (await owner.get(f"/portal/batches/{batch_id}/again")).text


async def test_of_many_the_first_are_taken(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_again_pages, "MOST", 2)
    batch_id = await send(portal, NUMBERS)
    await finish(portal, batch_id, *[501] * 8)
    shown = (await owner.get(f"/portal/batches/{batch_id}/again")).text
    assert fields_of(shown)["pasted"] == "\n".join(NUMBERS[:2])
    assert "There are more" in shown


async def test_what_cannot_be_sent_again_is_absent(portal: ServedPortal, owner: PortalClient) -> None:
    received = await receive(portal, NUMBERS[0], "Hi")
    theirs = await send(portal, NUMBERS[:1])
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE batch SET account_id = 77 WHERE batch_id = $1", parse_id(theirs))
    for batch_id in (received, theirs, "0" * 24, "x"):
        assert (await owner.get(f"/portal/batches/{batch_id}/again")).status_code == 404
    sent = await send(portal, NUMBERS[:1])
    async with portal.client(await portal.sign_in(Role.READ_ONLY)) as reader:
        assert (await reader.get(f"/portal/batches/{sent}/again")).status_code == 403
