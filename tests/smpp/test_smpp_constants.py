"""Names of numbers: the specification's, and something to show for every other one."""

import pytest

from heliograph.smpp import CommandId, CommandStatus, command_name, command_status_name, is_response


def test_there_are_48_named_statuses() -> None:
    assert len(CommandStatus) == 48


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (0x00, "ESME_ROK"),
        (0x14, "ESME_RMSGQFUL"),
        (0x45, "ESME_RSUBMITFAIL"),
        (0x58, "ESME_RTHROTTLED"),
        (0x64, "ESME_RX_T_APPN"),
        (0xC0, "ESME_RINVOPTPARSTREAM"),
        (0xFF, "ESME_RUNKNOWNERR"),
        (0x09, "0x00000009"),
        (0x403, "0x00000403"),
        (0xFFFFFFFF, "0xFFFFFFFF"),
    ],
)
def test_status_names(status: int, name: str) -> None:
    assert command_status_name(status) == name


def test_command_names() -> None:
    assert command_name(0x80000004) == "submit_sm_resp"
    assert command_name(0x7777) == "0x00007777"


def test_every_response_belongs_to_a_request() -> None:
    numbers = {int(command) for command in CommandId}
    responses = {number for number in numbers if is_response(number)} - {int(CommandId.GENERIC_NACK)}
    assert {number & 0x7FFFFFFF for number in responses} <= numbers
