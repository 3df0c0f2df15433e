"""Hypothesis strategies for every PDU, made from the same tables of fields as the codec."""

from typing import TypeVar

from hypothesis import strategies as st

from heliograph.smpp import PDU_TYPES, Pdu, SubmitSm, Tlv
from heliograph.smpp.compiled_pdus import field_table
from heliograph.smpp.fields import COctetString, Field, Integer

_CHARACTERS = st.characters(min_codepoint=1, max_codepoint=255)

PduT = TypeVar("PduT", bound=Pdu)

tlvs = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=5).map(tuple)


def values_of(field: Field) -> st.SearchStrategy[object]:
    """Anything that may stand in a field."""
    if isinstance(field, COctetString):
        return st.text(_CHARACTERS, max_size=field.size - 1)
    if isinstance(field, Integer):
        return st.integers(0, 255)
    return st.binary(max_size=254)


def pdus_of(pdu_type: type[PduT]) -> st.SearchStrategy[PduT]:
    """Any PDU of one type."""
    fields: dict[str, st.SearchStrategy[object]] = {
        "sequence_number": st.integers(0, 0xFFFFFFFF),
        "command_status": st.integers(0, 0xFFFFFFFF),
    }
    fields |= {name: values_of(field) for name, field in field_table(pdu_type)}
    if pdu_type.has_tlvs:
        fields["tlvs"] = tlvs
    return st.builds(pdu_type, **fields)


def any_pdu() -> st.SearchStrategy[Pdu]:
    """Any PDU of any type."""
    return st.sampled_from(list(PDU_TYPES.values())).flatmap(pdus_of)


def submit_sms() -> st.SearchStrategy[SubmitSm]:
    """Any submit_sm that is a request: status 0."""
    return pdus_of(SubmitSm).map(lambda pdu: replaced(pdu, command_status=0))


def recipients() -> st.SearchStrategy[list[tuple[str, bytes]]]:
    """Any recipients and texts a template takes."""
    address = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=20)
    return st.lists(st.tuples(address, st.binary(max_size=254)), max_size=5)


def replaced(pdu: Pdu, **changes: str | bytes | int | tuple[Tlv, ...]) -> SubmitSm:
    """A submit_sm with some fields changed."""
    fields = {name: getattr(pdu, name) for name in pdu.__struct_fields__} | changes
    return SubmitSm(**fields)
