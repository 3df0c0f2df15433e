"""The keeper process: windows, what got no final word, texts to erase, and the chores of the house."""

import asyncio
import os
import random
from datetime import timedelta
from typing import Final

from heliograph.domain.retention import ErasedNumbers
from heliograph.loop import run_loop
from heliograph.secret_key import load_secret_key
from heliograph.services.close_unreported import CloseUnreported
from heliograph.services.count_traffic import CountTraffic
from heliograph.services.erase_texts import EraseTexts
from heliograph.services.fill_conversations import FillConversations
from heliograph.services.keep_house import KeepHouse
from heliograph.services.release_lots import ReleaseLots
from heliograph.services.resend_doubtful import ResendDoubtful
from heliograph.services.send_mail import SendMail
from heliograph.services.take_incoming import ReleaseIncomplete
from heliograph.services.watch_margins import WatchMargins
from heliograph.supervisor import report_ready
from heliograph.wiring.mail_parts import mail_post
from heliograph.wiring.parts import Parts, on_the_clock, run_together

HOUSE_SECONDS: Final = 60.0
CONVERSATION_SECONDS: Final = 20.0
TRAFFIC_SECONDS: Final = 20.0
MAIL_SECONDS: Final = 2.0
"""How long a mail waits on average, twice."""
ERASURE_SECONDS: Final = 60.0
MARGIN_SECONDS: Final = 60.0


async def run_keeper(parts: Parts, dsn: str, stop: asyncio.Event) -> None:
    """Open and close windows, close what got no final word, keep house."""
    settings = parts.settings
    release = ReleaseLots(
        parts.database,
        parts.ids,
        receipt_wait=timedelta(hours=settings.receipts.wait_hours),
        on_released=parts.wake_dispatchers,
    )
    close = CloseUnreported(parts.database, parts.ids)
    resend = ResendDoubtful(parts.database, parts.ids)
    incomplete = ReleaseIncomplete(parts.database, parts.take_incoming())
    retention_days = settings.accounts.retention_days
    house = KeepHouse(parts.database, event_days=settings.reports.event_days, retention_days=retention_days)
    erase = EraseTexts(parts.database, ErasedNumbers(load_secret_key(settings)), default_days=retention_days)
    conversations = FillConversations(parts.database)
    traffic = CountTraffic(parts.database)
    post = mail_post(settings)
    mail = SendMail(
        parts.database,
        post,
        parts.sealer,
        site=settings.public_url,
        random_bytes=os.urandom,
        draw=random.random,
    )
    margins = WatchMargins(parts.database, least_percent=settings.keeper.least_margin_percent)
    poll = settings.keeper.poll_seconds

    report_ready()
    await run_together(
        run_loop(on_the_clock(release.step), name="release lots", stop=stop, poll_seconds=poll),
        run_loop(on_the_clock(close.step), name="close unreported", stop=stop, poll_seconds=poll),
        run_loop(on_the_clock(resend.step), name="resend doubtful", stop=stop, poll_seconds=poll),
        run_loop(on_the_clock(incomplete.step), name="release incomplete", stop=stop, poll_seconds=poll),
        run_loop(
            on_the_clock(conversations.step),
            name="fill conversations",
            stop=stop,
            poll_seconds=CONVERSATION_SECONDS,
        ),
        run_loop(on_the_clock(traffic.step), name="count traffic", stop=stop, poll_seconds=TRAFFIC_SECONDS),
        run_loop(
            on_the_clock(mail.step),
            name="send mail",
            stop=stop,
            poll_seconds=MAIL_SECONDS if post else HOUSE_SECONDS,
        ),
        run_loop(on_the_clock(erase.step), name="erase texts", stop=stop, poll_seconds=ERASURE_SECONDS),
        run_loop(on_the_clock(margins.step), name="watch margins", stop=stop, poll_seconds=MARGIN_SECONDS),
        run_loop(on_the_clock(house.step), name="keep house", stop=stop, poll_seconds=HOUSE_SECONDS),
    )
