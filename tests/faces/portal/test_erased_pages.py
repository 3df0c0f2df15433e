"""Pages of messages whose text and number were erased."""

from datetime import timedelta

from heliograph.domain.ids import id_at
from heliograph.domain.retention import ErasedNumbers
from heliograph.services.erase_texts import EraseTexts
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal

NUMBERS = ErasedNumbers(b"k" * 32)
NUMBER = "46701740605"
WHY = "were erased when their time was over"


async def test_erased_messages_are_shown_as_what_they_are(portal: ServedPortal, owner: PortalClient) -> None:
    sent = await portal.api.post({"sender": "iP1", "recipients": [NUMBER], "body": "A canary"})
    batch_id = sent.json["id"]
    later = utc_now() + timedelta(days=91)
    async with portal.database.transaction() as tx:
        message_id = await tx.fetchval("UPDATE message SET code = 501 RETURNING encode(message_id, 'hex')")
        await tx.execute("UPDATE conversation_progress SET filled_to = $1", id_at(int(later.timestamp())))
    batch, message = f"/portal/batches/{batch_id}", f"/portal/batches/{batch_id}/messages/{message_id}"
    conversation = f"/portal/conversations/{message_id}"
    assert "Send again" in (await owner.get(batch)).text
    assert (await owner.get(conversation)).status_code == 200

    assert await EraseTexts(portal.database, NUMBERS, default_days=90).step(later) == 1

    form = NUMBERS.of(portal.started.account_id, NUMBER)
    for path in (batch, message):
        shown = (await owner.get(path)).text
        assert WHY in shown
        assert form in shown
        assert "canary" not in shown
        assert NUMBER not in shown
        assert "Send again" not in shown
    assert (await owner.get(f"{message}/timeline")).status_code == 200
    assert (await owner.get(f"{batch}/again")).status_code == 404
    assert (await owner.get(conversation)).status_code == 404
    assert form not in (await owner.get("/portal/conversations")).text
    exported = (await owner.get(f"{batch}/messages.csv")).text
    assert form in exported
    assert "canary" not in exported
