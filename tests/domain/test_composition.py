"""From a draft to the columns of its messages: texts, encodings, segments, and the codes of refusal."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.batch import BatchDraft, check_batch, raw_batch
from heliograph.domain.composition import Composition, bar, compose, fit_text, warnings
from heliograph.domain.encoding import Coding, Encoding
from heliograph.domain.segmentation import segment_count

NOW = datetime(2025, 11, 13, 12, 0, tzinfo=UTC)
GSM, UCS = Encoding.GSM7, Encoding.UCS2


def draft_of(recipients: object, body: str, datacoding: str = "ucs") -> BatchDraft:
    members = {"sender": "iP1", "recipients": recipients, "body": body, "datacoding": datacoding}
    draft = check_batch(raw_batch(members), NOW)
    assert isinstance(draft, BatchDraft), draft
    return draft


def test_the_example_of_the_page_has_two_impossible_numbers() -> None:
    recipients = ["456189040623", "175368927054", "392094880589", "568798567631"]
    assert compose(draft_of(recipients, "A very nice message")) == Composition(
        recipients=recipients, codes=[408, 408, 0, 0], segments=[1] * 4, encodings=[UCS] * 4, bodies=None
    )


@pytest.mark.parametrize(
    ("body", "coding", "segments", "encoding"),
    [
        ("x" * 160, "gsm", 1, GSM),
        ("x" * 161, "gsm", 2, GSM),
        ("x" * 160, "auto", 1, GSM),
        ("x" * 160, "ucs", 3, UCS),
        ("日" * 70, "auto", 1, UCS),
        ("日" * 71, "auto", 2, UCS),
    ],
)
def test_a_plain_text_is_measured_once_for_all(
    body: str, coding: str, segments: int, encoding: Encoding
) -> None:
    composition = compose(draft_of(["46712345678", "46712345679"], body, coding))
    assert composition.segments == [segments] * 2
    assert composition.encodings == [encoding] * 2
    assert composition.bodies is None


def test_each_templated_message_has_its_own_text_and_measure() -> None:
    recipients = {
        "46712345678": {"name": "Ann"},
        "46712345679": {"name": "日本"},
        "46712345670": {"name": "x" * 160},
        "0": {"name": "nobody"},
        "46712345671": {},
    }
    composition = compose(draft_of(recipients, "{name}", "auto"))
    assert composition.bodies == ["Ann", "日本", "x" * 160, "nobody", ""]
    assert composition.codes == [0, 0, 0, 408, 409]
    assert composition.segments == [1, 1, 1, 1, 0]
    assert composition.encodings == [GSM, UCS, GSM, GSM, GSM]
    assert composition.refused_bodies == 1


def test_templated_gsm_refuses_the_messages_that_do_not_fit_and_warns() -> None:
    draft = draft_of(
        {"46712345678": {"name": "Ann"}, "46712345679": {"name": "日"}, "0": {"name": "日"}}, "{name}", "gsm"
    )
    composition = compose(draft)
    assert composition.codes == [0, 409, 408]
    assert composition.segments == [1, 0, 0]
    assert warnings(draft, composition.refused_bodies) == [
        "1 of 3 messages were refused with status 409: their text is blank, needs more than 255 segments,"
        " or does not fit the chosen datacoding."
    ]


def test_a_text_of_more_than_255_segments_is_refused() -> None:
    values = {chr(97 + n): "x" * 500 for n in range(20)}
    body = "".join("{" + key + "}" for key in values)
    composition = compose(
        draft_of({"46712345678": values, "46712345679": {**values, "t": "x"}}, body * 4 + "{a}", "auto")
    )
    assert composition.codes == [409, 0]
    assert composition.segments == [0, 252]
    fits = compose(draft_of({"46712345678": values}, body * 3, "auto"))
    assert (fits.codes, fits.segments) == ([0], [197])
    too_long_as_ucs = compose(draft_of({"46712345678": values}, body * 3, "ucs"))
    assert (too_long_as_ucs.codes, too_long_as_ucs.segments) == ([409], [448])


def test_a_hostile_template_is_refused_without_being_rendered() -> None:
    default = {"a": "x" * 500}
    composition = compose(
        draft_of({"46712345678": {}, "46712345679": {"a": "y"}, "default": default}, "{a}" * 600)
    )
    assert composition.bodies == ["", "y" * 600]
    assert composition.codes == [409, 0]


@given(st.integers(0, 7), st.integers(1, 8))
def test_slices_are_parts_of_the_whole(start: int, size: int) -> None:
    recipients = {f"4671234567{n}": {"n": "日" if n % 3 else str(n)} for n in range(8)}
    for draft in (draft_of(recipients, "no {n}", "auto"), draft_of([*recipients, "0"], "plain", "auto")):
        whole, part = compose(draft), compose(draft, start, start + size)
        stop = start + size
        assert part.recipients == whole.recipients[start:stop]
        assert part.codes == whole.codes[start:stop]
        assert part.segments == whole.segments[start:stop]
        assert part.encodings == whole.encodings[start:stop]
        assert part.bodies == (whole.bodies[start:stop] if whole.bodies else None)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), st.sampled_from(Coding))
def test_a_text_that_fits_has_the_segments_of_its_encoding(text: str, coding: Coding) -> None:
    fit = fit_text(text, coding)
    if fit.code == 0:
        assert fit.segments == segment_count(text, fit.encoding)
        assert coding is not Coding.UCS or fit.encoding is UCS
        assert coding is not Coding.GSM or fit.encoding is GSM
    else:
        assert fit.code == 409
        assert not text.strip() or coding is Coding.GSM


@pytest.mark.parametrize(
    ("body", "datacoding", "found"),
    [
        ("x" * 70, "ucs", []),
        (
            "x" * 71,
            "ucs",
            [
                "The text needs 2 segments as ucs but only 1 as gsm:"
                " set datacoding to gsm or auto to pay for fewer."
            ],
        ),
        ("x" * 71, "auto", []),
        ("日" * 71, "ucs", []),
        ("€" * 160, "ucs", []),
    ],
)
def test_plain_text_that_would_be_cheaper_as_gsm_is_pointed_out(
    body: str, datacoding: str, found: list[str]
) -> None:
    assert warnings(draft_of(["46712345678"], body, datacoding), 0) == found


def test_a_barred_recipient_is_405_whatever_else_is_wrong() -> None:
    composition = Composition(["46701740605", "1", "2"], [0, 408, 408], [1] * 3, [0] * 3, None)
    assert bar(composition, {"46701740605", "2"}).codes == [405, 408, 405]
    assert composition.codes == [0, 408, 408]
