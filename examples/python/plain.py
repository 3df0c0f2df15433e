"""The same with nothing but Python: how it looks without heliograph.client."""

import base64
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

URL = os.environ["HELIOGRAPH_URL"]
KEY = os.environ["HELIOGRAPH_KEY"]
SECRET = os.environ["WEBHOOK_SECRET"]
reports: list[dict[str, Any]] = []


def ask(path: str, body: object = None, idempotency_key: str | None = None) -> Any:
    """One request; a send is repeated with its key until there is an answer."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    if idempotency_key:
        headers["Idempotency-Key"] = idempotency_key
    data = None if body is None else json.dumps(body).encode()
    for pause in (0.5, 1, 2, 4, 8, None):
        request = urllib.request.Request(URL + path, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code not in (429, 503) or pause is None:
                raise SystemExit(f"{refused.code}: {refused.read().decode()}") from None
            time.sleep(float(refused.headers.get("Retry-After", pause)))
        except urllib.error.URLError:
            if pause is None:
                raise
            time.sleep(pause)


def is_genuine(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether a webhook is signed with our secret and not older than five minutes (Standard Webhooks)."""
    headers = {name.lower(): value for name, value in headers.items()}
    webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > 300:
        return False
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, "sha256"))
    received = headers.get("webhook-signature", "").encode().split()
    return any([hmac.compare_digest(expected, signature) for signature in received])


class Receiver(BaseHTTPRequestHandler):
    """Takes reports that are genuine."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not is_genuine(body, dict(self.headers)):
            self.send_error(400)
            return
        reports.append(json.loads(body))
        print(f"report {reports[-1]['code']}", flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main(recipient: str) -> None:
    """Send, receive until the final report, wait for the batch."""
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        order = {
            "sender": "iP1",
            "recipients": [recipient],
            "body": "Hello from Python",
            "datacoding": "gsm",
            "deliveryReportUrl": f"http://127.0.0.1:{server.server_port}/reports",
        }
        batch = ask("/v2/batches", order, idempotency_key=secrets.token_hex(16))
        print(f"sent {batch['id']}", flush=True)
        while not (reports and reports[-1]["duration"] == 1):
            server.handle_request()
    while (batch := ask(f"/v2/batches/{batch['id']}"))["status"] != 112:
        time.sleep(0.5)
    (code,) = batch["messageSummary"]
    print(f"finished {batch['id']}: {code}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "46701740605")
