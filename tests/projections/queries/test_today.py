"""What waits, what is next and what moves; each number is the length of a list."""

from itertools import pairwise
from pathlib import Path

from projections.queries.analyses import count_analyses, list_analyses, list_batches
from projections.queries.contacts import count_contacts, list_contacts
from projections.queries.conversations import (
    conversation,
    count_conversations,
    list_conversations,
)
from projections.queries.feed import hourly, types
from projections.queries.filters import (
    AnalysisFilter,
    AttentionFilter,
    BatchFilter,
    ContactFilter,
    ConversationFilter,
    MeetingFilter,
    RunFilter,
    WorkflowFilter,
)
from projections.queries.funnel import campaigns, funnel, run_funnel
from projections.queries.meetings import list_meetings, meeting, open_requests
from projections.queries.moving import moving
from projections.queries.runs import list_runs
from projections.queries.today import next_meetings
from projections.queries.waiting import needs_you, waiting_reasons
from projections.queries.workflows import list_workflows, workflow
from tests.projections.queries.stored import (
    HIRING,
    NOON,
    body,
    completed,
    ended,
    imported,
    started,
    store,
)
from tracker.timing import DAY, HOUR, MINUTE

TALK = {"externalCampaignId": "summer", "participantFirstName": "Ada", "candidateId": "ada"}


def _talk(id_: str, *types_: str, **data: object) -> list[bytes]:
    return [
        body(type_, n * 10, record=id_, **{**TALK, "candidateId": id_, **data})
        for n, type_ in enumerate(types_)
    ]


TALKS = [
    *_talk("queued", "CONVERSATION_QUEUED"),
    *_talk("asked", "CONVERSATION_QUEUED", "CONVERSATION_STARTED", "CONVERSATION_NEEDS_REVIEW"),
    *_talk(
        "passed",
        "CONVERSATION_QUEUED",
        "CONVERSATION_STARTED",
        "CONVERSATION_COMPLETED",
        conversationStatus="COMPLETED_SCREENING_PASSED",
    ),
    *_talk("elsewhere", "CONVERSATION_QUEUED", externalCampaignId="winter"),
]


def _booked(id_: str, at: float, start: str, type_: str = "SCHEDULED", **data: object) -> bytes:
    details = {"startDateTime": start, "endDateTime": None, "timezone": "Europe/London"}
    named = {"conversationId": f"talk-{id_}", "meetingDetails": details}
    return body(f"CALENDAR_MEETING_{type_}", at, record=id_, **named, **data)


def test_the_longest_waiting_comes_first_with_its_name(data: Path) -> None:
    failed = [
        started("run", candidateProfileId="asked"),
        ended("run", "FAILED", 5),
    ]
    views = store(data, [*TALKS, *failed])
    with views.read() as connection:
        page = needs_you(connection, AttentionFilter())
        for asked in (AttentionFilter(), AttentionFilter(reason=("run_failed",))):
            counted = waiting_reasons(connection, asked)
            assert counted == {"needs_review": 1, "run_failed": 1}
        narrowed = needs_you(connection, AttentionFilter(reason=("run_failed",)))
    assert [(w.reason, w.candidate_name) for w in page.items] == [
        ("run_failed", "Ada"),
        ("needs_review", "Ada"),
    ]
    assert [w.entity for w in narrowed.items] == ["run"]
    assert narrowed.items[0].conversation_id == "asked"


def test_each_stage_of_the_funnel_is_as_long_as_its_list(data: Path) -> None:
    views = store(data, TALKS)
    today = NOON // DAY * DAY
    with views.read() as connection:
        assert campaigns(connection) == ["summer", "winter"]
        for wanted in ({}, {"campaign": "summer"}, {"since": today}, {"since": today + 1}):
            shown = funnel(connection, ConversationFilter(**wanted))
            for stage in shown.stages:
                listed = list_conversations(
                    connection, ConversationFilter(**wanted, stage=stage.name)
                )
                assert len(listed.items) == stage.count
        summer = funnel(connection, ConversationFilter(campaign="summer"))
    assert [stage.count for stage in summer.stages] == [3, 2, 1, 1]
    assert [stage.median_wait for stage in summer.stages] == [None, 10 * MINUTE, 10 * MINUTE, None]
    assert summer.exits["needs_review"] == 1


def test_counts_of_conversations_are_the_lengths_of_the_lists(data: Path) -> None:
    views = store(data, TALKS)
    with views.read() as connection:
        for wanted in ({}, {"campaign": "summer"}, {"candidate": "passed"}):
            counts = count_conversations(connection, ConversationFilter(**wanted))
            for status, number in counts.statuses.items():
                asked = ConversationFilter(**wanted, status=(status,))
                assert len(list_conversations(connection, asked).items) == number
            for outcome, number in counts.outcomes.items():
                asked = ConversationFilter(**wanted, outcome=outcome)
                assert len(list_conversations(connection, asked).items) == number


def test_a_conversation_comes_with_its_meetings_and_person(data: Path) -> None:
    views = store(
        data, [*_talk("talk-one", "CONVERSATION_STARTED"), _booked("one", 1, "2026-03-05T09:00")]
    )
    with views.read() as connection:
        found = conversation(connection, "talk-one")
    assert [m.id for m in found.meetings] == ["one"]
    assert found.person
    assert found.person.name == "Ada"


def test_next_meetings_are_those_booked_for_the_next_two_days(data: Path) -> None:
    views = store(
        data,
        [
            _booked("past", 0, "2026-03-02T11:00"),
            _booked("soon", 0, "2026-03-03T09:00"),
            _booked("later", 0, "2026-03-09T09:00"),
            _booked("off", 0, "2026-03-03T10:00"),
            _booked("off", 1, "2026-03-03T10:00", "CANCELLED"),
        ],
    )
    with views.read() as connection:
        assert [m.id for m in next_meetings(connection, NOON)] == ["soon"]
        asked = MeetingFilter(since=NOON, until=NOON + 2 * DAY)
        assert len(list_meetings(connection, asked).items) == 2


def test_a_replaced_booking_is_found_but_not_listed(data: Path) -> None:
    moved = {"conversationId": "talk", "meetingDetails": {"startDateTime": "2026-03-06T09:00:00Z"}}
    first = {"conversationId": "talk", "meetingDetails": {"startDateTime": "2026-03-05T09:00:00Z"}}
    views = store(
        data,
        [
            body("CALENDAR_MEETING_SCHEDULED", record="old", **first),
            body("CALENDAR_MEETING_RESCHEDULED", 5, record="new", **moved),
            body("CALENDAR_AVAILABILITY_NOT_FOUND", record="ask", conversationId="other"),
        ],
    )
    with views.read() as connection:
        listed = list_meetings(connection, MeetingFilter())
        assert [m.id for m in listed.items] == ["new", "ask"]
        assert meeting(connection, "old").row.superseded_by == "new"
        assert [m.id for m in open_requests(connection)] == ["ask"]
    moved_from = listed.items[0].moved_from
    assert moved_from
    assert moved_from.starts_at == listed.items[0].starts_at - DAY


def test_the_median_wait_lies_in_the_middle_of_all_waits(data: Path) -> None:
    waits = (1, 4, 90, 8)
    talks = [
        one
        for wait in waits
        for one in (
            body("CONVERSATION_QUEUED", record=f"t{wait}", candidateId="x"),
            body("CONVERSATION_STARTED", wait, record=f"t{wait}", candidateId="x"),
        )
    ]
    views = store(data, talks)
    with views.read() as connection:
        all_four = funnel(connection, ConversationFilter()).stages[1]
        none = funnel(connection, ConversationFilter(campaign="unheard")).stages[1]
    assert all_four.median_wait == 6 * MINUTE
    assert (none.count, none.share, none.median_wait) == (0, None, None)


def test_the_funnel_of_a_workflow_counts_its_runs(data: Path) -> None:
    views = store(
        data,
        [
            started("one"),
            ended("one", "COMPLETED", 10),
            started("two"),
            ended("two", "FAILED", 5),
            started("other", workflowId="another"),
        ],
    )
    with views.read() as connection:
        shown = run_funnel(connection, HIRING, NOON)
    assert (shown.counts.total, shown.counts.completed, shown.counts.failed) == (2, 1, 1)
    assert shown.median_time == 10 * MINUTE


def _days(first: int) -> list[int]:
    """Eight days of which the second has 23 hours, and the end of the last."""
    starts = [first]
    for number in range(8):
        starts.append(starts[-1] + (23 * HOUR if number == 1 else DAY))
    return starts


def test_runs_move_by_the_days_of_the_viewer(data: Path) -> None:
    days = _days(NOON - 7 * DAY - 3 * HOUR)  # today began four hours ago
    now = NOON
    views = store(
        data,
        [
            started("old", -24 * 60),
            ended("old", "COMPLETED", -1),
            started("early", -9 * 60),
            ended("early", "FAILED", -5 * 60),
            started("new", -60),
            started("week-ago", -8 * 24 * 60),
        ],
    )
    with views.read() as connection:
        shown = moving(connection, now, days)
        assert moving(connection, now, days, "another").started == [0] * 8
        for number, (since, until) in enumerate(pairwise(days)):
            for status, numbers in shown.ended.items():
                asked = RunFilter(status=(status,), ended_since=since, ended_until=until)
                assert len(list_runs(connection, asked, now).items) == numbers[number]
    assert shown.started == [0, 0, 0, 0, 0, 0, 2, 1]
    assert shown.ended["completed"] == [0] * 7 + [1]
    assert shown.ended["failed"] == [0] * 6 + [1, 0]
    assert shown.running == [1, 1, 1, 1, 1, 1, 2, 2]
    assert shown.stuck == [0, 0, 1, 1, 1, 1, 1, 1]
    assert (shown.now.running, shown.now.stuck) == (2, 1)


def test_what_is_mandatory_ranks_before_the_score(data: Path) -> None:
    def scored(id_: str, met: bool | None, score: float | None) -> bytes:
        return body(
            "CANDIDATE_ANALYSIS_COMPLETED",
            record=id_,
            externalAnalysisId="job",
            isAllMandatoryRequirementsMet=met,
            totalScoreScaled=score,
        )

    given = {
        "best": (True, 90),
        "good": (True, 20),
        "bare": (True, None),
        "unsure": (None, 99),
        "unfit": (False, 100),
    }
    created = body("ANALYSIS_CREATED", record="batch", externalAnalysisId="job")
    views = store(data, [created, *(scored(i, *v) for i, v in reversed(given.items()))])
    with views.read() as connection:
        cursor, ranked = None, []
        while True:
            asked = AnalysisFilter(analysis="job", limit=2, cursor=cursor)
            page = list_analyses(connection, asked)
            ranked += [row.id for row in page.items]
            if (cursor := page.next_cursor) is None:
                break
        counts = count_analyses(connection, AnalysisFilter(analysis="job"))
        for mandatory, number in counts.items():
            asked = AnalysisFilter(analysis="job", mandatory=mandatory)
            assert len(list_analyses(connection, asked).items) == number
        batch = list_batches(connection, BatchFilter()).items[0]
    assert ranked == list(given)
    assert (batch.candidates, batch.met) == (5, 3)


def test_counts_of_contacts_are_the_lengths_of_the_lists(data: Path) -> None:
    views = store(
        data,
        [
            body("WORKFLOW_CONTACT_RESOLVED", record="run", contactKey="c1"),
            body("WORKFLOW_CONTACT_RESOLUTION_FAILED", record="c2", reason="twins"),
            body("WORKFLOW_CONTACT_RESOLUTION_FAILED", record="c3", reason="twins"),
            body("WORKFLOW_CONTACT_RESOLUTION_SKIPPED", record="run", reason="active"),
        ],
    )
    with views.read() as connection:
        counts = count_contacts(connection, ContactFilter())
        for status, number in counts.statuses.items():
            assert len(list_contacts(connection, ContactFilter(status=(status,))).items) == number
        for status, reason, number in counts.reasons:
            asked = ContactFilter(status=(status,), reason=reason)
            assert len(list_contacts(connection, asked).items) == number
    assert counts.reasons == [("failed", "twins", 2), ("skipped", "active", 1)]


def test_a_workflow_is_known_by_publication_import_or_runs(data: Path) -> None:
    flow = imported({"ask": {"yes": "end"}, "end": {}}, start="ask")
    seen = started("stray", workflowId="unheard", workflowVersionId="u1")
    views = store(data, [flow, seen, started("one"), completed("one", "ask", "yes", 1)])
    with views.read() as connection:
        listed = list_workflows(connection, WorkflowFilter()).items
        detail = workflow(connection, HIRING)
        stray = workflow(connection, "unheard")
    assert [(line.id, line.runs) for line in listed] == [
        (HIRING, {"running": 1}),
        ("unheard", {"running": 1}),
    ]
    assert [(v.version_id, v.runs, v.node_count) for v in detail.versions] == [
        ("flow-hiring-1", 1, 2)
    ]
    assert [v.version_id for v in stray.versions] == ["u1"]


def test_events_are_counted_by_type_and_hour(data: Path) -> None:
    views = store(data, [started("one"), started("two", 1), body("NEW_THING", -60, record="x")])
    with views.read() as connection:
        known = {count.type: (count.count, count.understood) for count in types(connection)}
        assert hourly(connection, NOON + 30 * MINUTE, 3) == [0, 1, 2]
    assert known == {"NEW_THING": (1, False), "WORKFLOW_RUN_STARTED": (2, True)}
