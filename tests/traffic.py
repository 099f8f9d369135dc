"""Hypothesis strategies for whole deliveries of all families, made to collide.

A handful of ids, moments and values, so that entities share people, bookings move
between states and equal times are told apart by rank and id.
"""

import json
from typing import Any

from hypothesis import strategies as st

from tracker.events import PROVIDER_TYPES, event_type
from tracker.timing import DAY, HOUR, to_iso

START = 1_767_225_600_000_000  # 2026-01-01
FEW = st.sampled_from(["a", "b", "c"])
ODD = st.sampled_from([None, "", 7, True, [], {}, "ü 'quoted'", -1.5, -0.0])

PERSON = st.sampled_from(["p1", "p2", "p3", "p4"])
BOOKING = st.sampled_from(["b1", "b2", "b3"])
TALK = st.sampled_from(["t1", "t2"])
MOMENT = st.builds(
    lambda day, hour: START + day * DAY + hour * HOUR, st.integers(0, 2), st.integers(0, 5)
)
DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "title": FEW,
        "startDateTime": st.one_of(MOMENT.map(to_iso), st.just("2026-03-29T02:30:00"), ODD),
        "endDateTime": MOMENT.map(to_iso),
        "timezone": st.sampled_from(["Europe/Berlin", "America/New_York", "Mars/Olympus"]),
        "participants": st.lists(st.fixed_dictionaries({"name": FEW, "email": FEW}), max_size=2),
    },
)
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "conversation": {
        "candidateId": st.one_of(PERSON, ODD),
        "conversationStatus": st.sampled_from(
            ["ONGOING", "COMPLETED_SCREENING_PASSED", "COMPLETED_SCREENING_FAILED", "CLOSED"]
        ),
        "externalCampaignId": FEW,
        "participantFirsName": FEW,
        "scorecardTotalValue": st.one_of(st.integers(0, 9), ODD),
    },
    "analysis": {
        "externalId": PERSON,
        "analysisId": FEW,
        "externalAnalysisId": FEW,
        "totalScoreScaled": st.one_of(st.floats(0, 100), ODD),
    },
    "meeting": {
        "conversationId": st.one_of(TALK, st.none()),
        "meetingDetails": st.one_of(DETAILS, ODD),
        "previousBookingId": BOOKING,
    },
    "run": {
        "workflowId": FEW,
        "workflowVersionId": FEW,
        "candidateProfileId": st.one_of(PERSON, ODD),
        "candidateProfileExternalId": PERSON,
        "nodeId": FEW,
        "nodeLabel": FEW,
        "outcome": FEW,
        "reason": FEW,
    },
    "contact": {
        "workflowId": FEW,
        "reason": FEW,
        "runId": FEW,
        "contactName": FEW,
        "candidateProfileId": PERSON,
        "candidateProfileExternalId": PERSON,
    },
    "workflow": {"workflowId": FEW, "workflowVersionId": FEW, "name": FEW, "version": st.just(2)},
}
RECORDS = {"conversation": TALK, "meeting": BOOKING, "analysis": PERSON}


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """The body of one delivery, without its event id, which is given by `stream`."""
    name = draw(st.sampled_from([*PROVIDER_TYPES, "CONVERSATION_OF_TOMORROW"]))
    family = event_type(name).family
    data = draw(st.fixed_dictionaries({}, optional=FIELDS.get(family, {})))
    data["recordId"] = draw(RECORDS.get(family, FEW))
    data["organizationId"] = draw(st.sampled_from(["o1", "o2"]))
    moment = to_iso(draw(MOMENT))
    return json.dumps({"event": name, "eventTimestamp": moment, "data": data}).encode()


def streams(most: int = 25) -> st.SearchStrategy[list[bytes]]:
    """Different events of all families."""
    return st.lists(bodies(), min_size=1, max_size=most).map(_numbered)


def _numbered(made: list[bytes]) -> list[bytes]:
    return [b'{"eventId":"e%d",' % number + body[1:] for number, body in enumerate(made)]
