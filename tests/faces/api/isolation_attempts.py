"""Makes the attempts of the isolation matrix, and tells how another account gets something of them."""

from typing import Any

import httpx

from tests.faces.api.isolation_matrix import (
    Attempt,
    Ground,
    Listing,
    Names,
    NamesNothing,
    Thing,
    Unmoved,
)


def filled(body: Any, names: Names) -> Any:
    """A body with names where braces stand for them."""
    if isinstance(body, str):
        return body.format(**names)
    if isinstance(body, list):
        return [filled(each, names) for each in body]
    if isinstance(body, dict):
        return {field: filled(value, names) for field, value in body.items()}
    return body


async def ask(client: httpx.AsyncClient, attempt: Attempt, names: Names) -> httpx.Response:
    """Make an attempt."""
    case = attempt.case
    body = None if isinstance(case, Listing | NamesNothing) else filled(case.body, names)
    headers = filled(attempt.headers, names)
    return await client.request(attempt.method, attempt.path.format(**names), json=body, headers=headers)


async def difference(ground: Ground, attempt: Attempt) -> str | None:
    """How another account tells that the owner's thing is there, or what it could do to it; None if nothing.

    In the end the owner does what nobody else could, which shows that the thing was there untouched.
    """
    case = attempt.case
    if isinstance(case, Listing):
        return await _shown(ground, attempt, case)
    assert not isinstance(case, NamesNothing)
    known = case.absent if isinstance(case, Thing) else case.names
    before = {
        account: await ask(client, attempt, known | await _own(ground, account, case))
        for account, client in ground.others.items()
    }
    names = known | await case.make(ground)
    for account, client in ground.others.items():
        absent = before[account]
        answer = await ask(client, attempt, names | await _own(ground, account, case))
        if (answer.status_code, answer.content) != (absent.status_code, absent.content):
            return f"{account}: {answer.status_code} {answer.text}, not {absent.status_code} {absent.text}"
        if isinstance(case, Thing) and answer.status_code != case.missing:
            return f"an absent thing is {answer.status_code}"
    owners = await ask(ground.owner, attempt, names)
    if owners.status_code >= 300:
        return f"the owner gets {owners.status_code} {owners.text}"
    if any(owners.content == answer.content for answer in before.values()):
        return "the owner is told nothing either"
    return None


async def _own(ground: Ground, account_id: int, case: Thing | Unmoved) -> Names:
    return await case.own(ground, account_id) if isinstance(case, Unmoved) and case.own else {}


async def _shown(ground: Ground, attempt: Attempt, case: Listing) -> str | None:
    names = await case.make(ground)
    owners = await ask(ground.owner, attempt, names)
    if owners.status_code != 200 or names[case.marker] not in owners.text:
        return f"the owner gets {owners.status_code} {owners.text}"
    for account in ground.others.keys() - case.shown_to:
        answer = await ask(ground.others[account], attempt, names)
        if answer.status_code != 200 or names[case.marker] in answer.text:
            return f"{account}: {answer.status_code} {answer.text}"
    return None
