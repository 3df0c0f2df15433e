"""Logs and counters: configured once, the same everywhere, without personal data.

Events have fixed names (`carrier.throttled`), everything that varies is a field. Texts, numbers and secrets
of people are never given to the log; a processor drops them should it happen all the same. Nothing is
logged for each message: what happens thousands of times a second is a counter.
"""

import contextlib
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

NEVER_LOGGED = frozenset(
    {
        *("body", "text", "recipient", "recipients", "msisdn", "number", "phone", "variables", "template"),
        *("token", "key", "api_key", "secret", "secret_key", "password", "authorization", "cookie"),
        *("dsn", "database_url", "pdu", "pdus", "payload", "request_body"),
    }
)
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class StderrLogger:
    """Writes lines to whatever stderr is now. A line that cannot be written never stops the work."""

    def msg(self, message: str) -> None:
        """Write a line."""
        with contextlib.suppress(OSError, ValueError):
            print(message, file=sys.stderr, flush=True)  # noqa: T201 - this is where logs go

    debug = info = warning = warn = error = critical = fatal = failure = err = exception = log = msg


def configure_logging(*, level: str = "info", as_json: bool = True, **bound: object) -> None:
    """Set up structlog for this process; ``bound`` (role, machine) goes into every line, on stderr."""
    renderer: Callable[..., str | bytes] = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_private_fields,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: StderrLogger(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**bound)


def drop_private_fields(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor that removes fields which must never be logged, and names them."""
    private = sorted(NEVER_LOGGED.intersection(name.lower() for name in event))
    if private:
        for name in [name for name in event if name.lower() in NEVER_LOGGED]:
            del event[name]
        event["dropped_fields"] = private
    return event


def describe_error(error: BaseException) -> str:
    """An error for the log: its kind and where it arose, without its text, which may quote a message."""
    state = getattr(error, "sqlstate", None)
    kind = f"{type(error).__name__} {state}" if state else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "heliograph" in frame.filename] or list(frames)
    if not ours:
        return kind
    return f"{kind} at {ours[-1].filename.rpartition('heliograph/')[2]}:{ours[-1].lineno}"


class Counters(Collector):
    """Plain integers that the code raises, and functions that are asked, when somebody scrapes.

    Raising a counter costs one dictionary entry: ``counters.add("messages_submitted")``. Gauges are
    functions, called at the scrape only.
    """

    def __init__(self, *, namespace: str = "heliograph") -> None:
        self._namespace = namespace
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        self._gauges: dict[str, Callable[[], float]] = {}

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Raise a counter; labels name carriers or outcomes, never people."""
        key = (name, tuple(sorted(labels.items())))
        self._values[key] = self._values.get(key, 0) + amount

    def value(self, name: str, **labels: str) -> float:
        return self._values.get((name, tuple(sorted(labels.items()))), 0)

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Report what ``read`` returns at each scrape."""
        self._gauges[name] = read

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily] = {}
        for (name, labels), value in sorted(self._values.items()):
            family = families.get(name)
            if family is None:
                names = [label for label, _ in labels]
                family = CounterMetricFamily(f"{self._namespace}_{name}", name, labels=names)
                families[name] = family
            family.add_metric([text for _, text in labels], value)
        yield from families.values()
        for name, read in sorted(self._gauges.items()):
            yield GaugeMetricFamily(f"{self._namespace}_{name}", name, value=read())


def exposition(collectors: Iterable[Collector]) -> bytes:
    """What GET /metrics answers: the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)
