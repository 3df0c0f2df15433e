import io
import json
import sys

import pytest
import structlog

from heliograph.telemetry import (
    NEVER_LOGGED,
    Counters,
    StderrLogger,
    configure_logging,
    describe_error,
    drop_private_fields,
    exposition,
)


@pytest.mark.parametrize("name", [*sorted(NEVER_LOGGED), "Body", "TOKEN"])
def test_private_fields_never_reach_the_log(name: str) -> None:
    event = drop_private_fields(
        None, "info", {"event": "message.submitted", "message_id": "1", name: "canary"}
    )
    assert "canary" not in str(event)
    assert event["message_id"] == "1"
    assert event["dropped_fields"] == [name.lower()]


def test_a_line_is_one_json_object_with_what_was_bound(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        configure_logging(role="dispatcher")
        structlog.get_logger().info("carrier.bound", carrier_id=3, password="canary")
        structlog.get_logger().debug("carrier.detail")
    finally:
        structlog.configure(**before)
        structlog.contextvars.clear_contextvars()
    (line,) = capsys.readouterr().err.splitlines()
    found = json.loads(line)
    assert found.pop("timestamp").endswith("Z")
    assert found == {
        "event": "carrier.bound",
        "level": "info",
        "role": "dispatcher",
        "carrier_id": 3,
        "dropped_fields": ["password"],
    }


def test_an_error_is_described_by_kind_and_place_and_not_by_its_text() -> None:
    with pytest.raises(ValueError) as raised:
        raise ValueError("46701234567")
    described = describe_error(raised.value)
    assert described.startswith("ValueError at ")
    assert "test_telemetry.py" in described
    assert "46701234567" not in described
    assert describe_error(OSError()) == "OSError"


def test_counters_and_gauges_appear_at_the_scrape() -> None:
    counters = Counters()
    for outcome, amount in (("accepted", 2), ("refused", 1), ("accepted", 3)):
        counters.add("segments", amount, outcome=outcome)
    counters.gauge("connections", lambda: 7)
    assert counters.value("segments", outcome="accepted") == 5
    assert counters.value("segments", outcome="unknown") == 0
    lines = [line for line in exposition([counters]).decode().splitlines() if not line.startswith("#")]
    assert lines == [
        'heliograph_segments_total{outcome="accepted"} 5.0',
        'heliograph_segments_total{outcome="refused"} 1.0',
        "heliograph_connections 7.0",
    ]


def test_a_line_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    StderrLogger().error("nobody reads this")
