"""What a request to send reports again says: an origin, or a filter of reports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from heliograph.domain.delivery_windows import parse_time
from heliograph.domain.ids import parse_id
from heliograph.domain.refusals import InvalidRequest, Refusal
from heliograph.domain.replay_filter import MOST_BATCHES, ReplayFilter
from heliograph.domain.report_url import ReportUrl, stored_report_url
from heliograph.domain.status import codes_of
from heliograph.faces.api.list_filters import SENTENCES

NOTHING_NAMED: Final = (
    "Name what is to be sent again: an origin that GET /v2/reports/failed lists, or batchId, createdFrom, "
    "createdTo or status."
)
WRONG_ORIGIN: Final = "origin is a text: one that GET /v2/reports/failed lists, or a URL of it."
WRONG_BATCHES: Final = (
    f"batchId is the id of a batch, 24 hexadecimal digits, or a list of 1 to {MOST_BATCHES}."
)
WRONG_AFTER: Final = "after is the cursor of the answer before."
AFTER_AN_ORIGIN: Final = (
    "An origin alone needs no after: what was put back is gone from its list. Call again."
)
_MOST_STATUSES: Final = 50


def read_replay(members: Mapping[str, object]) -> tuple[ReplayFilter, bytes]:
    """What is to be sent again, and the message to go on behind. Raises InvalidRequest with every fault."""
    faults: list[Refusal] = []
    wanted = ReplayFilter(
        origin=_origin(members.get("origin"), faults),
        batch_ids=_batches(members.get("batchid"), faults),
        created_from=_time("createdFrom", members.get("createdfrom"), faults),
        created_to=_time("createdTo", members.get("createdto"), faults),
        codes=_codes(members.get("status"), faults),
    )
    after = _after(members.get("after"), faults)
    if not faults and wanted.is_empty:
        faults.append(Refusal("origin", "required", NOTHING_NAMED))
    if not faults and after and wanted.is_origin_alone:
        faults.append(Refusal("after", "invalid", AFTER_AN_ORIGIN))
    if faults:
        raise InvalidRequest(faults)
    return wanted, after


def _origin(given: object, faults: list[Refusal]) -> str | None:
    """The origin that is meant; a whole URL of it will do."""
    if given is None:
        return None
    if not isinstance(given, str) or not given:
        faults.append(Refusal("origin", "not_text", WRONG_ORIGIN))
        return None
    url = stored_report_url(given)
    if not isinstance(url, ReportUrl):
        faults.append(Refusal("origin", "invalid", url.sentence))
        return None
    return url.origin


def _batches(given: object, faults: list[Refusal]) -> tuple[bytes, ...]:
    if given is None:
        return ()
    named = given if isinstance(given, list) else [given]
    found = [parse_id(each) if isinstance(each, str) else None for each in named[: MOST_BATCHES + 1]]
    if not 0 < len(found) <= MOST_BATCHES or None in found:
        faults.append(Refusal("batchId", "invalid", WRONG_BATCHES))
        return ()
    return tuple(each for each in found if each is not None)


def _time(name: str, given: object, faults: list[Refusal]) -> datetime | None:
    if given is None:
        return None
    moment = parse_time(given) if isinstance(given, str) else None
    if moment is None:
        faults.append(Refusal(name, "not_a_time", SENTENCES["created"].format(name=name)))
    return moment


def _codes(given: object, faults: list[Refusal]) -> frozenset[int] | None:
    """Codes and groups of them, as numbers or texts, one or a list."""
    if given is None:
        return None
    named = given if isinstance(given, list) else [given]
    found = [_codes_of(each) for each in named[: _MOST_STATUSES + 1]]
    if not 0 < len(found) <= _MOST_STATUSES or None in found:
        faults.append(Refusal("status", "invalid", SENTENCES["status"]))
        return None
    return frozenset(code for codes in found for code in codes or ())


def _codes_of(given: object) -> list[int] | None:
    if isinstance(given, bool) or not isinstance(given, int | str):
        return None
    return codes_of(str(given))


def _after(given: object, faults: list[Refusal]) -> bytes:
    """The message to go on behind; nothing, or an empty text, to begin."""
    if given is None or given == "":
        return b""
    after = parse_id(given) if isinstance(given, str) else None
    if after is None:
        faults.append(Refusal("after", "invalid", WRONG_AFTER))
    return after or b""
