"""What one account can do to another's things through the API: nothing, nor can it tell that they exist.

Not even a child of the owner's can, nor the owner's parent while it does not say for whom it acts. The
attempts are those of the matrix, which is held against the API's own description.
"""

import re
from collections import defaultdict

import pytest

from heliograph.faces.api.openapi import openapi_document
from heliograph.faces.api.scopes import SCOPES
from tests.faces.api.isolation_attempts import difference
from tests.faces.api.isolation_matrix import (
    ATTEMPTS,
    MATRIX,
    OWNER,
    Ground,
    NamesNothing,
    batch_of_owner,
)
from tests.support.rows import NOW

METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [
    (method.upper(), path)
    for path, described in openapi_document()["paths"].items()
    for method in METHODS
    if method in described and described[method].get("security") != []
]
TRIED = [name for name, attempt in ATTEMPTS.items() if not isinstance(attempt.case, NamesNothing)]


def test_every_operation_is_in_the_matrix() -> None:
    assert set(MATRIX) == set(OPERATIONS)


@pytest.mark.parametrize("name", TRIED)
async def test_nothing_of_another_account_is_told_or_touched(ground: Ground, name: str) -> None:
    assert await difference(ground, ATTEMPTS[name]) is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("revoked_at = $2", 401),
        ("expires_at = $2", 401),
        ("scopes = '{senders}'", 403),
        ("scopes = '{read}'", 403),
    ],
)
async def test_a_key_that_ended_or_is_for_something_else_opens_nothing(
    ground: Ground, change: str, status: int
) -> None:
    """Nor does it tell whether a thing is there."""
    names = defaultdict(lambda: "0" * 24, await batch_of_owner(ground))
    await ground.connection.execute(
        f"UPDATE api_key SET {change} WHERE account_id = $1 AND $2::timestamptz IS NOT NULL", OWNER, NOW
    )
    # A send has a handler of its own, with tests of its own.
    for method, path in MATRIX.keys() - {("POST", "/v2/batches")}:
        route = re.sub("(?=[A-Z])", "_", path).lower()
        if f"'{{{SCOPES[method, route]}}}'" not in change:
            answer = await ground.owner.request(method, path.format_map(names), json=[])
            assert answer.status_code == status, f"{method} {path}: {answer.text}"
