"""What operations of a kind have in common: what they refuse, the choice of an account, how POSTs repeat."""

from collections.abc import Sequence
from typing import Final

from heliograph.faces.api.openapi_operations import IDEMPOTENCY_KEY, PROBLEMS, Json

ACCOUNT_CHOICE: Final = {
    "name": "Heliograph-Account",
    "in": "header",
    "description": (
        "The number of a child account as which a key of its parent asks. Any other account's and an "
        "unknown one is answered with 404, the header sent twice with 400."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 40},
}
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_OF_ALL: Final = (500,)
_OF_KEYED: Final = (400, 401, 403, 404, 429, 503)
"""400 and 404 of the choice of an account, if of nothing else."""
_WITH_BODIES: Final = ("post", "put", "patch")
"""Their bodies are read, even where they need none."""
_OF_BODIES: Final = (408, 413, 415)
_OF_POSTS: Final = (409, 422)


def completed(paths: Json) -> Json:
    """The paths, each of their operations with what all of its kind take and refuse.

    405 is the answer to a method that is no operation, so none has it.
    """
    return {
        path: {key: _completed(key, item[key]) if key in _METHODS else item[key] for key in item}
        for path, item in paths.items()
    }


def _completed(method: str, operation: Json) -> Json:
    if operation.get("security") == []:
        return _refusing(operation, _OF_ALL)
    parameters = [*operation.get("parameters", []), ACCOUNT_CHOICE]
    statuses = [*_OF_ALL, *_OF_KEYED]
    if method in _WITH_BODIES:
        statuses += _OF_BODIES
    if method == "post":
        statuses += _OF_POSTS
        if IDEMPOTENCY_KEY["name"] not in [each.get("name") for each in parameters]:
            parameters.append(IDEMPOTENCY_KEY)
    return {**_refusing(operation, statuses), "parameters": parameters}


def _refusing(operation: Json, statuses: Sequence[int]) -> Json:
    """The operation with these problems as well, its answers in the order of their statuses."""
    answers = dict(operation["responses"])
    for status in statuses:
        answers.setdefault(str(status), {"$ref": f"#/components/responses/{PROBLEMS[status]}"})
    return {**operation, "responses": dict(sorted(answers.items()))}
