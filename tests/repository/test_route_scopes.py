"""Every route says which scope a key needs for it, so that none can be forgotten."""

from heliograph.domain.key_rights import KeyScope
from heliograph.faces.api.api_app import ROUTES
from heliograph.faces.api.scopes import FOR_TEST_KEYS, RECEIVING, SCOPES, scopes_of, template_of

OPEN = {"/", "/docs", "/docs/openapi.json", "/docs/reader.css", "/healthz", "/readyz"}
"""What is served without a key: documentation and health."""

SERVED = {
    (method, template_of(path))
    for route in ROUTES
    for path in route.paths
    for method in route.http_methods
    if method != "OPTIONS"
}


def test_every_route_has_its_line_in_the_table_of_scopes() -> None:
    missing = sorted(SERVED - set(SCOPES))
    assert not missing, f"add a line to faces/api/scopes.py for each of {missing}"


def test_the_table_of_scopes_names_no_route_that_does_not_exist() -> None:
    assert not sorted(set(SCOPES) - SERVED)


def test_every_scope_opens_something() -> None:
    opened = {scope for route in SERVED for scope in scopes_of(*route)}
    assert not sorted(set(KeyScope) - opened), "a key with such a scope alone would be let in nowhere"


def test_the_other_tables_name_routes_that_exist() -> None:
    assert not sorted((RECEIVING | FOR_TEST_KEYS) - SERVED)
    assert {SCOPES[route] for route in RECEIVING} == {KeyScope.READ}


def test_only_documentation_and_health_need_no_scope() -> None:
    assert {path for (_, path), scope in SCOPES.items() if scope is None} == OPEN
