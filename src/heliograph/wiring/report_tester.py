"""What sends test reports, for the faces of an installation."""

from collections.abc import Callable

from heliograph.outbound_http import OutboundHttp, OutboundLimits
from heliograph.services.send_test_report import SendTestReport
from heliograph.settings import Settings
from heliograph.storage.database import Database
from heliograph.wiring.parts import utc_now


def report_tester(settings: Settings, database: Database, unseal: Callable[[bytes], str]) -> SendTestReport:
    """Its client is made for each test, since few processes ever send one."""
    reports, loopback_allowed = settings.reports, settings.loopback_reports_allowed

    def open_http() -> OutboundHttp:
        return OutboundHttp(
            loopback_allowed=loopback_allowed,
            limits=OutboundLimits(
                connect=reports.connect_seconds,
                request=reports.request_seconds,
                answer_octets=reports.max_answer_bytes,
                connections_per_origin=1,
            ),
        )

    return SendTestReport(database, open_http, unseal=unseal, now=utc_now, loopback_allowed=loopback_allowed)
