"""The calendar to subscribe to: every booked or cancelled meeting, and who may read it."""

from typing import Any, Final

from litestar import Request, Response, get
from litestar.exceptions import NotAuthorizedException

from projections.queries.meetings import calendar
from tracker.access import Grant
from tracker.timing import DAY
from tracker.tokens import Kind
from web.guard import count_wrong_token
from web.services import Services
from web.visitors import visitor_of

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
CALENDAR: Final = Kind.CALENDAR
NOT_COUNTED: Final = "The address has no token that counts; make another one in your account"
LOOK_BACK: Final = 90 * DAY
LOOK_AHEAD: Final = 2 * 365 * DAY


@get("/calendar.ics", sync_to_thread=True, include_in_schema=False)
def calendar_feed(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The meetings of the last 90 days and of the next two years.

    For whoever is signed in, and for a calendar program with a token of somebody's: both
    see what that person may see. Raises NotAuthorizedException for anybody else.
    """
    # What writes iCalendar is dear to import, and many services have no subscriber.
    from web.icalendar_file import to_ics  # noqa: PLC0415 - see above

    services: Services = request.app.state.services
    now = services.now()
    with services.views.seen_by(_grant(request, services)).read() as connection:
        meetings = calendar(connection, now - LOOK_BACK, now + LOOK_AHEAD)
    headers = {"Content-Disposition": 'inline; filename="calendar.ics"'}
    return Response(to_ics(meetings), media_type=MEDIA_TYPE, headers=headers)


def _grant(request: Request[Any, Any, Any], services: Services) -> Grant:
    """What the owner of the token in the address may see, else whoever is signed in."""
    visitor, value = visitor_of(request), request.query_params.get("token")
    if visitor is None:
        raise NotAuthorizedException(NOT_COUNTED)
    if not value and visitor.grant is not None:
        return visitor.grant
    token = services.control.tokens.find(value or "", CALENDAR, services.now())
    if token is None:
        count_wrong_token(services, visitor.origin)
        raise NotAuthorizedException(NOT_COUNTED)
    return token.grant
