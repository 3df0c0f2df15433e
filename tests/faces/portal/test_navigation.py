"""The navigation marks where somebody is, on every page of the portal that it leads to or beyond."""

from heliograph.faces.portal.navigation import nearest_page
from heliograph.faces.portal.portal_app import ROUTES
from heliograph.faces.portal.signed_in import LIVE, RIGHT

OWN_WAY = ("/portal/me", "/portal/account", "/portal/undo")
"""Pages behind a person's name, and acts that lead back to where one was."""


def test_every_page_marks_an_entry() -> None:
    paths = {
        path
        for route in ROUTES
        if route.opt.get(RIGHT) is not None and not route.opt.get(LIVE)
        for path in route.paths
        if not path.startswith(OWN_WAY)
    }
    assert len(paths) > 60
    unmarked = {path for path in paths if not nearest_page(path)}
    assert {path for path in unmarked if "/live/" not in path and not path.endswith("/undo")} == set()


def test_what_is_made_belongs_to_what_it_is_made_for() -> None:
    assert nearest_page("/portal/operator/new-account") == "/portal/operator/accounts"
    assert nearest_page("/portal/operator/new-carrier") == "/portal/operator/carriers"
    assert nearest_page("/portal/operator/carriers/7/costs") == "/portal/operator/carriers"
    assert nearest_page("/portal/batches/0123") == "/portal/batches"
    assert nearest_page("/portal") == "/portal/"
    assert nearest_page("/portal/nothing") == ""
