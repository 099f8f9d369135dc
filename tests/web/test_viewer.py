"""The addresses that a page's links lead to, made from the viewer's own."""

from tests.projections.queries.stored import NOON
from web.viewer import Viewer

VIEWER = Viewer(NOON, path="/runs", query="status=failed&status=running&self=1&cursor=x")


def test_links_keep_the_filters_and_start_paging_again() -> None:
    assert VIEWER.link(stuck="true") == "/runs?status=failed&status=running&self=1&stuck=true"
    assert VIEWER.link(status=None) == "/runs?self=1"


def test_a_parameter_is_left_out_whatever_it_is_called() -> None:
    assert VIEWER.without("self") == "/runs?status=failed&status=running"
    assert VIEWER.without("status", "self") == "/runs"


def test_one_of_several_values_is_left_out_alone() -> None:
    assert VIEWER.without("status", value="failed") == "/runs?status=running&self=1"
