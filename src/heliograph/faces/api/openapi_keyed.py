"""What operations behind a key have in common: the choice of an account, and how POSTs are repeated."""

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
_OF_ANY: Final[tuple[int, ...]] = (400, 404)
_OF_POSTS: Final = (409, 422)


def as_keyed(paths: Json) -> Json:
    """The paths, each of their operations with what all of its kind take and refuse."""
    return {path: {key: _completed(key, item[key]) for key in item} for path, item in paths.items()}


def _completed(key: str, operation: Json) -> Json:
    if key not in _METHODS or operation.get("security") == []:
        return operation
    parameters = [*operation.get("parameters", []), ACCOUNT_CHOICE]
    statuses = _OF_ANY
    if key == "post":
        statuses += _OF_POSTS
        if IDEMPOTENCY_KEY["name"] not in [each.get("name") for each in parameters]:
            parameters.append(IDEMPOTENCY_KEY)
    answers = dict(operation["responses"])
    for status in statuses:
        answers.setdefault(str(status), {"$ref": f"#/components/responses/{PROBLEMS[status]}"})
    return {**operation, "parameters": parameters, "responses": dict(sorted(answers.items()))}
