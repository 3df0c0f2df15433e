"""The most that an account may spend in a day. Days are those of UTC."""

from datetime import UTC, date, datetime, time

from heliograph.domain.pricing import as_text


def day_of(now: datetime) -> date:
    """The day whose spending counts at ``now``."""
    return now.astimezone(UTC).date()


def start_of(day: date) -> datetime:
    """The first moment of a day."""
    return datetime.combine(day, time(), UTC)


def cap_warning(cap: int, currency: str) -> str:
    """What is said in the answer to a batch that would pass the cap."""
    return (
        f"The account may spend {as_text(cap)} {currency} a day, and this batch would pass that: none of its "
        "messages is sent. The next day begins at 00:00 UTC."
    )
