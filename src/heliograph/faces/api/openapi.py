"""The OpenAPI 3.1 document of the API, made from the types that answers are made of."""

from functools import cache
from importlib import metadata
from typing import Final

import msgspec

from heliograph.domain.incoming_report import IncomingDocument
from heliograph.faces.api import (
    openapi_account,
    openapi_blacklist,
    openapi_contacts,
    openapi_conversations,
    openapi_events,
    openapi_explain,
    openapi_holding,
    openapi_incoming,
    openapi_keys,
    openapi_report_tests,
    openapi_reports,
    openapi_senders,
    openapi_timeline,
)
from heliograph.faces.api.account_documents import AccountDetails, AccountOverview, CreditMoved
from heliograph.faces.api.blacklist_endpoints import BlacklistDocument
from heliograph.faces.api.contact_documents import (
    ContactDocument,
    ContactSummary,
    ImportedContacts,
    LabelDocument,
)
from heliograph.faces.api.conversation_endpoints import ConversationSummary
from heliograph.faces.api.documents import MessageDocument
from heliograph.faces.api.explain_documents import ExplanationDocument
from heliograph.faces.api.key_endpoints import KeyDocument
from heliograph.faces.api.openapi_kinds import completed
from heliograph.faces.api.openapi_links import with_links
from heliograph.faces.api.openapi_operations import (
    PROBLEMS,
    REF,
    Json,
    cancel_batch_operation,
    delivery_report_operation,
    health_operation,
    id_parameter,
    list_batches_operation,
    list_messages_operation,
    problem_answer,
    read_batch_operation,
    read_message_operation,
    send_batch_operation,
)
from heliograph.faces.api.openapi_texts import (
    FIELD_RULES,
    FIELD_TEXTS,
    INTRODUCTION,
    KEY_TEXT,
    TIME_FIELDS,
    BatchRequest,
    DeliveryReport,
)
from heliograph.faces.api.problems import ProblemDetails
from heliograph.faces.api.report_endpoints import (
    FailedAttemptDocument,
    FailedOriginDocument,
    ReplayDocument,
    WebhookSecretDocument,
)
from heliograph.faces.api.report_test_endpoints import TestReportDocument
from heliograph.faces.api.schemas import BatchDocument
from heliograph.faces.api.sender_endpoints import SenderDocument
from heliograph.faces.api.timeline_endpoints import TimelineDocument

TYPES: Final[tuple[type[msgspec.Struct], ...]] = (
    BatchDocument,
    MessageDocument,
    ConversationSummary,
    BatchRequest,
    DeliveryReport,
    ProblemDetails,
    AccountOverview,
    AccountDetails,
    openapi_account.ChildRequest,
    ContactDocument,
    ContactSummary,
    ImportedContacts,
    openapi_contacts.ContactRequest,
    openapi_contacts.ContactChange,
    LabelDocument,
    openapi_account.CreditRequest,
    CreditMoved,
    ExplanationDocument,
    openapi_holding.ScheduleRequest,
    TimelineDocument,
    BlacklistDocument,
    openapi_blacklist.BlacklistRequest,
    KeyDocument,
    openapi_keys.KeyRequest,
    IncomingDocument,
    SenderDocument,
    openapi_senders.SenderRequest,
    openapi_events.EventPage,
    openapi_events.EventDocument,
    WebhookSecretDocument,
    openapi_reports.SecretRequest,
    FailedOriginDocument,
    FailedAttemptDocument,
    openapi_reports.ReplayRequest,
    ReplayDocument,
    openapi_report_tests.TestReportRequest,
    TestReportDocument,
)
"""What requests and answers are made of; types within them come along."""
ALL_FIELD_TEXTS: Final = {
    **FIELD_TEXTS,
    **openapi_account.FIELD_TEXTS,
    **openapi_contacts.FIELD_TEXTS,
    **openapi_explain.FIELD_TEXTS,
    **openapi_conversations.FIELD_TEXTS,
    **openapi_blacklist.FIELD_TEXTS,
    **openapi_keys.FIELD_TEXTS,
    **openapi_holding.FIELD_TEXTS,
    **openapi_incoming.FIELD_TEXTS,
    **openapi_senders.FIELD_TEXTS,
    **openapi_events.FIELD_TEXTS,
    **openapi_reports.FIELD_TEXTS,
    **openapi_report_tests.FIELD_TEXTS,
    **openapi_timeline.FIELD_TEXTS,
}
ALL_FIELD_RULES: Final = {
    **FIELD_RULES,
    **openapi_blacklist.FIELD_RULES,
    **openapi_timeline.FIELD_RULES,
    **openapi_keys.FIELD_RULES,
    **openapi_incoming.FIELD_RULES,
    **openapi_events.FIELD_RULES,
}


@cache
def openapi_document() -> Json:
    """The whole document. It is shared: callers must not change it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Heliograph SMS API",
            "version": metadata.version("heliograph"),
            "summary": "Send text messages, follow them to the handset.",
            "description": INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server."}],
        "security": [{"apiKey": []}],
        "tags": _tags(),
        "paths": with_links(completed(_paths())),
        "webhooks": {
            "deliveryReport": {"post": delivery_report_operation()},
            "incomingMessage": {"post": openapi_incoming.incoming_operation()},
        },
        "components": _components(),
    }


def _paths() -> Json:
    return {
        "/v2/batches": {
            "get": list_batches_operation(),
            "post": openapi_explain.with_dry_run(send_batch_operation()),
        },
        "/v2/batches/{batchId}": {
            "parameters": [id_parameter("batchId")],
            "get": read_batch_operation(),
            "delete": cancel_batch_operation(),
            "patch": openapi_holding.reschedule_operation(),
        },
        **openapi_holding.holding_paths(),
        "/v2/batches/{batchId}/messages": {
            "parameters": [id_parameter("batchId")],
            "get": list_messages_operation(),
        },
        "/v2/batches/{batchId}/messages/{messageId}": {
            "parameters": [id_parameter("batchId"), id_parameter("messageId")],
            "get": read_message_operation(),
        },
        **openapi_senders.sender_paths(),
        **openapi_events.event_paths(),
        **openapi_reports.report_paths(),
        **openapi_report_tests.report_test_paths(),
        **openapi_timeline.timeline_paths(),
        **openapi_conversations.conversation_paths(),
        **openapi_blacklist.blacklist_paths(),
        **openapi_contacts.contact_paths(),
        **openapi_account.account_paths(),
        **openapi_keys.key_paths(),
        "/healthz": {"get": health_operation("Is the process alive?", "readHealth", "alive")},
        "/readyz": {"get": health_operation("Can requests be served?", "readReadiness", "ready", 503)},
    }


def _tags() -> list[Json]:
    return [
        {"name": "Batches", "description": "One text for one or many recipients."},
        {"name": "Messages", "description": "One text to one number, and what became of it."},
        openapi_senders.TAG,
        openapi_events.TAG,
        openapi_reports.TAG,
        openapi_conversations.TAG,
        openapi_blacklist.TAG,
        openapi_contacts.TAG,
        openapi_account.TAG,
        openapi_keys.TAG,
        {"name": "Health", "description": "For load balancers and supervisors."},
    ]


def encoded_document() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(openapi_document())


def _components() -> Json:
    _, schemas = msgspec.json.schema_components(TYPES, ref_template=REF)
    for name, schema in schemas.items():
        schema["description"] = " ".join(schema.get("description", "").split("\n\n", 1)[0].split())
        for field, (text, example) in ALL_FIELD_TEXTS[name].items():
            rules = ALL_FIELD_RULES.get(f"{name}.{field}", {})
            if field in TIME_FIELDS and not rules:
                rules = {"format": "date-time"}
            schema["properties"][field] = _described(schema["properties"][field], text, example) | rules
    return {
        "schemas": schemas,
        "responses": {name: problem_answer(status) for status, name in PROBLEMS.items()},
        "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer", "description": KEY_TEXT}},
    }


def _described(schema: Json, text: str, example: object) -> Json:
    # A default of null would say no more than that the field may be null.
    kept = {key: value for key, value in schema.items() if key != "default" or value is not None}
    return kept | {"description": text} | ({} if example is None else {"examples": [example]})
