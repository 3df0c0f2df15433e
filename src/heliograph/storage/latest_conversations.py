"""With whom an account talked last, and whom a message was exchanged with."""

from typing import Final

import msgspec

from heliograph.domain.ids import id_bytes
from heliograph.domain.retention import is_erased
from heliograph.storage.conversation_reading import Place, Shown, read_places
from heliograph.storage.database import Transaction, load_query

_LOOKED_AT: Final = 300
_CAME_IN: Final = 100


class Conversation(msgspec.Struct, frozen=True):
    """A conversation by its newest message."""

    participant: str
    latest: Shown


async def list_latest_conversations(tx: Transaction, account_id: int, *, limit: int) -> list[Conversation]:
    """Those of the newest messages, and of the newest that came in: a campaign never hides the answers."""
    went_out = await tx.fetch(load_query("list_latest_recipients"), account_id, _LOOKED_AT)
    came_in = await tx.fetch(load_query("list_latest_incoming"), account_id, _CAME_IN)
    latest: dict[str, Place] = {}
    for participant, *ids in went_out:
        if not is_erased(participant):
            latest.setdefault(participant, Place(*ids))
    answered = {
        sender: _only_message(batch_id) for sender, batch_id in reversed(came_in) if not is_erased(sender)
    }
    for sender, place in answered.items():
        latest[sender] = max(place, latest.get(sender, place))
    # Whoever answered comes before those of a campaign who did not.
    wanted = sorted(latest.items(), key=lambda each: (each[0] in answered, each[1]), reverse=True)[:limit]
    participants = {place.message_id: participant for participant, place in wanted}
    shown = await read_places(tx, account_id, sorted((place for _, place in wanted), reverse=True))
    return [Conversation(participants[each.message.message_id], each) for each in shown]


async def find_participant(tx: Transaction, account_id: int, message_id: bytes) -> str | None:
    """With whom a message was exchanged; None for what is no message of the account, or erased."""
    found: str | None = await tx.fetchval(load_query("find_participant"), account_id, message_id)
    return None if found is None or is_erased(found) else found


def _only_message(batch_id: bytes) -> Place:
    return Place(id_bytes(int.from_bytes(batch_id, "big") + 1), batch_id)
