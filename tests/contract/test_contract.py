"""The API keeps what its OpenAPI document says, whatever is sent to it: generated requests to real processes.

Valid and invalid requests, single ones and chains of them. Two checks are left out: the document cannot say
that a sender must be registered, nor that some invalid requests are read as clients of iP.1 mean them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import Served, clean_environment, serving
from tests.contract.generated_requests import COUNT_VARIABLE
from tests.repository.source_tree import ROOT
from tests.support.postgres import reachable_folder

pytestmark = [pytest.mark.acceptance, pytest.mark.xdist_group("processes")]

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "object_level_authorization",
)
SHORT_SECONDS = 20
LONG_SECONDS = 240


def generate_requests(served: Served, folder: Path, *, seconds: int, seed: int) -> int:
    """Send requests for some time; how many. Fails with the report of whatever broke the document."""
    count = folder / f"count-{seed}"
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
        **{COUNT_VARIABLE: str(count)},
    )
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds * 3 + 300
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    return int(count.read_text())


def test_generated_requests_find_no_fault(tmp_path: Path, contract_requests: int | None) -> None:
    wanted = contract_requests or 1
    seconds = LONG_SECONDS if contract_requests else SHORT_SECONDS
    # Every operation is tried without its key as well: the throttle of failed keys must not answer for them.
    patient = {"HELIOGRAPH_HTTP_FAILED_SIGN_INS_PER_MINUTE": "100000"}
    with reachable_folder() as folder, serving(folder / "data", "--json", **patient) as served:
        total = seed = 0
        while total < wanted:
            seed += 1
            total += generate_requests(served, tmp_path, seconds=seconds, seed=seed)
        assert '"level": "error"' not in served.log.read_text()
    print(f"{total} requests in {seed} runs")
