"""Leafing through contacts: every one once, in both directions; counts that end somewhere."""

from collections.abc import AsyncIterator

import pytest

from heliograph.storage import contact_browsing
from heliograph.storage.bounded_counts import Counted
from heliograph.storage.contact_browsing import (
    NEWEST,
    count_contacts_up_to,
    count_label_up_to,
    count_labels_up_to,
    leaf_through_contacts,
    list_contacts_of_number,
    list_oldest_of_labels,
)
from heliograph.storage.database import Connection, Transaction, connect, load_query, transaction_on
from tests.support.rows import NOW, insert_account

MANY = 11
ADD_LABEL = "INSERT INTO contact_label VALUES ($1, $2, $3)"


def contact_id(number: int) -> bytes:
    return number.to_bytes(12, "big")


def labels_of(number: int) -> list[str]:
    return [label for label, nth in (("odd", number % 2), ("third", number % 3 == 0)) if nth]


@pytest.fixture
async def tx(database: str) -> AsyncIterator[Transaction]:
    """An account with eleven contacts, another with one that has the same label."""
    connection: Connection = await connect(database)
    for account_id in (1, 2):
        await insert_account(connection, account_id)
    for number in range(MANY):
        await connection.execute(
            "INSERT INTO contact VALUES (1, $1, $2, '{}', '{}', $3, $3)",
            contact_id(number),
            f"4670174060{number % 4}",
            NOW,
        )
        for label in [*(["odd"] if number % 2 else []), *(["third"] if number % 3 == 0 else [])]:
            await connection.execute(
                "INSERT INTO contact_label VALUES (1, $1, $2)", label, contact_id(number)
            )
    await connection.execute(
        "INSERT INTO contact VALUES (2, $1, '1', '{}', '{}', $2, $2)", contact_id(99), NOW
    )
    await connection.execute("INSERT INTO contact_label VALUES (2, 'odd', $1)", contact_id(99))
    async with transaction_on(connection) as opened:
        yield opened
    await connection.close()


@pytest.mark.parametrize("label", ["", "odd", "third", "nobody's"])
@pytest.mark.parametrize("limit", [1, 3, 5, 50])
async def test_every_contact_comes_once_there_and_back(tx: Transaction, label: str, limit: int) -> None:
    expected = [contact_id(number) for number in reversed(range(MANY)) if label in ("", *labels_of(number))]
    pages, place = [], NEWEST
    while True:
        page = await leaf_through_contacts(tx, 1, place, limit=limit, label=label)
        pages.append([each.contact_id for each in page.contacts])
        assert page.has_newer == (len(pages) > 1)
        if not page.has_older:
            break
        place = pages[-1][-1]
    assert [each for found in pages for each in found] == expected
    for number, later in reversed(list(enumerate(pages[1:]))):
        back = await leaf_through_contacts(tx, 1, later[0], limit=limit, backwards=True, label=label)
        assert [each.contact_id for each in back.contacts] == pages[number]
        assert (back.has_newer, back.has_older) == (number > 0, True)


async def test_the_way_back_ends_with_a_full_page(tx: Transaction) -> None:
    page = await leaf_through_contacts(tx, 1, contact_id(MANY - 2), limit=3, backwards=True)
    assert [each.contact_id for each in page.contacts] == [contact_id(number) for number in (10, 9, 8)]
    assert (page.has_newer, page.has_older) == (False, True)


async def test_counts_end_where_nobody_reads_on(tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await count_contacts_up_to(tx, 1) == Counted(MANY)
    assert await count_label_up_to(tx, 1, "odd") == Counted(5)
    assert await count_labels_up_to(tx, 1, limit=9) == [("odd", Counted(5)), ("third", Counted(4))]
    assert await count_labels_up_to(tx, 1, limit=1) == [("odd", Counted(5))]
    assert await count_labels_up_to(tx, 3, limit=9) == []
    monkeypatch.setattr(contact_browsing, "COUNTED", 4)
    assert await count_contacts_up_to(tx, 1) == Counted(4, is_more=True)
    assert await count_label_up_to(tx, 1, "third") == Counted(4)


async def test_labels_share_what_is_counted_of_them_all(tx: Transaction) -> None:
    await tx.execute(
        "INSERT INTO contact_label SELECT 1, 'all', int8send(n) FROM generate_series(1, 400) AS n"
    )
    counted = dict(await count_labels_up_to(tx, 1, limit=9))
    assert counted["all"] == Counted(400)
    rows = await tx.fetch(load_query("count_labels_up_to"), 1, 9, 600)
    assert [tuple(row) for row in rows] == [("all", 201, 200), ("odd", 5, 200), ("third", 4, 200)]


async def test_those_of_a_number_and_the_first_of_some_labels(tx: Transaction) -> None:
    found = await list_contacts_of_number(tx, 1, "46701740601", limit=2)
    assert [each.contact_id for each in found] == [contact_id(9), contact_id(5)]
    oldest = await list_oldest_of_labels(tx, 1, ["third", "odd", "none"], limit=4)
    assert [each.contact_id for each in oldest] == [contact_id(number) for number in (0, 1, 3, 5)]
    assert oldest[2].labels == ["odd", "third"]
