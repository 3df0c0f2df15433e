"""Numbers in place of the labels that a request names among its recipients.

Only a request that was refused otherwise comes here, since no label is a phone number: so sending without
labels pays nothing for them.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from heliograph.domain.batch import RawBatch
from heliograph.domain.batch_recipients import MAX_RECIPIENTS
from heliograph.domain.label_recipients import (
    MAX_LABELS,
    expanded,
    named_labels,
    too_many_labels,
    too_many_numbers,
    unknown_label,
    with_used_properties,
)
from heliograph.domain.refusals import InvalidRequest
from heliograph.storage.accounts import AccountDirectory

_SLICE: Final = 1_000


class ExpandLabels:
    """``give_way`` is awaited between two steps of a long expansion: it lets others be served."""

    def __init__(self, accounts: AccountDirectory, give_way: Callable[[], Awaitable[None]]) -> None:
        self._accounts = accounts
        self._give_way = give_way

    async def expanded(self, account_id: int, raw: RawBatch, refused: InvalidRequest) -> RawBatch:
        """A refused request with numbers in place of the labels that it names.

        Raises the refusal if it names none, and InvalidRequest where more than that is wrong.
        """
        named = named_labels(raw.recipients)
        if not named:
            raise refused
        fields = {each.field for each in named}
        faults = [fault for fault in refused.faults if fault.field not in fields]
        if len(named) > MAX_LABELS:
            raise InvalidRequest([*faults, too_many_labels(named)])
        labelled: dict[str, list[tuple[str, Mapping[str, str]]]] = {}
        left = MAX_RECIPIENTS + 1
        for each in named:
            if each.label not in labelled and left > 0:
                labelled[each.label] = await self._labelled(account_id, raw, each.label, left)
                left -= len(labelled[each.label])
            if not labelled.get(each.label, True):
                faults.append(unknown_label(each))
        if left <= 0:
            faults.append(too_many_numbers(MAX_RECIPIENTS))
        if faults:
            raise InvalidRequest(faults)
        for recipients in expanded(raw.recipients, labelled):
            if recipients is not None:
                return msgspec.structs.replace(raw, recipients=recipients)
            await self._give_way()
        raise refused

    async def _labelled(
        self, account_id: int, raw: RawBatch, label: str, limit: int
    ) -> list[tuple[str, Mapping[str, str]]]:
        """At most ``limit`` numbers behind a label, with the properties that the text asks for."""
        found = await self._accounts.labelled(
            account_id, label, limit=limit, with_properties=isinstance(raw.recipients, dict)
        )
        numbers: list[tuple[str, Mapping[str, str]]] = []
        for start in range(0, len(found), _SLICE):
            numbers += with_used_properties(found[start : start + _SLICE], raw.body)
            await self._give_way()
        return numbers
