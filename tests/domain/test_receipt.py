"""Receipts: what a carrier's word means, and that their order never matters."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain import status
from heliograph.domain.carrier_profile import CarrierProfile
from heliograph.domain.receipt import Rank, Reading, code_of, is_final, is_known, merge, message_rank, read

ranks = st.sampled_from(Rank)


@pytest.mark.parametrize(
    ("stat", "rank", "code"),
    [
        ("DELIVRD", Rank.DELIVERED, 201),
        ("delivrd", Rank.DELIVERED, 201),
        ("ACCEPTD", Rank.ENROUTE, 112),
        ("ENROUTE", Rank.ENROUTE, 112),
        ("ACKED", Rank.ENROUTE, 112),
        ("BUFFRED", Rank.ENROUTE, 112),
        ("BUFFERD", Rank.ENROUTE, 112),
        ("EXPIRED", Rank.EXPIRED, 202),
        ("DELETED", Rank.DELETED, 500),
        ("UNDELIV", Rank.UNDELIV, 501),
        ("REJECTD", Rank.REJECTD, 406),
        ("UNKNOWN", Rank.UNKNOWN, 599),
        ("MARTIAN", Rank.ENROUTE, 112),
    ],
)
def test_each_stat_has_its_rank_and_code(stat: str, rank: Rank, code: int) -> None:
    assert read(stat) == Reading(rank, code)
    assert is_known(stat, None) == (stat != "MARTIAN")


@pytest.mark.parametrize(
    ("message_state", "rank"),
    [
        (0, Rank.ENROUTE),
        (1, Rank.ENROUTE),
        (2, Rank.DELIVERED),
        (3, Rank.EXPIRED),
        (4, Rank.DELETED),
        (5, Rank.UNDELIV),
        (6, Rank.ENROUTE),
        (7, Rank.UNKNOWN),
        (8, Rank.REJECTD),
        (77, Rank.ENROUTE),
    ],
)
def test_each_message_state_has_its_rank(message_state: int, rank: Rank) -> None:
    reading = read(None, message_state)
    assert reading is not None
    assert reading.rank is rank
    assert is_known(None, message_state) == (message_state != 77)


def test_the_tlv_is_more_authoritative_than_the_text_but_an_unknown_one_is_not() -> None:
    assert read("ENROUTE", 2) == Reading(Rank.DELIVERED, 201)
    assert read("DELIVRD", 77) == Reading(Rank.DELIVERED, 201)


@pytest.mark.parametrize("stat", [None, "", " \0"])
def test_a_receipt_without_any_state_means_nothing(stat: str | None) -> None:
    assert read(stat) is None
    assert not is_known(stat, None)


def test_a_carrier_may_use_words_of_its_own() -> None:
    profile = CarrierProfile(stat_overrides={"FAILED": "UNDELIV", "DELIVRD": "ENROUTE"})
    assert read("failed", None, None, profile) == Reading(Rank.UNDELIV, 501)
    assert read("DELIVRD", 2, None, profile) == Reading(Rank.ENROUTE, 112)
    assert is_known("FAILED", None, profile)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("001", 512),
        ("005", 512),
        ("006", 511),
        ("009", 513),
        ("011", 515),
        ("013", 513),
        ("021", 515),
        ("027", 511),
        ("031", 514),
        ("032", 514),
        ("033", 511),
        ("034", 516),
        ("1", 512),
        ("000", 501),
        ("999", 501),
        ("E42", 501),
        ("٠٠١", 501),
        ("123456789", 501),
        ("", 501),
        (None, 501),
    ],
)
def test_the_error_of_an_undelivered_one_tells_why(error: str | None, code: int) -> None:
    assert read("UNDELIV", 5, error) == Reading(Rank.UNDELIV, code)
    assert code_of(Rank.EXPIRED, error) == 202


def test_a_carrier_may_have_an_error_table_of_its_own_or_none() -> None:
    assert read("UNDELIV", None, "E42", CarrierProfile(error_codes={"E42": 511})) == Reading(
        Rank.UNDELIV, 511
    )
    assert read("UNDELIV", None, "001", CarrierProfile(error_codes={})) == Reading(Rank.UNDELIV, 501)


@pytest.mark.parametrize(
    ("rank", "code"),
    [
        (Rank.NONE, 103),
        (Rank.IN_DOUBT, 110),
        (Rank.OK, 111),
        (Rank.ENROUTE, 112),
        (Rank.UNKNOWN, 599),
        (Rank.EXPIRED, 202),
        (Rank.DELETED, 500),
        (Rank.UNDELIV, 501),
        (Rank.REJECTD, 406),
        (Rank.DELIVERED, 201),
    ],
)
def test_each_rank_has_its_code_and_both_agree_on_what_is_final(rank: Rank, code: int) -> None:
    assert code_of(rank) == code
    assert is_final(rank) == status.is_final(code)


@given(ranks, ranks, ranks)
def test_merging_is_a_join(one: Rank, two: Rank, three: Rank) -> None:
    assert merge(one, two) is merge(two, one)
    assert merge(one, merge(two, three)) is merge(merge(one, two), three)
    assert merge(one, one) is one
    assert merge(Rank.NONE, one) is one


@given(st.lists(st.tuples(st.integers(0, 3), ranks), max_size=12), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_of_events_ends_the_same(
    events: list[tuple[int, Rank]], draw: Random
) -> None:
    def end_of(sequence: list[tuple[int, Rank]]) -> tuple[Rank, Rank]:
        segments = [Rank.NONE] * 4
        for segment, rank in sequence:
            segments[segment] = merge(segments[segment], rank)
        return message_rank(segments), max(segments)

    shuffled = [*events, *events[:3]]
    draw.shuffle(shuffled)
    assert end_of(shuffled) == end_of(events)


@given(st.lists(st.builds(Reading, ranks, st.sampled_from([501, 511, 512])), min_size=1, max_size=5))
def test_readings_of_one_segment_join_whatever_their_order(readings: list[Reading]) -> None:
    assert len({max(order) for order in itertools.permutations(readings)}) == 1


@pytest.mark.parametrize(
    ("segments", "rank"),
    [
        ([Rank.DELIVERED], Rank.DELIVERED),
        ([Rank.DELIVERED, Rank.DELIVERED], Rank.DELIVERED),
        ([Rank.DELIVERED, Rank.ENROUTE], Rank.ENROUTE),
        ([Rank.DELIVERED, Rank.OK], Rank.OK),
        ([Rank.OK, Rank.IN_DOUBT], Rank.IN_DOUBT),
        ([Rank.OK, Rank.NONE], Rank.NONE),
        ([Rank.UNDELIV, Rank.DELIVERED], Rank.UNDELIV),
        ([Rank.UNDELIV, Rank.NONE], Rank.UNDELIV),
        ([Rank.UNKNOWN, Rank.OK], Rank.UNKNOWN),
        ([Rank.UNKNOWN, Rank.EXPIRED], Rank.EXPIRED),
        ([Rank.REJECTD, Rank.UNDELIV, Rank.EXPIRED], Rank.REJECTD),
    ],
)
def test_a_message_is_the_least_of_its_segments_failures_first(segments: list[Rank], rank: Rank) -> None:
    assert message_rank(segments) is rank
    assert message_rank(bytes(segments)) is rank


@given(st.lists(ranks, min_size=1, max_size=6), ranks)
def test_a_message_falls_back_only_when_a_failed_segment_turns_out_delivered(
    segments: list[Rank], event: Rank
) -> None:
    before = message_rank(segments)
    after = message_rank([merge(segments[0], event), *segments[1:]])
    assert after >= before or (event is Rank.DELIVERED and Rank.UNKNOWN <= segments[0] <= Rank.REJECTD)


@given(ranks)
def test_a_single_segment_is_its_message(rank: Rank) -> None:
    assert message_rank([rank]) is rank
