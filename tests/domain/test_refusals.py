"""How we say no."""

import pytest

from heliograph.domain import refusals
from heliograph.domain.refusals import InvalidRequest, Refusal, RefusedError, TooManyRequests, Unavailable


def test_an_invalid_request_shows_its_sentences_by_field() -> None:
    refused = InvalidRequest(
        [
            Refusal("tags[0]", "blank", "One."),
            Refusal("body", "required", "Two."),
            Refusal("tags[0]", "x", "Three."),
        ]
    )
    assert refused.by_field() == {"tags[0]": ["One.", "Three."], "body": ["Two."]}
    assert str(refused) == "One or more fields of the request are not valid."


def test_every_refusal_of_a_call_has_a_code_of_its_own() -> None:
    kinds = [kind for kind in RefusedError.__subclasses__() if kind.__module__ == refusals.__name__]
    assert len({kind.code for kind in kinds}) == len(kinds) == 10


@pytest.mark.parametrize("kind", [TooManyRequests, Unavailable])
def test_a_refusal_for_now_says_when_to_come_back(kind: type[TooManyRequests] | type[Unavailable]) -> None:
    refused = kind("Come back later.", 1.5)
    assert refused.retry_after == 1.5
    assert refused.sentence == "Come back later."
