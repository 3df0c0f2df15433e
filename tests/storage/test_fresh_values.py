"""Values kept for a few seconds: how fresh, how many, and one load at a time."""

import asyncio

import pytest

from heliograph.storage.fresh_values import FreshValues


class Source:
    """What the values are read from; counts the reads."""

    def __init__(self, **values: int) -> None:
        self.values = values
        self.seconds = 0.0
        self.loads: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def clock(self) -> float:
        return self.seconds

    async def load(self, key: str) -> int | None:
        self.loads.append(key)
        await self.gate.wait()
        if self.values.get(key) == 0:
            raise OSError("gone")
        return self.values.get(key)


async def test_a_value_is_read_again_after_its_time() -> None:
    source = Source(a=1)
    kept = FreshValues(source.load, seconds=2, clock=source.clock)
    assert await kept.get("a") == 1
    source.values["a"] = 2
    source.seconds = 1.9
    assert (await kept.get("a"), kept.peek("a")) == (1, 1)
    source.seconds = 2.0
    assert kept.peek("a") is None
    assert await kept.get("a") == 2


async def test_age_counts_from_the_beginning_of_the_load() -> None:
    source = Source(a=1)
    source.gate.clear()
    kept = FreshValues(source.load, seconds=2, clock=source.clock)
    loading = asyncio.create_task(kept.get("a"))
    while not source.loads:
        await asyncio.sleep(0)
    source.seconds = 1.5
    source.gate.set()
    assert await loading == 1
    source.seconds = 2.0
    assert kept.peek("a") is None


async def test_those_who_ask_at_once_share_one_load() -> None:
    source = Source(a=1)
    kept = FreshValues(source.load, seconds=2, clock=source.clock)
    assert await asyncio.gather(*[kept.get("a") for _ in range(10)]) == [1] * 10
    assert source.loads == ["a"]


async def test_one_who_gives_up_does_not_take_the_load_from_the_others() -> None:
    source = Source(a=1)
    source.gate.clear()
    kept = FreshValues(source.load, seconds=2, clock=source.clock)
    first, second = (asyncio.create_task(kept.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    source.gate.set()
    assert await second == 1
    assert source.loads == ["a"]


async def test_what_does_not_exist_is_remembered_for_as_long() -> None:
    source = Source()
    kept = FreshValues(source.load, seconds=2, clock=source.clock)
    assert await kept.get("x") is None
    assert await kept.get("x") is None
    assert source.loads == ["x"]
    assert kept.is_known_absent("x")
    source.seconds = 2.0
    source.values["x"] = 1
    assert await kept.get("x") == 1


async def test_made_up_keys_push_no_value_out() -> None:
    source = Source(a=1, b=2, c=3)
    kept = FreshValues(source.load, seconds=2, limit=2, absent_limit=2, clock=source.clock)
    for key in ("a", "b", "x", "y", "z"):
        await kept.get(key)
    assert (kept.peek("a"), kept.peek("b")) == (1, 2)
    assert not kept.is_known_absent("x")
    assert kept.is_known_absent("z")
    await kept.get("c")
    assert (kept.peek("a"), kept.peek("c")) == (None, 3)


async def test_a_failed_load_is_told_and_not_remembered() -> None:
    source = Source(a=0)
    kept = FreshValues(source.load, seconds=2, clock=source.clock)
    with pytest.raises(OSError, match="gone"):
        await kept.get("a")
    source.values["a"] = 1
    assert await kept.get("a") == 1


async def test_a_forgotten_value_is_read_again() -> None:
    source = Source(a=1)
    kept = FreshValues(source.load, seconds=2, clock=source.clock)
    await kept.get("a")
    kept.forget("a")
    await kept.get("a")
    assert source.loads == ["a", "a"]
