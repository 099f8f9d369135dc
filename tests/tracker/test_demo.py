"""The demo's traffic: repeatable, complete, coherent, and as untidy as a network."""

import json
from collections import Counter, defaultdict
from itertools import islice, pairwise
from typing import Any

import pytest

from tracker.demo import generator as g
from tracker.demo.bulk import bulk
from tracker.demo.live import trickle
from tracker.demo.workflows import FLOWS
from tracker.envelope import read_envelope, same_fact
from tracker.errors import InvalidEnvelope
from tracker.events import PROVIDER_TYPES, event_type, read_event
from tracker.signing import verify
from tracker.timing import DAY, MINUTE, SECOND, from_iso, to_datetime

NOW = from_iso("2026-11-04T15:00:00Z")
VERSIONS = {version.id: version for flow in FLOWS for version in flow.versions}


@pytest.fixture(scope="module")
def postings() -> list[g.Posting]:
    return g.generate(7, NOW)


@pytest.fixture(scope="module")
def messages(postings: list[g.Posting]) -> list[dict[str, Any]]:
    """What happened, once each, in order of arrival."""
    facts = {g.EVENT, g.LATE, g.ALTERNATIVE}
    return [json.loads(p.body) for p in postings if p.kind in facts]


def test_the_same_seed_gives_the_same_bytes(postings: list[g.Posting]) -> None:
    assert g.generate(7, NOW) == postings
    assert g.generate(8, NOW) != postings


@pytest.mark.parametrize("seed", range(12))
def test_thirty_people_are_enough_for_every_type(seed: int) -> None:
    seen = {read_envelope(p.body).type for p in g.generate(seed, NOW, 30) if p.kind == g.EVENT}
    late = {
        read_envelope(p.body).type
        for p in g.generate(seed, NOW, 30)
        if p.kind in {g.LATE, g.ALTERNATIVE}
    }
    assert seen | late == set(PROVIDER_TYPES)


def test_postings_are_in_order_of_arrival_and_end_now(postings: list[g.Posting]) -> None:
    assert all(a.at <= b.at for a, b in pairwise(postings))
    assert NOW - DAY < postings[-1].at <= NOW
    assert postings[0].at >= NOW - 21 * DAY


def test_envelopes_have_the_documented_fields(messages: list[dict[str, Any]]) -> None:
    for message in messages:
        assert message.keys() == {"event", "eventId", "eventTimestamp", "data"}
        assert message["data"]["recordId"]
        assert message["data"]["organizationId"] in {"org_quillhaven", "org_marrowby"}


def test_only_workflow_events_carry_a_time_of_their_own(messages: list[dict[str, Any]]) -> None:
    for message in messages:
        emitted = message["data"].get("timestamp")
        assert (emitted is not None) is message["event"].startswith("WORKFLOW_")
        if emitted:
            lag = from_iso(message["eventTimestamp"]) - from_iso(emitted)
            assert 0 < lag < SECOND


def test_every_field_is_understood(postings: list[g.Posting]) -> None:
    for posting in postings:
        if posting.kind != g.MALFORMED:
            e = read_envelope(posting.body)
            event = read_event(e.event_id, e.type, "", "", e.occurred_at, posting.body)
            assert event.unreadable == ()


def test_untidiness_is_rare_but_there(postings: list[g.Posting]) -> None:
    kinds = Counter(posting.kind for posting in postings)
    total = len(postings)
    assert 0.03 < kinds[g.LATE] / total < 0.07
    assert 0.01 < kinds[g.DUPLICATE] / total < 0.035
    assert kinds[g.ALTERNATIVE] > 5
    assert all(kinds[kind] == 1 for kind in (g.CONFLICT, g.UNKNOWN, g.MALFORMED, g.FORGED))


def test_a_duplicate_repeats_a_fact_and_a_conflict_contradicts_one(
    postings: list[g.Posting],
) -> None:
    first: dict[str, bytes] = {}
    for posting in postings:
        if posting.kind == g.MALFORMED:
            continue
        event_id = read_envelope(posting.body).event_id
        known = first.setdefault(event_id, posting.body)
        if posting.kind == g.DUPLICATE:
            assert same_fact(known, posting.body)
        elif posting.kind == g.CONFLICT:
            assert not same_fact(known, posting.body)
        else:
            assert known is posting.body


def test_oddities_are_what_they_are_called(postings: list[g.Posting]) -> None:
    odd = {posting.kind: posting for posting in postings}
    assert not event_type(read_envelope(odd[g.UNKNOWN].body).type).understood
    with pytest.raises(InvalidEnvelope):
        read_envelope(odd[g.MALFORMED].body)
    verified = {
        kind: verify(p.body, p.signature("s3cret"), [("live", "s3cret")]) for kind, p in odd.items()
    }
    assert [kind for kind, label in verified.items() if label is None] == [g.FORGED]


def test_runs_go_their_workflow_s_ways(messages: list[dict[str, Any]]) -> None:
    runs = defaultdict(list)
    for message in messages:
        if message["event"] == "WORKFLOW_NODE_COMPLETED" and "nodeId" in message["data"]:
            runs[message["data"]["recordId"]].append(message["data"])
    for steps in runs.values():
        nodes = VERSIONS[steps[0]["workflowVersionId"]].nodes
        for step in steps:
            assert nodes[step["nodeId"]].routes.get(step["outcome"]) == step["nextNodeId"]


def test_references_lead_to_what_they_name(messages: list[dict[str, Any]]) -> None:
    conversations, analyses, people = {}, set(), defaultdict(set)
    for message in messages:
        data = message["data"]
        if "candidateId" in data:
            conversations[data["recordId"]] = data["candidateId"]
        if message["event"] == "ANALYSIS_CREATED":
            analyses.add((data["recordId"], data["externalAnalysisId"]))
        if "candidateProfileId" in data:
            people[data["candidateProfileId"]].add(data["candidateProfileExternalId"])
    assert all(len(external) == 1 for external in people.values())
    assert len(set(conversations.values()) & people.keys()) > 100
    for message in messages:
        data = message["data"]
        if message["event"] == "CANDIDATE_ANALYSIS_COMPLETED":
            in_url = data["analysisCandidateUrl"].split("/")
            assert (in_url[-3], data["externalAnalysisId"]) in analyses
            assert in_url[-1] == data["recordId"]
        if message["event"].startswith("CALENDAR_") and data["conversationId"]:
            assert data["conversationId"] in conversations


def test_meetings_lie_around_now_in_working_hours_of_many_zones(
    messages: list[dict[str, Any]],
) -> None:
    details = [
        message["data"]["meetingDetails"]
        for message in messages
        if message["event"] == "CALENDAR_MEETING_SCHEDULED"
    ]
    starts = [from_iso(detail["startDateTime"]) for detail in details]
    assert any(start < NOW for start in starts)
    assert any(NOW < start < NOW + 4 * DAY for start in starts)
    assert len({detail["timezone"] for detail in details}) > 4
    assert {detail["videoConference"] for detail in details} == {True, False}
    assert all("meetingUrl" in d if d["videoConference"] else "location" in d for d in details)


def test_reschedules_keep_the_booking_s_id_or_bring_a_new_one() -> None:
    booked, kept, replaced = set(), 0, 0
    for posting in g.generate(7, NOW):
        if posting.kind not in {g.EVENT, g.LATE}:
            continue
        message = json.loads(posting.body)
        record = message["data"]["recordId"]
        if message["event"] == "CALENDAR_MEETING_SCHEDULED":
            booked.add(record)
        elif message["event"] == "CALENDAR_MEETING_RESCHEDULED":
            kept += record in booked
            replaced += record not in booked
    assert kept > 0
    assert replaced > 0


def test_many_runs_are_under_way_now(messages: list[dict[str, Any]]) -> None:
    ends = ("WORKFLOW_RUN_COMPLETED", "WORKFLOW_RUN_FAILED", "WORKFLOW_RUN_CANCELLED")
    started = {m["data"]["recordId"] for m in messages if m["event"] == "WORKFLOW_RUN_STARTED"}
    ended = {m["data"]["recordId"] for m in messages if m["event"] in ends}
    assert len(started - ended) > 25
    assert len(started & ended) > 100


def test_weekends_are_quieter(messages: list[dict[str, Any]]) -> None:
    starts = Counter(
        to_datetime(from_iso(message["eventTimestamp"])).weekday() > 4
        for message in messages
        if message["event"] == "WORKFLOW_RUN_STARTED"
    )
    assert starts[True] / 2 < starts[False] / 5 / 2


def test_personal_data_is_invented(messages: list[dict[str, Any]]) -> None:
    text = json.dumps(messages)
    addresses = {word.split('"')[0] for word in text.split("@")[1:]}
    hosts = {url.split("/")[0] for url in text.split("https://")[1:]}
    assert addresses == {"example.com", "example.org"}
    assert hosts == {"popp.example.com", "meet.example.com"}


def test_the_trickle_goes_on_where_the_history_ended(messages: list[dict[str, Any]]) -> None:
    plan = list(islice(trickle(7, NOW), 400))
    assert plan == list(islice(trickle(7, NOW), 400))
    clock, seen = NOW, {message["eventId"]: message for message in messages}
    records = {message["data"]["recordId"] for message in messages}
    known = fresh = 0
    for delay, body in plan:
        clock += int(delay * SECOND)
        envelope = read_envelope(body)
        assert envelope.event_id not in seen
        assert abs(envelope.occurred_at - clock) < 2 * SECOND
        known += envelope.record_id in records
        fresh += envelope.record_id not in records
    assert known > 20
    assert fresh > 20


def test_the_trickle_turns_nodes_done_every_few_seconds() -> None:
    seconds, nodes = 0.0, 0
    for delay, body in islice(trickle(7, NOW, people=0), 1000):
        seconds += delay
        nodes += b'"WORKFLOW_NODE_COMPLETED"' in body
    assert seconds / nodes < 2.5


def test_the_trickle_tells_nothing_of_a_meeting_before_it_took_place() -> None:
    for _, body in islice(trickle(7, NOW), 2000):
        message = json.loads(body)
        if message["event"] == "CALENDAR_NOTE_TAKER_COMPLETED":
            end = message["data"]["meetingDetails"]["endDateTime"]
            assert from_iso(end) <= from_iso(message["eventTimestamp"]) + MINUTE


def test_bulk_is_repeatable_and_counts_different_events() -> None:
    bodies = list(bulk(3, 20_000))
    assert bodies == list(bulk(3, 20_000))
    assert len({read_envelope(body).event_id for body in bodies}) == 20_000
    assert 0.01 < len(bodies) / 20_000 - 1 < 0.03
    assert len(list(bulk(3, 5000, duplicates=0))) == 5000


def test_bulk_has_every_family_about_ten_events_an_entity_and_late_ones() -> None:
    envelopes = [read_envelope(body) for body in bulk(3, 100_000)]
    families = {event_type(e.type).family for e in envelopes}
    assert families == {event_type(name).family for name in PROVIDER_TYPES}
    entities = {(event_type(e.type).family, e.record_id) for e in envelopes}
    assert 7 < len(envelopes) / len(entities) < 13
    late = sum(a.occurred_at > b.occurred_at for a, b in pairwise(envelopes))
    assert 0.03 < late / len(envelopes) < 0.12


def test_bulk_without_disturbance_is_in_order_and_understood() -> None:
    before = 0
    for body in bulk(3, 10_000, late=0, duplicates=0):
        e = read_envelope(body)
        assert e.occurred_at >= before
        before = e.occurred_at
        assert not read_event(e.event_id, e.type, "", "", e.occurred_at, body).unreadable
