"""The API keeps what its OpenAPI document says, whatever is sent to it: generated requests to real processes.

Valid and invalid requests, single ones and chains of them. Two checks are left out: the document cannot say
that a sender must be registered, nor that some invalid requests are read as clients of iP.1 mean them.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from heliograph.faces.api.openapi_links import LINKS
from tests.acceptance.conftest import Served, clean_environment, serving
from tests.contract.generated_requests import ALL, COUNT_VARIABLE, KEY_VARIABLE
from tests.repository.source_tree import ROOT
from tests.support.postgres import reachable_folder

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

LED_TO = {name for lead in LINKS.values() for name in lead.operations}
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
    "object_level_authorization",
)
CONFIGURATION = """
# A batch that was canceled can still be read: it says what became of it.
[[operations]]
include-path-regex = "^/v2/batches/"
checks.use_after_free.enabled = false
"""
FEWEST_FOLLOWED = 1
"""Operations that must have had success with parameters from an earlier answer; usually there are 7."""
SHORT_SECONDS = 20
LONG_SECONDS = 240


def generate_requests(served: Served, folder: Path, *, seconds: int, seed: int) -> Counter[str]:
    """Send requests for some time; how many. Fails with the report of whatever broke the document."""
    count = folder / f"count-{seed}"
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", f"{served.url}/docs/openapi.json"),
        *("--url", served.url),
        *("--header", f"Authorization: Bearer {served.key}"),
        *("--checks", ",".join(CHECKS)),
        *("--mode", "all"),
        *("--max-time", str(seconds)),
        *("--workers", "2"),
        *("--seed", str(seed)),
        *("--suppress-health-check", "all"),
        "--continue-on-failure",
    ]
    environment = clean_environment(
        SCHEMATHESIS_HOOKS="tests.contract.generated_requests",
        PYTHONPATH=os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        **{COUNT_VARIABLE: str(count), KEY_VARIABLE: served.key.split("_")[1]},
    )
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds * 3 + 300
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    return Counter(json.loads(count.read_text()))


def test_generated_requests_find_no_fault(tmp_path: Path, contract_requests: int | None) -> None:
    wanted = contract_requests or 1
    seconds = LONG_SECONDS if contract_requests else SHORT_SECONDS
    # Every operation is tried without its key as well: the throttle of failed keys must not answer for them.
    patient = {"HELIOGRAPH_HTTP_FAILED_SIGN_INS_PER_MINUTE": "100000"}
    with reachable_folder() as folder, serving(folder / "data", "--json", **patient) as served:
        sent: Counter[str] = Counter()
        seed = 0
        while sent[ALL] < wanted:
            seed += 1
            sent += generate_requests(served, tmp_path, seconds=seconds, seed=seed)
        assert '"level": "error"' not in served.log.read_text()
        assert served.ask("/v2/me/keys")[0] == 200, "the run lost its key"
    followed = {name: sent[name] for name in sorted(LED_TO) if sent[name]}
    print(f"{sent[ALL]} requests in {seed} runs; by links: {followed}")
    assert len(followed) >= FEWEST_FOLLOWED
