"""What operations on a collection have in common: a page of its documents, answers that are one of them."""

from heliograph.faces.api.openapi_operations import (
    LINK_HEADER,
    Json,
    answer,
    operation,
    page_parameters,
    reference,
)


def list_operation(
    tag: str, operation_id: str, summary: str, description: str, *, answered: str, of: str, example: Json
) -> Json:
    """GET of a page of documents of one type; ``answered`` describes the page."""
    schema = {"type": "array", "items": reference(of)}
    page = {"200": answer(answered, schema, [example], headers=LINK_HEADER)}
    return operation(tag, operation_id, summary, description, page, parameters=page_parameters())


def document_answers(texts: dict[str, str], of: str, example: Json) -> Json:
    """Answers, by status, that all hold a document of one type."""
    return {status: answer(text, reference(of), example) for status, text in texts.items()}
