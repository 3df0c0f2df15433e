"""A carrier's differences as data: ids that meet again, and clear words about a wrong profile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.carrier_profile import (
    DEFAULT_PROFILE,
    CarrierProfile,
    ProfileError,
    ReceiptIds,
    StatusRule,
    TypeOfAddress,
    load_profile,
)
from heliograph.domain.sender import SenderKind


def test_an_empty_profile_differs_in_nothing() -> None:
    assert load_profile({}) == DEFAULT_PROFILE == CarrierProfile()
    assert DEFAULT_PROFILE.window == 10
    assert DEFAULT_PROFILE.enquire_link_seconds == 30
    assert DEFAULT_PROFILE.response_seconds == 60


def test_a_full_profile_is_read() -> None:
    profile = load_profile(
        {
            "window": 100,
            "tps": 250,
            "receipt_ids": "resp_hex_dlr_dec",
            "sender_types": {"short_code": {"ton": 6, "npi": 0}},
            "status_overrides": {"0x45": {"class": "PERM"}, "1025": {"class": "RETRY", "delays": [5]}},
            "stat_overrides": {"failed": "UNDELIV"},
            "error_codes": {"042": 511},
            "deliver_failure": 0x64,
        }
    )
    assert profile.window == 100
    assert profile.sender_types == {SenderKind.SHORT_CODE: TypeOfAddress(6, 0)}
    assert profile.status_overrides == {
        0x45: StatusRule(kind="PERM"),
        1025: StatusRule(kind="RETRY", delays=(5.0,)),
    }
    assert profile.stat_overrides == {"FAILED": "UNDELIV"}
    assert profile.deliver_failure == 0x64


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({"window": 0}, "$.window"),
        ({"tps": "fast"}, "$.tps"),
        ({"wndow": 10}, "wndow"),
        ({"receipt_ids": "guess"}, "$.receipt_ids"),
        ({"status_overrides": {"0xZZ": {"class": "PERM"}}}, "'0xZZ' is no command_status"),
        ({"status_overrides": {"0x45": {"class": "MAYBE"}}}, "MAYBE"),
        ({"stat_overrides": {"FAILED": "LOST"}}, "LOST"),
        ({"status_overrides": 7}, "$.status_overrides"),
        ({"error_codes": {"1": 200}}, "$.error_codes"),
    ],
)
def test_a_wrong_profile_names_its_field(raw: dict[str, object], words: str) -> None:
    with pytest.raises(ProfileError) as refused:
        load_profile(raw)
    assert str(refused.value).startswith("carrier profile: ")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("form", "submitted", "receipted"),
    [
        (ReceiptIds.EXACT, "0A1b\0", " 0a1B "),
        (ReceiptIds.EXACT, "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000"),
        (ReceiptIds.STRIP_LEADING_ZEROS, "42", "0000000042"),
        (ReceiptIds.STRIP_LEADING_ZEROS, "0", "000"),
        (ReceiptIds.RESP_HEX_DLR_DEC, "1F", "31"),
        (ReceiptIds.RESP_HEX_DLR_DEC, "0000001f", "0000000031"),
        (ReceiptIds.RESP_HEX_DLR_DEC, "f" * 32, str(2**128 - 1)),
        (ReceiptIds.RESP_DEC_DLR_HEX, "31", "1f"),
        (ReceiptIds.RESP_DEC_DLR_HEX, "not-a-number", "NOT-A-NUMBER"),
    ],
)
def test_the_two_forms_of_an_id_meet(form: ReceiptIds, submitted: str, receipted: str) -> None:
    profile = CarrierProfile(receipt_ids=form)
    assert profile.submitted_id(submitted) == profile.receipted_id(receipted)


@pytest.mark.parametrize("form", [ReceiptIds.EXACT, ReceiptIds.STRIP_LEADING_ZEROS])
def test_bases_are_never_guessed(form: ReceiptIds) -> None:
    profile = CarrierProfile(receipt_ids=form)
    assert profile.submitted_id("10") != profile.receipted_id("16")


@given(st.integers(0, 2**128))
def test_a_number_of_any_size_meets_itself_in_either_base(number: int) -> None:
    hexadecimal = CarrierProfile(receipt_ids=ReceiptIds.RESP_HEX_DLR_DEC)
    decimal = CarrierProfile(receipt_ids=ReceiptIds.RESP_DEC_DLR_HEX)
    assert hexadecimal.submitted_id(f"{number:X}") == hexadecimal.receipted_id(f"{number:010}")
    assert decimal.submitted_id(str(number)) == decimal.receipted_id(f"{number:08x}")


@given(st.text(max_size=80), st.sampled_from(ReceiptIds))
def test_an_id_of_any_shape_has_a_form(raw: str, form: ReceiptIds) -> None:
    profile = CarrierProfile(receipt_ids=form)
    assert profile.submitted_id(raw) == profile.submitted_id(profile.submitted_id(raw)) or form in (
        ReceiptIds.RESP_HEX_DLR_DEC,
        ReceiptIds.RESP_DEC_DLR_HEX,
    )
    assert isinstance(profile.receipted_id(raw), str)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"tps": 0}, "It must be a number above 0 - at `$.tps`"),
        ({"tps": "fast"}, "It must be a number - at `$.tps`"),
        ({"window": 5000}, "It must be a whole number of at most 1000 - at `$.window`"),
        ({"window": 0}, "It must be a whole number of at least 1 - at `$.window`"),
    ],
)
def test_a_fault_is_told_in_words(profile: dict[str, object], words: str) -> None:
    with pytest.raises(ProfileError) as refused:
        load_profile(profile)
    assert str(refused.value) == f"carrier profile: {words}"
