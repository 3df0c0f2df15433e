"""/v2/contacts and /v2/labels in the API document: operations, and what there is to say of their fields."""

from typing import Final

from msgspec import UNSET, Struct, UnsetType

from heliograph.domain.contact import MAX_LABEL, MAX_LABELS, MAX_PROPERTIES, MAX_VALUE
from heliograph.faces.api.openapi_operations import (
    IDEMPOTENCY_KEY,
    LINK_HEADER,
    Json,
    answer,
    operation,
    page_parameters,
    reference,
)
from heliograph.faces.api.openapi_texts import FieldText

TAG: Final = {
    "name": "Contacts",
    "description": (
        "Whom the account writes to. A label on many contacts is a name to send to them all: "
        "`label:NAME` among the `recipients` of a batch. Phone numbers of contacts begin with `+`. Reading "
        "needs the scope `read`, writing `send`; what answers with stored contacts needs both.\n\n"
        "Several contacts may have the same phone number; a batch has one message for it."
    ),
}
CONTACT_ID: Final = "606312a5d233ab8484e18404"
LABEL: Final = "Coworker"

_PROPERTIES: Final = {"phoneNumber": "+46701740605", "firstName": "Icarus", "department": "Sales"}
_METADATA: Final = {"phoneNumber": {"isValidPhoneNumber": "true", "isBlocked": "false"}}
_IN_REQUEST: Final[dict[str, FieldText]] = {
    "properties": (
        f"At most {MAX_PROPERTIES} texts of at most {MAX_VALUE} characters, by name. `phoneNumber` is in "
        "E.164 with its `+`.",
        _PROPERTIES,
    ),
    "metadata": ("What is said of properties, by property and name.", {"email": {"confirmed": "true"}}),
    "labels": (f"At most {MAX_LABELS} labels of at most {MAX_LABEL} characters.", [LABEL]),
}
_LABEL_TEXTS: Final[dict[str, FieldText]] = {
    "labelName": ("The label.", LABEL),
    "usageCount": ("How many contacts have it.", 3),
}
_USAGE_TEXTS: Final[dict[str, FieldText]] = {
    "propertyName": ("The name of the property.", "email"),
    "usageCount": ("How many contacts have it.", 9),
    "averageLength": ("The average length of its values, in characters.", 20),
    "maxLength": ("The length of the longest.", 26),
    "minLength": ("The length of the shortest.", 16),
}


def _example_of(texts: dict[str, FieldText]) -> Json:
    return {name: example for name, (_, example) in texts.items()}


FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "ContactDocument": {
        "id": ("The contact's id.", CONTACT_ID),
        "ownerId": ("The account number of the account that owns it.", "ip1-10001"),
        "properties": ("What is known of it: texts by name.", _PROPERTIES),
        "metadata": (
            "What is said of its properties; of `phoneNumber` by us: `isPossiblePhoneNumber`, "
            "`isValidPhoneNumber`, `phoneNumberType`, `parsedMSISDN`, `isBlocked` (on the blacklist). "
            "Only if `meta` is in the query.",
            _METADATA,
        ),
        "labels": ("Its labels in alphabetical order.", [LABEL]),
    },
    "ContactRequest": _IN_REQUEST,
    "ContactChange": {
        "properties": ("Those to change; null removes one.", {"firstName": "Ikaros", "department": None}),
        "metadata": ("The same of metadata.", {"email": {"confirmed": None}}),
        "labels": ("All its labels from now on. Left out: as they are.", [LABEL, "Gothenburg"]),
    },
    "LabelDocument": _LABEL_TEXTS,
    "PropertyUsage": _USAGE_TEXTS,
    "ContactSummary": {
        "totalCount": ("How many contacts there are.", 10),
        "labels": ("Every label that a contact has.", [_example_of(_LABEL_TEXTS)]),
        "properties": ("Every property that a contact has.", [_example_of(_USAGE_TEXTS)]),
    },
    "ImportedContacts": {"count": ("How many contacts were added.", 2)},
}


class ContactRequest(Struct):
    """A contact to be stored. Names of fields may be written in any letter case."""

    properties: dict[str, str | None]
    metadata: dict[str, dict[str, str | None] | None] | UnsetType | None = UNSET
    labels: list[str] | UnsetType | None = UNSET


class ContactChange(Struct):
    """What to change of a contact."""

    properties: dict[str, str | None] | UnsetType | None = UNSET
    metadata: dict[str, dict[str, str | None] | None] | UnsetType | None = UNSET
    labels: list[str] | UnsetType | None = UNSET


def _query(name: str, text: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": text, "schema": schema}


_META: Final = _query("meta", "Present: with metadata.", {"type": "string"})
_SYNC: Final = _query("sync", "Present: the answer shows the contacts, 1,000 at most.", {"type": "string"})
_FILTERS: Final = (
    _query(
        "labels",
        "Only contacts with any of these labels; repeat it, or separate them by commas.",
        {"type": "array", "items": {"type": "string"}},
    )
    | {"style": "form", "explode": True, "example": [LABEL]},
    _query(
        "properties[phoneNumber]",
        "Only contacts with this value of a property, whichever stands in the brackets. Write `+` as `%2B`.",
        {"type": "string"},
    ),
    _query(
        "metadata[phoneNumber.isBlocked]",
        "Only contacts with this metadata, whichever is named in the brackets.",
        {"type": "string"},
    ),
)
_LABEL_PARAMETER: Final = {
    "name": "label",
    "in": "path",
    "required": True,
    "description": "The label.",
    "schema": {"type": "string"},
    "example": LABEL,
}
_ID_PARAMETER: Final = {
    "name": "contactId",
    "in": "path",
    "required": True,
    "description": "The contact's id.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{24}$"},
    "example": CONTACT_ID,
}


def _body(schema: Json, example: object) -> Json:
    examples = {"usual": {"summary": "Request", "value": example}}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": examples}}}


def _shown(*left_out: str) -> Json:
    example = _example_of(FIELD_TEXTS["ContactDocument"])
    return {name: value for name, value in example.items() if name not in left_out}


def contact_paths() -> dict[str, Json]:
    """The paths below /v2/contacts and /v2/labels."""
    return {
        "/v2/contacts": {"get": _list_contacts(), "post": _add_contacts(), "delete": _delete_contacts()},
        "/v2/contacts/meta": {"get": _summarize()},
        "/v2/contacts/{contactId}": {"parameters": [_ID_PARAMETER], **_one_contact()},
        "/v2/labels/{label}/contacts": {"parameters": [_LABEL_PARAMETER], "post": _add_label()},
        "/v2/labels/{label}": {"parameters": [_LABEL_PARAMETER], "delete": _delete_label()},
    }


_MANY: Final = {"type": "array", "items": reference("ContactDocument")}


def _list_contacts() -> Json:
    return operation(
        "Contacts",
        "listContacts",
        "List contacts",
        "The account's contacts that fit every filter, oldest first.",
        {"200": answer("A page of contacts.", _MANY, [_shown("metadata")], headers=LINK_HEADER)},
        parameters=(*page_parameters(), *_FILTERS, _META),
    )


def _add_contacts() -> Json:
    added = answer("Added.", reference("ImportedContacts"), _example_of(FIELD_TEXTS["ImportedContacts"]))
    shown = _example_of(FIELD_TEXTS["ContactDocument"])
    return operation(
        "Contacts",
        "addContacts",
        "Add contacts",
        "Adds up to 10,000 contacts, all or none. They are stored when the answer comes. With `sync` in the "
        "query the answer is 200 and an array of the contacts, 1,000 at most.",
        {"202": added, "200": answer("Added, with `sync`.", _MANY, [shown])},
        parameters=(_SYNC, _META, IDEMPOTENCY_KEY),
        requestBody=_body(
            {"type": "array", "items": reference("ContactRequest"), "minItems": 1, "maxItems": 10_000},
            [_example_of(_IN_REQUEST)],
        ),
    )


def _delete_contacts() -> Json:
    return operation(
        "Contacts",
        "deleteContacts",
        "Delete contacts",
        "Deletes the contacts that fit every filter, of which one at least is needed; 10,000 in one call, so "
        "repeat it until the answer is empty.",
        {"200": answer("The deleted contacts.", _MANY, [_shown("metadata")])},
        parameters=(*_FILTERS, _META),
    )


def _summarize() -> Json:
    example = _example_of(FIELD_TEXTS["ContactSummary"])
    return operation(
        "Contacts",
        "summarizeContacts",
        "Summarize contacts",
        "How many contacts there are, which labels and properties they have.",
        {"200": answer("The summary.", reference("ContactSummary"), example)},
    )


def _one_contact() -> dict[str, Json]:
    shown = {"200": answer("The contact.", reference("ContactDocument"), _shown("metadata"))}
    change = _example_of(FIELD_TEXTS["ContactChange"])
    whole = _body(reference("ContactRequest"), _example_of(_IN_REQUEST))
    partial = _body(reference("ContactChange"), change)
    one = "Contacts"
    return {
        "get": operation(
            one,
            "readContact",
            "Read a contact",
            "One contact.",
            shown,
            parameters=(_META,),
        ),
        "put": operation(
            one,
            "replaceContact",
            "Replace a contact",
            "Writes everything of it anew.",
            shown,
            parameters=(_META,),
            requestBody=whole,
        ),
        "patch": operation(
            one,
            "changeContact",
            "Change a contact",
            "Writes what is named and removes what is null; the rest stays.",
            shown,
            parameters=(_META,),
            requestBody=partial,
        ),
        "delete": operation(one, "deleteContact", "Delete a contact", "Answers what it was.", shown),
    }


def _label_answer(text: str) -> Json:
    return {"200": answer(text, reference("LabelDocument"), _example_of(_LABEL_TEXTS))}


def _add_label() -> Json:
    ids = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 10_000}
    return operation(
        "Contacts",
        "addLabel",
        "Label contacts",
        "Puts a label on the contacts with these ids, on all of them or, if one does not exist, on none.",
        _label_answer("The label."),
        parameters=(IDEMPOTENCY_KEY,),
        requestBody=_body(ids, [CONTACT_ID]),
    )


def _delete_label() -> Json:
    return operation(
        "Contacts",
        "deleteLabel",
        "Delete a label",
        "Takes it off every contact; the contacts stay.",
        _label_answer("The label and how many contacts had it."),
    )
