"""What became at once of a message to one person that was accepted: on its way, or refused, and why."""

from typing import Final

import msgspec

from heliograph.domain.status import Code, is_final
from heliograph.faces.portal.status_texts import CODE_TEXTS
from heliograph.faces.portal.translations import Translate
from heliograph.services.accept_batch import Accepted


class _Answer(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of the answer to a send."""

    message_summary: dict[int, object]
    warnings: list[str] = []


_decode: Final = msgspec.json.Decoder(_Answer, strict=False).decode


def refusal_of(accepted: Accepted, translate: Translate) -> str | None:
    """Why nothing is sent; None if the message is on its way."""
    answer = _decode(accepted.answer)
    code = next((code for code in answer.message_summary if is_final(code) and code != Code.DELIVERED), None)
    if code is None:
        return None
    if code == Code.INSUFFICIENT_FUNDS and answer.warnings:
        return translate(answer.warnings[-1])
    return translate("Nothing was sent: %(why)s.", why=translate(CODE_TEXTS[Code(code)]).lower())
