"""Each list as a file: `/runs.csv` holds all rows of `/runs` with the same filters."""

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from web.csv_export import export
from web.lists import LISTS, List
from web.pages.frame import Asked, Given, note


def _at(listed: List) -> HTTPRouteHandler:
    def download(request: Asked, services: Given) -> Stream:
        """All rows that fit the filters in the address."""
        stream = export(listed, request, services)
        note(request, services, "list downloaded", listed.path)
        return stream

    return get(f"{listed.path}.csv", sync_to_thread=True)(download)


CSV_HANDLERS = [_at(listed) for listed in LISTS.values()]
