"""Requests that no page of ours sends: too large, too many fields, made to take long or to fail."""

import time
from typing import Any

import pytest

from heliograph.domain.password_rules import normal_password
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
