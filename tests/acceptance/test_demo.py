"""`heliograph demo`: the newcomer's first minute."""

import json
import re
import subprocess
from typing import Any

import pytest

from heliograph.faces.cli.demo_story import EXAMPLE_CODES, TEMPLATE_CODES
from tests.acceptance.conftest import type_command
from tests.support.postgres import reachable_folder

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]


@pytest.fixture(scope="module")
def demo() -> subprocess.CompletedProcess[str]:
    """One run of it, which takes under a minute and leaves nothing behind."""
    with reachable_folder() as folder:
        # Settings of an installation of one's own must not disturb it.
        answer = type_command(
            "demo",
            HELIOGRAPH_HTTP_PORT="1",
            HELIOGRAPH_SECRET_KEY="5e" * 32,
            HELIOGRAPH_DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere",
            TMPDIR=str(folder),
        )
        assert list(folder.iterdir()) == []
    return answer


def test_everything_is_as_it_should_be(demo: subprocess.CompletedProcess[str]) -> None:
    assert (demo.returncode, demo.stderr) == (0, "")
    assert "Everything was as it should be." in demo.stdout


def test_programs_get_a_document_on_stdout_and_people_their_story_on_stderr() -> None:
    answer = type_command("demo", "--json")
    assert answer.returncode == 0
    found: dict[str, Any] = json.loads(answer.stdout)
    assert found["asItShouldBe"] is True
    assert [batch["codes"] for batch in found["batches"]] == [EXAMPLE_CODES, TEMPLATE_CODES]
    assert all(batch["currency"] == "SEK" and batch["total"] > 0 for batch in found["batches"])
    assert "Everything was as it should be." in answer.stderr


def test_each_recipient_of_the_page_is_shown_with_its_code(demo: subprocess.CompletedProcess[str]) -> None:
    ends = dict(re.findall(r"^ +[0-9.]+ s  (\d+) .*?(\d{3}) [a-z ]+$", demo.stdout, re.MULTILINE))
    assert ends == {
        "456189040623": "408",
        "175368927054": "408",
        "392094880589": "201",
        "568798567631": "201",
        "46701740605": "201",
        "46701740606": "201",
        "46701740612": "512",
    }


@pytest.mark.parametrize(
    "shown",
    [
        "4 of 4 right",
        "Hello Alice! ",
        "Hello whoever you are! ",
        "\N{SUN WITH FACE}",
        "The ledger is proved.",
        "heliograph serve\n",
        "curl -X POST",
        "/docs",
    ],
)
def test_it_shows(demo: subprocess.CompletedProcess[str], shown: str) -> None:
    assert shown in demo.stdout
