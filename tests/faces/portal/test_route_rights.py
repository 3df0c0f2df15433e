"""Every page and act of the portal, for every role, for nobody, and for people of another account.

The list is made of the app's own routes: a route that is new and not said below fails.
"""

import asyncio
import re
from collections.abc import Iterator

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from heliograph.domain.portal_rights import RIGHTS, Right, Role
from heliograph.faces.portal.portal_app import ROUTES
from heliograph.faces.portal.rendering import STATIC_PATH
from heliograph.faces.portal.signed_in import RIGHT
from heliograph.storage.accounts import create_account
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal

OPEN = {
    "GET /portal/sign-in",
    "POST /portal/sign-in",
    "GET /portal/sign-in/second-step",
    "POST /portal/sign-in/second-step",
    "POST /portal/sign-in/passkey-question",
    "POST /portal/sign-in/passkey",
    "POST /portal/sign-out",
    "POST /portal/language",
    "GET /portal/forgotten",
    "POST /portal/forgotten",
    "GET /portal/welcome/{link:str}",
    "POST /portal/welcome/{link:str}",
    "GET /portal/invitation/{link:str}",
    "POST /portal/invitation/{link:str}",
}
"""For everybody, signed in or not."""

MINE = {
    "GET /portal/welcome",
    "POST /portal/welcome",
    "GET /portal/me",
    "POST /portal/me",
    "POST /portal/me/confirm",
    "POST /portal/me/password",
    "POST /portal/me/logins/end",
    "GET /portal/me/app",
    "POST /portal/me/app",
    "GET /portal/me/app/picture.svg",
    "POST /portal/me/app/confirm",
    "POST /portal/me/app/remove",
    "POST /portal/me/recovery-codes",
    "POST /portal/me/passkeys/question",
    "POST /portal/me/passkeys",
    "POST /portal/me/passkeys/remove",
}
"""For whoever is signed in, about themselves."""

WITHOUT_GUARD = {f"GET {STATIC_PATH}/{{name:str}}", "POST /portal/csp-report"}
"""Files that anybody may have, and where browsers complain."""

STREAM_SECONDS = 1.0
"""What answers for longer was let in: a live stream."""


def operations() -> Iterator[tuple[str, HTTPRouteHandler]]:
    """Every route as ``GET /path``."""
    for route in ROUTES:
        for method in sorted(route.http_methods - {"OPTIONS", "HEAD"}):
            for path in sorted(route.paths):
                yield f"{method} {path}", route


OPERATIONS = dict(operations())
WITH_RIGHT = {
    name: route.opt[RIGHT] for name, route in OPERATIONS.items() if route.opt.get(RIGHT) is not None
}


async def ask(client: PortalClient, operation: str) -> httpx.Response | None:
    """Ask for an operation with an empty form, of nothing that exists; None: a stream was begun."""
    method, _, path = operation.partition(" ")
    address = re.sub(r"\{\w+:(\w+)\}", lambda found: "1" if found[1] == "int" else "absent", path)
    asked = client.post(address) if method == "POST" else client.get(address)
    try:
        return await asyncio.wait_for(asked, STREAM_SECONDS if "event" in path or "live" in path else 30)
    except TimeoutError:
        return None


def is_sent_to_sign_in(answer: httpx.Response | None) -> bool:
    return (
        answer is not None
        and answer.status_code == 303
        and answer.headers["location"].startswith("/portal/sign-in")
    )


async def another_account(portal: ServedPortal) -> int:
    async with portal.database.transaction() as tx:
        price_list = await tx.fetchval("SELECT price_list_id FROM account LIMIT 1")
        account_id, _ = await create_account(
            tx, name="Other", currency="SEK", price_list_id=price_list, number_prefix="ip1-", now=utc_now()
        )
    return account_id


def test_every_route_says_whom_it_is_for() -> None:
    open_ones = {name for name, route in OPERATIONS.items() if RIGHT in route.opt and not route.opt[RIGHT]}
    assert open_ones == OPEN | MINE
    unguarded = {name for name, route in OPERATIONS.items() if RIGHT not in route.opt}
    assert unguarded == WITHOUT_GUARD
    assert {right for right in WITH_RIGHT.values()} <= set(Right)


def test_a_route_that_operates_is_below_operator_and_nothing_else_is() -> None:
    operating = {name for name, right in WITH_RIGHT.items() if right is Right.OPERATE}
    assert operating == {name for name in WITH_RIGHT if "/portal/operator" in name}


async def test_nobody_gets_anything_but_the_open_pages(portal: ServedPortal) -> None:
    async with portal.client(None) as nobody:
        let_in = [name for name in (*WITH_RIGHT, *MINE) if not is_sent_to_sign_in(await ask(nobody, name))]
        assert let_in == []
        for name in OPEN:
            answer = await ask(nobody, name)
            assert answer is not None
            assert answer.status_code not in (401, 403, 500), name


@pytest.mark.parametrize("role", [*Role, None], ids=lambda role: role.value if role else "operator")
async def test_a_role_gets_what_its_rights_say(portal: ServedPortal, role: Role | None) -> None:
    wrong = []
    for name, right in WITH_RIGHT.items():
        may = role is None or right in RIGHTS[role]
        async with portal.client(await portal.sign_in(role, is_operator=role is None)) as client:
            answer = await ask(client, name)
        status = None if answer is None else answer.status_code
        if (status == 403) is may or status == 500 or is_sent_to_sign_in(answer):
            wrong.append((name, status))
    assert wrong == []


async def test_whoever_belongs_to_no_account_sees_none(portal: ServedPortal) -> None:
    for name in WITH_RIGHT:
        async with portal.client(await portal.sign_in(None)) as client:
            answer = await ask(client, name)
        assert answer is not None
        assert answer.status_code == 403, name


async def test_an_owner_elsewhere_sees_nothing_of_this_account(portal: ServedPortal) -> None:
    elsewhere = await another_account(portal)
    async with portal.client(await portal.sign_in(Role.OWNER, account_id=elsewhere)) as stranger:
        chosen = await stranger.post("/portal/account", {"number": portal.started.account_number})
        assert chosen.status_code == 404
        for name in WITH_RIGHT:
            if name.startswith("GET ") and WITH_RIGHT[name] is not Right.OPERATE:
                answer = await ask(stranger, name)
                if answer is not None:
                    assert portal.started.account_number not in answer.text, name
                    assert "Test account" not in answer.text, name


async def test_no_act_is_done_without_the_token_of_the_login(portal: ServedPortal) -> None:
    async with portal.client(await portal.sign_in(Role.OWNER, is_operator=True)) as client:
        for name in (each for each in (*WITH_RIGHT, *OPEN, *MINE) if each.startswith("POST ")):
            path = re.sub(r"\{\w+:\w+\}", "1", name.removeprefix("POST "))
            forged = await client.post(path, {"csrf": "guessed"})
            assert forged.status_code == 403, name
            foreign = await client.post(path, headers={"sec-fetch-site": "cross-site"})
            assert foreign.status_code == 403, name
