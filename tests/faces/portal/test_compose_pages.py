"""Composing a batch: what is typed survives every step, the price is seen before, and it is sent once."""

import asyncio
import html
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from heliograph.domain.message_draft import DraftFault
from heliograph.domain.portal_rights import Role
from heliograph.domain.refusals import Unavailable
from heliograph.faces.portal.compose_forms import FAULTS, FLAWS, fault_text
from heliograph.faces.portal.translations import catalog, translator
from heliograph.services.keep_house import KeepHouse
from tests.support.accepting import utc_now
from tests.support.rows import insert_account
from tests.support.served_portal import PortalClient, ServedPortal

COMPOSE = "/portal/compose"
PHONE = "46701740605"
FIELDS = {"sender": "iP1", "body": "Hello", "pasted": PHONE, "coding": "auto", "zone": "Europe/Stockholm"}
PEOPLE = "name;phone\nÅsa;46701740605\nBo;+46 70 174 06 06\n".encode("latin-1")


async def kept(
    client: PortalClient, fields: dict[str, Any], step: str = "review", file: bytes | None = None
) -> httpx.Response:
    """The answer to one of the form's buttons."""
    files = {"file": ("people.csv", file, "text/csv")} if file is not None else None
    return await client.post(COMPOSE, {**fields, "step": step}, files=files)


def draft_of(answer: httpx.Response) -> str:
    """The draft that the form was kept as."""
    found = re.search(r"/portal/compose/([0-9a-f]{24})", answer.headers.get("location", ""))
    found = found or re.search(r'name="draft" value="([0-9a-f]{24})"', answer.text)
    assert found is not None, answer.text
    return found[1]


def hidden(text: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found is not None
    return found[1]


async def reviewed(
    client: PortalClient, fields: dict[str, Any], file: bytes | None = None
) -> tuple[str, httpx.Response]:
    """A draft, and the page that shows what would become of it."""
    answer = await kept(client, fields, file=file)
    assert answer.status_code == 303, answer.text
    name = draft_of(answer)
    return name, await client.get(f"{COMPOSE}/{name}/review")


async def send(client: PortalClient, name: str, review: httpx.Response) -> httpx.Response:
    """The answer to the last button."""
    return await client.post(f"{COMPOSE}/{name}/send", {"send_key": hidden(review.text, "send_key")})


async def count(portal: ServedPortal, statement: str) -> int:
    async with portal.database.transaction() as tx:
        found: int = await tx.fetchval(statement)
    return found


def words(text: str) -> str:
    """A page's words, tags and doubled blanks taken out."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


async def test_a_batch_is_written_looked_at_and_sent(portal: ServedPortal, owner: PortalClient) -> None:
    empty = await owner.get(COMPOSE)
    assert empty.status_code == 200
    assert 'value="iP1"' in empty.text
    name, review = await reviewed(owner, {**FIELDS, "tags": "spring, sale", "reference": "order 7"})
    assert review.status_code == 200
    assert "Waiting to be sent" in words(review.text)
    assert await count(portal, "SELECT count(*) FROM batch") == 0
    sent = await send(owner, name, review)
    assert sent.status_code == 303
    batch = sent.headers["location"].removeprefix("/portal/batches/")
    async with portal.database.transaction() as tx:
        row = await tx.fetchrow("SELECT * FROM batch WHERE batch_id = $1", bytes.fromhex(batch))
        tags = await tx.fetch("SELECT tag FROM batch_tag ORDER BY tag")
        audit = await tx.fetch("SELECT action, subject FROM audit_entry WHERE action LIKE 'batch.%'")
    assert row is not None
    assert (row["body"], row["reference"]) == ("Hello", "order 7")
    assert [each["tag"] for each in tags] == ["sale", "spring"]
    assert [tuple(each) for each in audit] == [("batch.sent", batch)]
    assert (await owner.get(sent.headers["location"])).status_code == 200


async def test_clicking_twice_or_going_back_sends_once(portal: ServedPortal, owner: PortalClient) -> None:
    name, review = await reviewed(owner, FIELDS)
    first, second = await asyncio.gather(send(owner, name, review), send(owner, name, review))
    again = await send(owner, name, review)
    assert {each.headers["location"] for each in (first, second, again)} == {first.headers["location"]}
    back = await owner.get(f"{COMPOSE}/{name}/review")
    assert back.headers["location"] == first.headers["location"]
    assert await count(portal, "SELECT count(*) FROM batch") == 1
    assert await count(portal, "SELECT count(*) FROM audit_entry WHERE action = 'batch.sent'") == 1


async def test_what_is_changed_after_sending_is_another_draft_with_the_same_file(
    portal: ServedPortal, owner: PortalClient
) -> None:
    fields = {**FIELDS, "body": "Hi {name}", "pasted": ""}
    name, review = await reviewed(owner, fields, PEOPLE)
    await send(owner, name, review)
    other, shown = await reviewed(owner, {**fields, "body": "Bye {name}", "draft": name})
    assert other != name
    assert "Bye Åsa" in shown.text
    assert (await send(owner, other, shown)).status_code == 303
    assert await count(portal, "SELECT count(*) FROM batch") == 2


async def test_a_draft_that_was_changed_meanwhile_is_looked_at_again(
    portal: ServedPortal, owner: PortalClient
) -> None:
    name, review = await reviewed(owner, FIELDS)
    await kept(owner, {**FIELDS, "body": "Other words", "draft": name})
    answer = await send(owner, name, review)
    assert answer.headers["location"] == f"{COMPOSE}/{name}/review"
    assert await count(portal, "SELECT count(*) FROM batch") == 0


async def test_a_file_gives_numbers_and_values(portal: ServedPortal, owner: PortalClient) -> None:
    answer = await kept(owner, {**FIELDS, "body": "", "pasted": ""}, "file", PEOPLE)
    assert answer.status_code == 303
    name = draft_of(answer)
    form = (await owner.get(f"{COMPOSE}/{name}")).text
    assert 'data-insert="{name}"' in form
    assert "people.csv" in form
    assert "2 rows, 2 columns" in form
    _, review = await reviewed(owner, {**FIELDS, "body": "Hi {name}", "pasted": "", "draft": name})
    assert "Hi Åsa" in review.text
    assert "Hi Bo" in review.text
    sent = await send(owner, name, review)
    async with portal.database.transaction() as tx:
        rows = await tx.fetch("SELECT recipient, body FROM message ORDER BY message_id")
    assert sent.status_code == 303
    assert [tuple(row) for row in rows] == [(PHONE, "Hi Åsa"), ("46701740606", "Hi Bo")]


async def test_the_column_can_be_chosen_and_the_file_removed(owner: PortalClient) -> None:
    file = b"home;work\n46701740605;46701740606\n"
    name = draft_of(await kept(owner, FIELDS, "file", file))
    _, review = await reviewed(owner, {**FIELDS, "pasted": "", "draft": name, "number_column": "1"})
    assert "46701740606" in review.text
    assert PHONE not in review.text
    await kept(owner, {**FIELDS, "draft": name}, "remove_file")
    assert "people.csv" not in (await owner.get(f"{COMPOSE}/{name}")).text


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (b"name;city\nAnna;Lund\n", "No column seems to hold telephone numbers."),
        (b"phone\n46701740605\n0701\n", "Rows without a usable number: 1."),
        (b"", "The file has no rows."),
        (b"PK\x03\x04", "This is a spreadsheet or a document."),
    ],
)
async def test_faults_of_a_file_stand_beside_it(owner: PortalClient, file: bytes, sentence: str) -> None:
    answer = await kept(owner, {**FIELDS, "reference": "kept words"}, "review", file)
    if answer.status_code == 303:
        answer = await owner.get(answer.headers["location"])
    assert answer.status_code == 400
    assert sentence in words(answer.text)
    assert "kept words" in answer.text


async def test_faulty_lines_are_told_and_can_be_left_out(owner: PortalClient) -> None:
    fields = {**FIELDS, "pasted": f"{PHONE}\n0701234567\nAnna"}
    name, refused = await reviewed(owner, fields)
    assert refused.status_code == 400
    assert "Line 2: 0701234567 begins with 0: write the country code first" in words(refused.text)
    assert "Line 3: Anna is not a telephone number" in words(refused.text)
    _, review = await reviewed(owner, {**fields, "draft": name, "skip_faulty": "1"})
    assert review.status_code == 200
    assert "Left out for want of a usable number: 2." in words(review.text)


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"body": " "}, "body", "Write a text."),
        ({"body": "x" * 2001}, "body", "The text may have at most 2,000 characters."),
        ({"body": "日本", "coding": "gsm"}, "body", "The text has characters that the GSM alphabet lacks."),
        ({"pasted": ""}, "pasted", "Name at least one recipient"),
        ({"pasted": "label:Nobody"}, "pasted", "One of the labels has no contact with a telephone number."),
        ({"reference": "x" * 41}, "reference", "A reference has at most 40 characters."),
        ({"tags": "x" * 101}, "tags", "A tag has at most 100 characters."),
        ({"report_url": "nowhere"}, "report_url", "Write a whole address that begins with https://."),
        ({"sender": ""}, "sender", "Choose a sender."),
        ({"sender": "NotOurs"}, "sender", "This sender is not registered any more."),
        ({"opens-0": "soon", "closes-0": ""}, "opens-0", "Choose a day and a time."),
        (
            {"opens-0": "2027-03-28T02:30", "closes-0": ""},
            "opens-0",
            "There is no 02:30 that day: clocks are put forward. Choose 03:30, for example.",
        ),
        (
            {"opens-0": "2027-05-01T12:00", "closes-0": "2027-05-01T11:00"},
            "closes-0",
            "A window must close after it opens.",
        ),
        (
            {"opens-0": "2020-05-01T12:00", "closes-0": "2020-05-01T13:00"},
            "windows",
            "Every window has closed already.",
        ),
    ],
)
async def test_a_fault_stands_beside_its_field_and_nothing_typed_is_lost(
    owner: PortalClient, changed: dict[str, str], field: str, sentence: str
) -> None:
    fields = {**FIELDS, "reference": "kept words", **changed}
    _, refused = await reviewed(owner, fields)
    assert refused.status_code == 400
    assert sentence in words(refused.text)
    assert f'href="#{field}"' in refused.text
    for value in fields.values():
        assert html.escape(value) in refused.text


async def test_faults_of_the_form_and_of_the_request_are_told_together(owner: PortalClient) -> None:
    _, refused = await reviewed(owner, {**FIELDS, "pasted": "0701", "body": "", "reference": "x" * 41})
    for sentence in ("Lines without a usable number: 1.", "Write a text.", "at most 40 characters."):
        assert sentence in words(refused.text)


async def test_windows_are_added_and_shown_in_the_zone_of_whoever_types(owner: PortalClient) -> None:
    owner.http.cookies.set("tz", "Europe/Stockholm")
    fields = {**FIELDS, "opens-0": "2027-10-31T02:30", "closes-0": "2027-10-31T09:00"}
    name = draft_of(await kept(owner, fields, "window"))
    form = (await owner.get(f"{COMPOSE}/{name}")).text
    assert 'name="opens-1"' in form
    assert "this opening time comes twice" in form
    _, first = await reviewed(owner, {**fields, "draft": name})
    assert "This one is meant: 2027-10-31 00:30 UTC." in words(first.text)
    _, second = await reviewed(owner, {**fields, "draft": name, "opens-0-second": "1"})
    assert "This one is meant: 2027-10-31 01:30 UTC." in words(second.text)
    assert "31 October 2027, 02:30 – 09:00 (UTC+02:00 → UTC+01:00)" in words(first.text)
    assert "31 October 2027, 02:30 – 09:00 (UTC+01:00)" in words(second.text)


async def test_the_text_is_counted_while_it_is_typed(owner: PortalClient) -> None:
    counted = await owner.post(f"{COMPOSE}/text", {"body": "“Hi” " + "x" * 70, "coding": "auto"})
    text = words(counted.text)
    assert "75 characters 2 segments 59 left in this one UCS-2" in text
    assert '“ → " ” → "' in text
    assert "Segments of each message: 1 with the replacements, 2 without." in text
    assert 'hx-target="#handset"' in counted.text
    assert "comes twice" not in text
    name = draft_of(await kept(owner, FIELDS, "file", PEOPLE))
    filled = await owner.post(f"{COMPOSE}/text", {"body": "Hi {name}", "draft": name})
    assert "Hi Åsa" in filled.text
    assert "With the values of the first row." in filled.text


async def test_one_button_replaces_what_forces_ucs2(owner: PortalClient) -> None:
    name = draft_of(await kept(owner, {**FIELDS, "body": "“Hi…”"}, "replace"))
    form = await owner.get(f"{COMPOSE}/{name}")
    assert "&#34;Hi...&#34;</textarea>" in form.text


async def test_a_test_goes_to_one_number_with_the_first_values(
    portal: ServedPortal, owner: PortalClient
) -> None:
    name, review = await reviewed(owner, {**FIELDS, "body": "Hi {name}", "pasted": ""}, PEOPLE)
    fields = {"test_number": "+46 70 174 06 99", "test_key": hidden(review.text, "test_key")}
    for _ in range(2):
        tested = await owner.post(f"{COMPOSE}/{name}/test", fields)
        assert tested.headers["location"] == f"{COMPOSE}/{name}/review"
    async with portal.database.transaction() as tx:
        rows = await tx.fetch("SELECT recipient, body FROM message")
    assert [tuple(row) for row in rows] == [("46701740699", "Hi Åsa")]
    assert await count(portal, "SELECT count(*) FROM audit_entry WHERE action = 'batch.tested'") == 1
    assert (await send(owner, name, review)).status_code == 303
    assert await count(portal, "SELECT count(*) FROM batch") == 2


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        ("0701740605", "begins with 0"),
        ("", "there is no number"),
        ("4612", "Not a telephone number"),
    ],
)
async def test_a_test_to_no_number_is_refused_beside_the_field(
    portal: ServedPortal, owner: PortalClient, number: str, sentence: str
) -> None:
    name, _ = await reviewed(owner, FIELDS)
    refused = await owner.post(f"{COMPOSE}/{name}/test", {"test_number": number, "test_key": "k"})
    assert refused.status_code == 400
    assert sentence in words(refused.text)
    assert await count(portal, "SELECT count(*) FROM batch") == 0


async def test_refused_numbers_are_counted_and_told(portal: ServedPortal, owner: PortalClient) -> None:
    await owner.post("/portal/blacklist/add", {"msisdn": "46701740606"})
    _, review = await reviewed(owner, {**FIELDS, "pasted": f"{PHONE} 46701740606, 4612"})
    text = words(review.text)
    assert "Number is blocked" in text
    assert "Not a telephone number" in text
    assert "of 3 in all" in text
    assert "Send 1 message for" in text


async def test_a_batch_that_nobody_can_pay_is_not_offered(portal: ServedPortal, owner: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE balance SET amount = 0")
    _, review = await reviewed(owner, FIELDS)
    assert "The balance is too low" in review.text
    assert '/send"' not in review.text


async def test_a_batch_beyond_the_daily_cap_is_not_offered(portal: ServedPortal, owner: PortalClient) -> None:
    async with portal.database.transaction() as tx:
        await tx.execute("UPDATE account SET daily_cap = 1")
    _, review = await reviewed(owner, FIELDS)
    assert "The daily cap is reached" in review.text
    assert '/send"' not in review.text


async def test_nothing_is_lost_where_it_cannot_be_sent_just_now(
    portal: ServedPortal, owner: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, review = await reviewed(owner, FIELDS)

    async def refuse(*_: object) -> None:
        raise Unavailable("The queue is full.", 1.0)

    with monkeypatch.context() as patched:
        patched.setattr(portal.context.accept_batch, "accept", refuse)
        tested = await owner.post(f"{COMPOSE}/{name}/test", {"test_number": PHONE, "test_key": "k"})
        answer = await send(owner, name, review)
    assert (tested.status_code, answer.status_code) == (503, 503)
    assert f'value="{PHONE}"' in tested.text
    assert "Nothing is lost: try again in a moment." in answer.text
    assert (await send(owner, name, answer)).status_code == 303
    assert await count(portal, "SELECT count(*) FROM batch") == 1


async def test_every_step_speaks_swedish(owner: PortalClient) -> None:
    owner.http.headers["accept-language"] = "sv"
    _, refused = await reviewed(owner, {**FIELDS, "pasted": f"{PHONE}, 0701"})
    assert "Rader utan användbart nummer: 1." in words(refused.text)
    assert "Rad 1: 0701 börjar med 0" in words(refused.text)
    _, review = await reviewed(owner, FIELDS)
    assert "Skicka 1 meddelande för 0,35 SEK" in words(review.text).replace("\u00a0", " ")


async def test_previews_go_on_recipient_by_recipient(owner: PortalClient) -> None:
    rows = "".join(f"Name {n};{46_701_740_600 + n}\n" for n in range(8))
    name, review = await reviewed(
        owner, {**FIELDS, "body": "Hi {name}", "pasted": ""}, f"name;phone\n{rows}".encode()
    )
    assert "Hi Name 2" in review.text
    assert "Hi Name 3" not in review.text
    second = await owner.get(f"{COMPOSE}/{name}/preview?start=3")
    assert "Hi Name 3" in second.text
    assert "4 to 6 of 8" in words(second.text)
    last = await owner.get(f"{COMPOSE}/{name}/review?start=6")
    assert "7 to 8 of 8" in words(last.text)
    assert 'rel="next"' not in last.text
    for start in ("900", "-1", "x", "9" * 400):
        assert "1 to 3 of 8" in words((await owner.get(f"{COMPOSE}/{name}/preview?start={start}")).text)
        assert "1 to 3 of 8" in words((await owner.get(f"{COMPOSE}/{name}/review?start={start}")).text)
    await kept(owner, {**FIELDS, "draft": name, "pasted": "", "body": ""}, "remove_file")
    assert (await owner.get(f"{COMPOSE}/{name}/preview")).headers["location"] == f"{COMPOSE}/{name}/review"


async def test_labels_stand_for_their_contacts(portal: ServedPortal, owner: PortalClient) -> None:
    account_id, now = portal.started.account_id, utc_now()
    async with portal.database.transaction() as tx:
        for place in range(4):
            contact_id = bytes([place]) * 12
            await tx.execute(
                "INSERT INTO contact VALUES ($1, $2, $3, $4, '{}', $5, $5)",
                account_id,
                contact_id,
                f"4670174060{place}",
                f'{{"name": "Contact {place}"}}',
                now,
            )
            await tx.execute(
                "INSERT INTO contact_label VALUES ($1, $2, $3)", account_id, "Gold members", contact_id
            )
    assert "Gold members (4)" in (await owner.get(COMPOSE)).text
    name, review = await reviewed(
        owner, {**FIELDS, "pasted": "", "labels": ["Gold members"], "body": "Hi {name}"}
    )
    assert "of 4 in all" in words(review.text)
    assert "Hi Contact 0" in review.text
    assert "4 to 4 of 4" in words((await owner.get(f"{COMPOSE}/{name}/preview?start=3")).text)
    tested = await owner.post(f"{COMPOSE}/{name}/test", {"test_number": PHONE, "test_key": "k"})
    assert tested.status_code == 303
    assert (await send(owner, name, review)).status_code == 303
    assert await count(portal, "SELECT count(*) FROM message") == 5


async def test_what_hardly_is_meant_is_told(owner: PortalClient) -> None:
    file = b"name;phone\n;46701740605\nBo;46701740605\n"
    _, review = await reviewed(owner, {**FIELDS, "body": "{name} {nmae}", "pasted": ""}, file)
    text = words(review.text)
    assert "Recipients without a value for {name}: 1." in text
    assert "{nmae} names no column" in text
    assert "Numbers named more than once: 1." in text


async def test_drafts_belong_to_one_user_of_one_account(portal: ServedPortal, owner: PortalClient) -> None:
    name, review = await reviewed(owner, FIELDS)
    other_account = 2
    async with portal.database.transaction() as tx:
        await insert_account(tx, other_account)
    colleague = await portal.sign_in(Role.OWNER, name="Colleague")
    stranger = await portal.sign_in(Role.OWNER, account_id=other_account)
    absent = "0" * 24
    for secret in (colleague, stranger):
        async with portal.client(secret) as client:
            for path in ("", "/review", "/preview"):
                theirs = await client.get(f"{COMPOSE}/{name}{path}")
                none = await client.get(f"{COMPOSE}/{absent}{path}")
                assert theirs.status_code == none.status_code == 404
                assert theirs.text.replace(name, "") == none.text.replace(absent, "")
            for act in ("send", "test"):
                assert (await client.post(f"{COMPOSE}/{name}/{act}")).status_code == 404
            taken = await kept(client, {**FIELDS, "draft": name})
            assert draft_of(taken) != name
    assert (await send(owner, name, review)).status_code == 303
    assert (await owner.get(f"{COMPOSE}/nonsense")).status_code == 404


@pytest.mark.parametrize("role", [Role.READ_ONLY, Role.BILLING])
async def test_roles_that_may_not_send_are_refused(portal: ServedPortal, role: Role) -> None:
    async with portal.client(await portal.sign_in(role)) as client:
        assert (await client.get(COMPOSE)).status_code == 403
        assert (await kept(client, FIELDS)).status_code == 403
        assert (await client.post(f"{COMPOSE}/text", FIELDS)).status_code == 403
        assert (await client.post(f"{COMPOSE}/{'0' * 24}/send")).status_code == 403


async def test_drafts_are_dropped_after_a_day(portal: ServedPortal, owner: PortalClient) -> None:
    name = draft_of(await kept(owner, FIELDS, "file", PEOPLE))
    for hours, status in ((23, 200), (25, 404)):
        async with portal.database.transaction() as tx:
            begun = utc_now() - timedelta(hours=hours)
            await tx.execute("UPDATE portal_draft SET created_at = $1", begun)
        await KeepHouse(portal.database).step(utc_now())
        assert (await owner.get(f"{COMPOSE}/{name}")).status_code == status
    gone = await kept(owner, {**FIELDS, "draft": name, "has_file": "1"})
    assert gone.status_code == 400
    assert "The file is not kept any more. Choose it again." in gone.text


async def test_a_user_has_few_drafts(portal: ServedPortal, owner: PortalClient) -> None:
    first = draft_of(await kept(owner, FIELDS))
    for _ in range(20):
        await kept(owner, FIELDS)
    assert await count(portal, "SELECT count(*) FROM portal_draft") == 20
    assert (await owner.get(f"{COMPOSE}/{first}")).status_code == 404


async def test_what_strangers_wrote_is_only_shown(owner: PortalClient) -> None:
    canary = "<script>alert(1)</script>"
    file = f'phone;{canary}\n46701740605;"{canary}"\n'.encode()
    name = draft_of(await kept(owner, {**FIELDS, "body": canary}, "file", file))
    _, review = await reviewed(owner, {**FIELDS, "body": f"{{{canary}}}", "pasted": "", "draft": name})
    for text in ((await owner.get(f"{COMPOSE}/{name}")).text, review.text):
        assert canary not in text
        assert html.escape(canary) in text


def test_every_fault_is_said_in_every_language() -> None:
    for text in (*FAULTS.values(), *FLAWS.values()):
        assert text in catalog("sv")
    unknown = DraftFault("body", "odd", "The sentence of the rule.")
    assert fault_text(unknown, translator("sv")) == "The sentence of the rule."


async def test_characters_that_count_twice_are_named(owner: PortalClient) -> None:
    shown = words((await owner.post(f"{COMPOSE}/text", {**FIELDS, "body": "€€€[]"})).text)
    assert "5 characters, counted as 10" in shown
    assert "Count twice: [ ] €" in shown
    plain = words((await owner.post(f"{COMPOSE}/text", {**FIELDS, "body": "Hello"})).text)
    assert "5 characters" in plain
    assert "counted as" not in plain
    assert "Count twice" not in plain


@pytest.mark.parametrize("chosen", [{"labels": "gym", "pasted": ""}, {"pasted": "46701740600; Label:gym"}])
async def test_a_label_gives_values_to_count_with(owner: PortalClient, chosen: dict[str, str]) -> None:
    for number, name in (("46701740605", "Bo " + "x" * 90), ("46701740606", "Åsa")):
        fields = {"number": f"+{number}", "properties": f"Namn: {name}\nOrt: Lund", "labels": "gym"}
        assert (await owner.post("/portal/contacts/new", fields)).status_code == 303
    fields = {**FIELDS, **chosen, "body": "Hej {Namn}! {Nothing} " + "x" * 60}
    shown = (await owner.post(f"{COMPOSE}/text", fields)).text
    assert "Bo xxx" in shown, "the telephone shows what the first contact gets"
    assert "2 segments" in words(shown)
    assert "With the values of the first contact" in shown
    assert 'data-insert="{Namn}"' in shown
    assert 'data-insert="{Ort}"' in shown
    assert "{Nothing} has no value" in words(shown)
    assert "phoneNumber" not in shown
    _, review = await reviewed(owner, {**fields, "body": "Hej {Namn}!"})
    assert "Hej Åsa!" in review.text
