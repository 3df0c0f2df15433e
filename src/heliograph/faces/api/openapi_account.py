"""/api/me in the API document: its operations, and what there is to say of its fields."""

from typing import Annotated, Final

from msgspec import UNSET, Meta, Struct, UnsetType, field

from heliograph.domain.account_fields import MAX_NAME
from heliograph.faces.api.auth import ACCOUNT_HEADER
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
    "name": "Account",
    "description": (
        "The account of the key, its credit, and its child accounts. A child has the currency and the prices "
        "of its parent, and a balance, senders, keys and batches of its own.\n\n"
        f"With the header `{ACCOUNT_HEADER}: ip1-10002` any call with a key of the parent is made as that "
        "child. A number that is no child of the key's account is answered with 404, known or not."
    ),
}
CHILD: Final = "ip1-10002"

_OVERVIEW: Final[dict[str, FieldText]] = {
    "Account": ("The account number.", "ip1-10001"),
    "Organization": ("Who owns it: the name of its parent, or its own.", "Acme"),
    "Type": ("`swedish` for an account in SEK, `international` for any other.", "swedish"),
    "Balance": ("What it may spend.", 1000.0),
    "Currency": ("ISO 4217, upper case.", "SEK"),
}
_DETAILS: Final[dict[str, FieldText]] = {
    "ID": ("The account number.", CHILD),
    "Name": ("Its name.", "Warehouse"),
    "Parent": ("The number of its parent, or null.", "ip1-10001"),
}
_SECRETS: Final[dict[str, FieldText]] = {
    "Key": ("Its first API key. Only in the answer that made it: keep it.", "hg_..."),
    "WebhookSecret": (
        "What its delivery reports are signed with. Only in the answer that made it.",
        "whsec_...",
    ),
}
FIELD_TEXTS: Final[dict[str, dict[str, FieldText]]] = {
    "AccountOverview": _OVERVIEW,
    "AccountDetails": {**_OVERVIEW, "Account": ("The account number.", CHILD), **_DETAILS, **_SECRETS},
    "ChildRequest": {
        "Name": (f"Its name, at most {MAX_NAME} characters, not blank.", "Warehouse"),
        "ID": ("Its account number, as in the path. May be left out.", CHILD),
    },
    "CreditRequest": {"Amount": ("How much, in units of the currency, with at most 6 decimals.", 250.0)},
    "CreditMoved": {
        "Account": ("The account number of the child.", CHILD),
        "Amount": ("What it was given.", 250.0),
        "Balance": ("What it has now.", 250.0),
        "ParentBalance": ("What its parent has left.", 750.0),
        "Currency": ("ISO 4217, upper case.", "SEK"),
    },
}


class ChildRequest(Struct, rename="pascal"):
    """A child account to be made or renamed. Names of fields may be written in any letter case."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    id: str | UnsetType = field(default=UNSET, name="ID")


class CreditRequest(Struct, rename="pascal"):
    """Credit to be moved from the account to a child."""

    amount: Annotated[float, Meta(gt=0)]


def _example(name: str, *left_out: str) -> Json:
    return {field: value for field, (_, value) in FIELD_TEXTS[name].items() if field not in left_out}


def _request(name: str, *left_out: str) -> Json:
    examples = {"usual": {"summary": "Request", "value": _example(name, *left_out)}}
    return {
        "required": True,
        "content": {"application/json": {"schema": reference(name), "examples": examples}},
    }


_CHILD_PARAMETER: Final = {
    "name": "child",
    "in": "path",
    "required": True,
    "description": "The account number of the child.",
    "schema": {"type": "string"},
    "example": CHILD,
}


def account_paths() -> dict[str, Json]:
    """The paths below /api/me."""
    shown = _example("AccountDetails", *_SECRETS)
    one = answer("The account.", reference("AccountDetails"), shown)
    children = {"type": "array", "items": reference("AccountDetails")}
    overview = answer("The account.", reference("AccountOverview"), _example("AccountOverview"))
    page = answer("A page of accounts.", children, [shown], headers=LINK_HEADER)
    return {
        "/api/me": {
            "get": operation(
                "Account", "readMe", "Read the balance", "The account of the key.", {"200": overview}
            )
        },
        "/api/me/account": {
            "get": operation(
                "Account",
                "readAccount",
                "Read the account",
                "The same with its name and its parent.",
                {"200": one},
            )
        },
        "/api/me/children": {
            "get": operation(
                "Account",
                "listChildren",
                "List child accounts",
                "The children of the account, oldest first.",
                {"200": page},
                parameters=page_parameters(),
            ),
            "post": _add_child(),
        },
        "/api/me/children/{child}": {
            "parameters": [_CHILD_PARAMETER],
            "get": operation(
                "Account",
                "readChild",
                "Read a child account",
                "One child of the account.",
                {"200": one},
            ),
            "put": operation(
                "Account",
                "renameChild",
                "Rename a child account",
                "Gives it another name.",
                {"200": one},
                requestBody=_request("ChildRequest"),
            ),
        },
        "/api/me/children/{child}/credit": {"parameters": [_CHILD_PARAMETER], "post": _give_credit()},
    }


def _add_child() -> Json:
    made = answer(
        "Made.",
        reference("AccountDetails"),
        _example("AccountDetails") | {"Balance": 0.0},
        headers={"Location": {"description": "The path of the child.", "schema": {"type": "string"}}},
    )
    return operation(
        "Account",
        "addChild",
        "Make a child account",
        "The child has no credit and no senders yet. A child has no children of its own, and an account has "
        "at most 1,000: else the answer is 409.",
        {"201": made},
        requestBody=_request("ChildRequest", "ID"),
    )


def _give_credit() -> Json:
    return operation(
        "Account",
        "giveCredit",
        "Give credit to a child account",
        "Moves credit from the account to the child, both at once or not at all. 409 if the account has "
        "less. Both ledgers have an entry of the kind `transfer`.",
        {"200": answer("Moved.", reference("CreditMoved"), _example("CreditMoved"))},
        parameters=(IDEMPOTENCY_KEY,),
        requestBody=_request("CreditRequest"),
    )
