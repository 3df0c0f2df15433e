"""What browsers tell of pages that break the security policy: counted, shown to operators, bounded."""

import asyncio

import msgspec
from playwright.async_api import Browser, Route
from structlog.testing import capture_logs

from heliograph.faces.portal.policy_reports import AT_ONCE, PolicyReports
from tests.support.accepting import utc_now
from tests.support.served_portal import PortalClient, ServedPortal, opened_page, served_portal

REPORTS = "/portal/csp-report"
FOREIGN = "<script>window.canary=1</script><img src=x onerror='window.canary=1'><p style='color:red'>4</p>"
HEALTH = "/portal/operator/health"


async def test_a_page_in_which_something_was_not_escaped_is_counted_and_runs_nothing(
    portal: ServedPortal, browser: Browser, operator: PortalClient
) -> None:
    async def forget_to_escape(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(
            response=answer, body=(await answer.text()).replace("</main>", f"{FOREIGN}</main>")
        )

    assert "No browser has reported anything" in (await operator.get(HEALTH)).text
    secret, reports = await portal.sign_in(), portal.context.policy_reports
    with capture_logs() as logs:
        async with portal.on_a_socket() as address, opened_page(browser, address, secret) as watched:
            await watched.page.goto("/portal/senders")
            assert reports.count == 0
            await watched.page.route("**/portal/keys", forget_to_escape)
            await watched.page.goto("/portal/keys")
            async with asyncio.timeout(60):
                while reports.count < 3:
                    await asyncio.sleep(0.05)
            assert await watched.page.evaluate("window.canary") is None
            assert any("Content Security Policy" in fault for fault in watched.faults)
    told = [each for each in logs if each["event"] == "portal.policy_violation"]
    assert {each["page"] for each in told} == {"/portal/keys"}
    assert {each["rule"].partition("-")[0] for each in told} == {"script", "style"}
    shown = (await operator.get(HEALTH)).text
    assert f"Reported since this process began: {reports.count}." in shown


async def test_more_than_a_person_could_cause_is_neither_read_nor_logged(database: str) -> None:
    reports = PolicyReports(clock=lambda: 0.0)
    body = msgspec.json.encode({"csp-report": {"document-uri": "http://x/portal/keys"}})
    with capture_logs() as logs:
        async with served_portal(database, policy_reports=reports) as portal, portal.client(None) as visitor:
            statuses = [
                (await visitor.http.post(REPORTS, content=body)).status_code for _ in range(int(AT_ONCE) + 3)
            ]
    assert statuses == [204] * int(AT_ONCE) + [429] * 3
    assert (reports.count, reports.passed_over, len(logs)) == (AT_ONCE, 3, AT_ONCE)


def test_a_second_later_one_more_is_read() -> None:
    now = [0.0]
    reports = PolicyReports(clock=lambda: now[0])
    while reports.may_read():
        reports.add(utc_now())
    assert (reports.count, reports.passed_over) == (AT_ONCE, 1)
    now[0] = 1.0
    assert (reports.may_read(), reports.may_read()) == (True, False)
