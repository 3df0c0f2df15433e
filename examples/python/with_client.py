"""Sends one message with heliograph.client, receives and verifies its reports, and waits for the end."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from heliograph.client import DeliveryReport, Heliograph, WebhookRefused, verify_webhook

SECRET = os.environ["WEBHOOK_SECRET"]
reports: list[DeliveryReport] = []


class Receiver(BaseHTTPRequestHandler):
    """Takes reports that are genuine."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            report = verify_webhook(body, dict(self.headers), SECRET)
        except WebhookRefused as refused:
            self.send_error(400, str(refused))
            return
        reports.append(report)
        print(f"report {report.code}", flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(recipient: str) -> None:
    """Send, receive until the final report, wait for the batch."""
    with HTTPServer(("127.0.0.1", 0), Receiver) as server, Heliograph() as sms:
        url = f"http://127.0.0.1:{server.server_port}/reports"
        batch = sms.send("iP1", [recipient], "Hello from Python", datacoding="gsm", delivery_report_url=url)
        print(f"sent {batch.id}", flush=True)
        while not (reports and reports[-1].is_final):
            server.handle_request()
        finished = sms.wait(batch.id)
        (message,) = sms.list_messages(batch.id)
        print(f"finished {finished.id}: {message.code}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "46701740605")
