"""Sending and administration from a terminal, beside a running installation."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import PROGRAM, Served, clean_environment, type_command

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]


def test_a_text_is_sent_and_followed_to_the_handset(served: Served) -> None:
    sent = served.command("send", "Hej \N{SUN WITH FACE}", "46701740605")
    assert (sent.returncode, sent.stderr) == (0, "")
    assert "1 message, 0.35 SEK" in sent.stdout
    assert "103 funded, 110 sending, 111 at gateway, 201 delivered" in " ".join(sent.stdout.split())
    read = served.command("simulate", "handsets", "46701740605", "--json")
    assert [message["text"] for message in json.loads(read.stdout)] == ["Hej \N{SUN WITH FACE}"]
    assert "46701740605" in served.command("simulate", "handsets").stdout


def test_a_message_that_is_not_delivered_is_told_by_the_exit_code(served: Served) -> None:
    waited = served.command("send", "Hello", "46701740605", "--wait", "0", "--json")
    assert (waited.returncode, json.loads(waited.stdout)["status"]) == (0, 111)
    assert "1 still on their way" in waited.stderr
    sent = served.command("send", "Hello", "46701740612", "--json")
    assert sent.returncode == 1
    assert json.loads(sent.stdout)["messageSummary"] == {"512": {"messages": 1, "sms": 1}}
    why = "Not delivered:\n46701740612: 512 unknown subscriber: The number is not in use.\n"
    assert sent.stderr.endswith(why)
    among_others = served.command("send", "Hello", "46701740605", "46701740612")
    assert (among_others.returncode, among_others.stderr) == (1, why)
    numbers = [str(number) for number in range(46701740650, 46701740675)]
    many = served.command("send", "Hello", "46701740612", *numbers)
    assert (many.returncode, many.stderr.splitlines()[0]) == (1, "Not delivered:")
    assert "1 with 512 unknown subscriber: The number is not in use.\n" in many.stderr


def test_texts_are_made_of_a_file(served: Served, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("number,name\n46701740650,Bob\n46701740651,Eve\n")
    sent = served.command("send", "Hello {name}", "--file", str(tmp_path / "people.csv"), "--reference", "r")
    assert sent.returncode == 0, sent.stderr
    read = served.command("simulate", "handsets", "46701740651")
    assert "Hello Eve" in read.stdout
    (tmp_path / "numbers.txt").write_text("".join(f"467017406{last}\n" for last in range(60, 99)))
    many = served.command("send", "Hello", "--file", str(tmp_path / "numbers.txt"))
    assert "201 delivered" in many.stdout
    assert "39" in many.stdout


def test_a_refusal_of_the_api_is_one_line(served: Served) -> None:
    sent = served.command("send", "Hello", "46701740605", "--sender", "Stranger")
    assert (sent.returncode, sent.stdout, sent.stderr.count("\n")) == (2, "", 1)
    assert "sender: The sender Stranger is not registered" in sent.stderr


def test_address_and_key_may_come_from_the_environment(served: Served) -> None:
    ours = {"HELIOGRAPH_URL": served.url, "HELIOGRAPH_KEY": served.key}
    sent = type_command("send", "Hello", "46701740605", "--no-follow", "--json", **ours)
    assert (sent.returncode, json.loads(sent.stdout)["status"]) == (0, 111)


def test_what_is_administered_beside_it_is_seen_at_once(served: Served) -> None:
    made = json.loads(served.command("account", "create", "Acme", "--sender", "Acme", "--json").stdout)
    broke = served.command("send", "Hello", "46701740605", "--sender", "Acme", "--key", made["key"], "--json")
    assert json.loads(broke.stdout)["messageSummary"] == {"402": {"messages": 1, "sms": 1}}
    assert served.command("credit", "add", made["number"], "10").returncode == 0
    paid = served.command("send", "Hello", "46701740605", "--sender", "Acme", "--key", made["key"])
    assert paid.returncode == 0
    checked = served.command("ledger", "check")
    assert (checked.returncode, "Everything adds up." in checked.stdout) == (0, True)


def test_the_carrier_runs_alone() -> None:
    process = subprocess.Popen(
        [*PROGRAM, "simulate", "--smpp", "127.0.0.1:0", "--handsets", "127.0.0.1:0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )
    assert process.stdout is not None
    with process.stdout:
        started = json.loads(process.stdout.readline())
        read = type_command("simulate", "handsets", "--url", started["handsets"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert read.stdout == "No handset got a message yet.\n"
    assert started["smpp"].startswith("127.0.0.1:")
