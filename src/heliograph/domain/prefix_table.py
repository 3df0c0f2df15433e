"""Longest-prefix look-up of phone numbers: what prices and routes have in common."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

Value = TypeVar("Value")


class PrefixTable(Generic[Value]):
    """Values by prefix; the longest prefix of a number wins. The empty prefix matches every number."""

    __slots__ = ("_lengths", "_longest", "_values")

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = dict(values)
        self._lengths = tuple(sorted({len(prefix) for prefix in values}, reverse=True))
        self._longest = self._lengths[0] if self._lengths else 0

    def find(self, msisdn: str) -> Value | None:
        """The value of the longest prefix of a number; None when none matches."""
        for length in self._lengths:
            if (value := self._values.get(msisdn[:length])) is not None:
                return value
        return None

    def find_all(self, msisdns: Sequence[str]) -> list[Value | None]:
        """The value of each number, in their order; numbers that begin alike are looked up once."""
        if not self._longest:
            return [self._values.get("")] * len(msisdns)
        size = self._longest
        heads = [msisdn[:size] for msisdn in msisdns]
        found = {head: self.find(head) for head in set(heads)}
        return [found[head] for head in heads]
