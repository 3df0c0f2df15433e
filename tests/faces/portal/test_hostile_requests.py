"""Requests that no page of ours sends: too large, too many fields, made to take long or to fail."""

import base64
import json
import time
import zlib
from typing import Any

import pytest
from structlog.testing import capture_logs

from heliograph.domain.password_rules import normal_password
from heliograph.faces.portal.csv_downloads import guarded
from tests.support.served_portal import CSRF, PortalClient, ServedPortal


async def test_strangers_send_no_large_forms(portal: ServedPortal) -> None:
    async with portal.client(None) as visitor:
        for path in ("/portal/sign-in", "/portal/sign-in/second-step", "/portal/language"):
            refused = await visitor.post(path, {"email": "x" * 70_000})
            assert (refused.status_code, "more than the portal takes" in refused.text) == (413, True)


async def test_only_forms_with_files_may_be_long(owner: PortalClient) -> None:
    long = "x" * 300_000
    assert (await owner.post("/portal/contacts/new", {"properties": long})).status_code == 413
    kept = await owner.post("/portal/compose", {"pasted": "46701740605\n" * 30_000, "body": "x"})
    assert kept.status_code == 303


async def test_a_form_of_countless_fields_is_refused_before_it_is_read(owner: PortalClient) -> None:
    many = "&".join(f"opens-{place}=" for place in range(5_000))
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    refused = await owner.http.post("/portal/compose", content=f"csrf={CSRF}&{many}", headers=headers)
    assert refused.status_code == 400


async def test_no_form_stays_in_memory(owner: PortalClient) -> None:
    from litestar._parsers import parse_url_encoded_form_data

    before = parse_url_encoded_form_data.cache_info().currsize
    await owner.post("/portal/me/confirm", {"current": "the password of somebody"})
    assert parse_url_encoded_form_data.cache_info().currsize == before


@pytest.mark.parametrize("field", ["email", "password"])
async def test_accents_without_end_take_no_time(portal: ServedPortal, field: str) -> None:
    fields: dict[str, Any] = {"email": "kim@example.com", "password": "x"}
    fields[field] = "a" + "\u0301\u0316" * 4_000
    async with portal.client(None) as visitor:
        await visitor.post("/portal/sign-in", {"email": "kim@example.com", "password": "x"})
        began = time.process_time()
        assert (await visitor.post("/portal/sign-in", fields)).status_code == 400
        assert time.process_time() - began < 0.5
    endless = "a" + "\u0301\u0316" * 100_000
    assert normal_password(endless) == endless


async def test_a_host_or_origin_that_cannot_be_read_is_refused(portal: ServedPortal) -> None:
    with capture_logs() as logs:
        async with portal.client(None) as visitor:
            refused = await visitor.get("/portal/sign-in", headers={"host": "["})
            assert refused.status_code == 403
            form = {"csrf": await visitor.token()}
            for origin in ("http://[", "null", "http://evil.example", "https://127.0.0.1:8080", ""):
                forged = await visitor.http.post("/portal/sign-out", data=form, headers={"origin": origin})
                assert forged.status_code == 403, origin
            own = {"origin": "http://127.0.0.1:8080"}
            ours = await visitor.http.post("/portal/sign-out", data=form, headers=own)
            assert ours.status_code == 303
    assert logs == []


async def test_a_table_that_no_file_of_ours_makes_is_not_imported(owner: PortalClient) -> None:
    def packed(columns: int) -> str:
        table = {
            "columns": [f"c{each}" for each in range(columns)],
            "rows": [["46701740605"] * columns],
            "lines": [1],
            "number_column": 0,
        }
        return base64.b64encode(zlib.compress(json.dumps(table).encode())).decode()

    run = "/portal/contacts/import/run"
    for table, column in (
        (packed(5_000), "0"),
        (packed(2), "9" * 5_000),
        (base64.b64encode(zlib.compress(b"[" * 100_000_000)).decode(), "0"),
        (base64.b64encode(zlib.compress(b"[" * 1_000_000)).decode(), "0"),
    ):
        refused = await owner.post(run, {"table": table, "column": column})
        assert (refused.status_code, "Choose the file again." in refused.text) == (400, True)
    assert (await owner.post(run, {"table": packed(2), "column": "0"})).status_code == 200


def test_no_cell_of_a_file_is_a_formula() -> None:
    for cell in ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\uff1d1"):
        assert guarded(cell) == f"'{cell}"
    assert guarded(-1) == "-1"


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("Paid;=1+2;x", "Paid;'=1+2;x"),
        (";=1", ";'=1"),
        ('hi; "=HYPERLINK(1)', "hi; \"'=HYPERLINK(1)"),
        ("a\t@SUM(1)", "a\t'@SUM(1)"),
        ("x\r\n=1", "x\r\n'=1"),
        ("x\n \uff0b1", "x\n '\uff0b1"),
        ("See you; at 9 - or 10", "See you; at 9 - or 10"),
    ],
)
def test_no_part_of_a_cell_is_a_formula_where_semicolons_part_cells(cell: str, safe: str) -> None:
    assert guarded(cell) == safe
