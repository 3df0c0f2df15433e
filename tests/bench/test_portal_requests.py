"""What the bench of the portal's pages asks for."""

from bench.portal_requests import NOT_TIMED, REQUESTS, forgotten_routes

from heliograph.faces.portal.portal_app import ROUTES


def test_every_page_of_the_portal_is_timed_or_said_to_be_left_out() -> None:
    assert forgotten_routes() == []


def test_what_is_left_out_exists_and_no_name_stands_twice() -> None:
    paths = {path for route in ROUTES for path in route.paths}
    for shape in NOT_TIMED:
        assert any(path.startswith(shape.partition("{")[0]) for path in paths), shape
    names = [asked.name for asked in REQUESTS]
    assert len(names) == len(set(names))
