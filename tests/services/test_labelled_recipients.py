"""Labels among the recipients of a batch: who gets a message, with which text, and what is refused."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from heliograph.domain.contact import ContactDraft
from heliograph.domain.key_rights import KeyRights, KeyScope
from heliograph.storage.contacts import insert_contacts
from tests.support.accepting import AcceptingApi, Answer, accepting_api
from tests.support.rows import IDS, NOW

SENT = {"sender": "iP1", "body": "Hi", "datacoding": "gsm"}
ANNA, BO, OTHER = "46701740605", "46701740606", "46701740607"


@pytest.fixture
async def api(database: str) -> AsyncIterator[AcceptingApi]:
    async with accepting_api(database) as opened:
        await add(opened, {ANNA: {"firstName": "Anna"}, BO: {"firstName": "Bo"}}, "Coworker")
        await add(opened, {BO: {"firstName": "Double"}}, "Gothenburg")
        yield opened


async def add(
    api: AcceptingApi, people: Mapping[str, dict[str, str]], label: str, account_id: int | None = None
) -> None:
    drafts = [ContactDraft(number or None, texts, {}, (label,)) for number, texts in people.items()]
    ids = [IDS.new(int(NOW.timestamp())) for _ in drafts]
    async with api.database.transaction() as tx:
        await insert_contacts(tx, account_id or api.started.account_id, ids, drafts, now=NOW)


async def messages(api: AcceptingApi, answer: Answer) -> dict[str, str | None]:
    """The texts by number."""
    assert answer.status == 201, answer.body
    async with api.database.transaction() as tx:
        found = await tx.fetch(
            "SELECT recipient, body FROM message WHERE batch_id = $1 ORDER BY message_id",
            bytes.fromhex(answer.json["id"]),
        )
    return {row[0]: row[1] for row in found}


@pytest.mark.parametrize(
    ("recipients", "numbers"),
    [
        (["label:Coworker"], [ANNA, BO]),
        ([OTHER, "label:Coworker"], [OTHER, ANNA, BO]),
        (["label:Gothenburg", "label:Coworker", BO], [BO, ANNA]),
        ({"label:Coworker": {}, OTHER: {}}, [ANNA, BO, OTHER]),
    ],
)
async def test_a_label_stands_for_its_numbers(api: AcceptingApi, recipients: Any, numbers: list[str]) -> None:
    answer = await api.post(SENT | {"recipients": recipients})
    assert list(await messages(api, answer)) == numbers


async def test_properties_fill_in_placeholders_and_what_is_given_overrides_them(api: AcceptingApi) -> None:
    recipients = {
        "label:Coworker": {"office": "Gothenburg"},
        OTHER: {"firstName": "Eve"},
        "default": {"office": "nowhere"},
    }
    body = SENT | {"body": "Hi {firstName} in {office}", "recipients": recipients}
    assert await messages(api, await api.post(body)) == {
        ANNA: "Hi Anna in Gothenburg",
        BO: "Hi Bo in Gothenburg",
        OTHER: "Hi Eve in nowhere",
    }
    given = SENT | {"body": "Hi {firstName}", "recipients": {"label:Coworker": {"firstName": "all"}, BO: {}}}
    assert await messages(api, await api.post(given)) == {ANNA: "Hi all", BO: "Hi "}


async def test_what_is_wrong_is_named_where_it_stands(api: AcceptingApi) -> None:
    await add(api, {"": {"email": "a@example.com"}}, "NoNumber")
    recipients = [ANNA, "label:Nobody", "+46", "label:Coworker", "label:NoNumber", 7]
    answer = await api.post(SENT | {"recipients": recipients, "sender": "Unknown"})
    assert answer.status == 400
    assert answer.json["errors"].keys() == {
        "sender",
        "recipients[1]",
        "recipients[2]",
        "recipients[4]",
        "recipients[5]",
    }
    assert answer.json["errors"]["recipients[1]"] == [
        "No contact with a phone number has the label 'Nobody'."
    ]
    objects = await api.post(SENT | {"recipients": {"label:Nobody": {}, "label:Coworker": {"a": 1}}})
    assert objects.json["errors"].keys() == {"recipients.label:Nobody", "recipients.label:Coworker.a"}


async def test_another_accounts_label_is_as_unknown_as_none(api: AcceptingApi) -> None:
    await add(api, {ANNA: {}}, "Theirs", account_id=77)
    answer = await api.post(SENT | {"recipients": ["label:Theirs"]})
    assert answer.json["errors"] == {
        "recipients[0]": ["No contact with a phone number has the label 'Theirs'."]
    }


async def test_too_many_labels_or_numbers_are_refused(
    api: AcceptingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = await api.post(SENT | {"recipients": [f"label:{number}" for number in range(101)]})
    assert many.json["errors"] == {"recipients": ["At most 100 labels are allowed in one call, not 101."]}
    monkeypatch.setattr("heliograph.services.accept_batch.expand_labels.MAX_RECIPIENTS", 1)
    beyond = await api.post(SENT | {"recipients": ["label:Coworker"]})
    assert beyond.json["errors"] == {
        "recipients": ["At most 1 recipients are allowed in one call; the labels hold more."]
    }


async def test_a_large_label_is_sent_to(api: AcceptingApi) -> None:
    people = {f"4670{number:07}": {"firstName": "x"} for number in range(1_200)}
    await add(api, people, "Large")
    assert list(await messages(api, await api.post(SENT | {"recipients": ["label:Large"]}))) == list(people)


async def test_a_repeated_request_gets_the_first_answer_whoever_has_the_label(api: AcceptingApi) -> None:
    key = {"idempotency-key": "closed"}
    first = await api.post(SENT | {"recipients": ["label:Coworker"]}, headers=key)
    await add(api, {OTHER: {}}, "Coworker")
    again = await api.post(SENT | {"recipients": ["label:Coworker"]}, headers=key)
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    "recipients",
    [["label:Coworker"], [OTHER, "label:Coworker"], {"label:Coworker": {}}, {"label:None": None}],
)
async def test_who_may_not_read_sends_to_a_label_but_is_not_told_who_has_it(
    api: AcceptingApi, recipients: object
) -> None:
    token = await api.make_key(KeyRights(scopes=frozenset({KeyScope.SEND})))
    told = await api.post(SENT | {"recipients": recipients}, token=token, query=b"dryRun=true")
    assert told.status == 403
    assert told.json["detail"] == "This API key lacks the scope read, which the contacts of a label need."
    assert ANNA not in told.body.decode()
    named = await api.post(SENT | {"recipients": [OTHER]}, token=token, query=b"dryRun=true")
    assert [one["recipient"] for one in named.json["recipients"]] == [OTHER]
    assert (await api.post(SENT | {"recipients": ["label:Coworker"]}, token=token)).status == 201


async def test_who_may_read_is_told_the_numbers_of_a_label(api: AcceptingApi) -> None:
    token = await api.make_key(KeyRights(scopes=frozenset({KeyScope.SEND, KeyScope.READ})))
    told = await api.post(SENT | {"recipients": ["label:Coworker"]}, token=token, query=b"dryRun=true")
    assert [one["recipient"] for one in told.json["recipients"]] == [ANNA, BO]
