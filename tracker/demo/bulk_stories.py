"""The stories of bulk traffic: one person's run and what surrounds it, as ready-made bytes."""

import random
from typing import Any, Final

import msgspec

from tracker.demo.cast import Person, new_id, person
from tracker.demo.workflows import FLOWS, Flow, Version, choose_outcome
from tracker.timing import DAY, HOUR, to_iso

# An event without its id and times: what stands before the id, what follows the
# opening of `data`, and whether `data` opens with a time of its own.
Step = tuple[bytes, bytes, bool]

# Which share of the people has one of these beside the run.
_WITH_CONVERSATION: Final = 0.35
_WITH_MEETING: Final = 0.22
_WITH_REVIEW: Final = 0.05
_WITH_ANALYSIS: Final = 0.15
_WITH_FAILED_CONTACT: Final = 0.03
_RUN_ENDS: Final = ("COMPLETED",) * 16 + ("FAILED", "CANCELLED")

_WALKS: Final = 300
_SHORTEST_WALK: Final = 1
_LONGEST_WALK: Final = 38
_PEOPLE_IN_AN_ANALYSIS: Final = 50


class Author:
    """Writes the stories of one version of a workflow."""

    def __init__(self, chance: random.Random, flow: Flow, version: Version) -> None:
        self._flow = flow
        self._version = version
        self._walks = [_walk(chance, version) for _ in range(_WALKS)]

    def story(self, chance: random.Random, number: int, moment: int) -> list[Step]:
        """One person's events, the last one first; `moment` is about when they happen."""
        who = person(chance, number, self._flow.organization)
        steps = self._run(chance, who)
        luck = chance.random()
        conversation = new_id(chance)
        if luck < _WITH_CONVERSATION:
            _weave(chance, steps, _conversation(who, conversation, luck < _WITH_REVIEW))
        if luck < _WITH_MEETING:
            _weave(chance, steps, _meeting(who, conversation, new_id(chance), moment))
        if luck < _WITH_ANALYSIS or number % _PEOPLE_IN_AN_ANALYSIS == 0:
            _weave(chance, steps, _analysis(who, number))
        if luck > 1 - _WITH_FAILED_CONTACT:
            steps.insert(0, self._failed_contact(who))
        steps.reverse()
        return steps

    def _run(self, chance: random.Random, who: Person) -> list[Step]:
        common = _fields(
            recordId=new_id(chance),
            organizationId=who.organization.id,
            workflowId=self._flow.id,
            workflowVersionId=self._version.id,
            workflowExternalId=self._flow.external_id,
            candidateProfileId=who.id,
            candidateProfileExternalId=who.external_id,
        )
        alone, opened = common + b"}}", common + b","
        return [
            (_before("WORKFLOW_RUN_STARTED"), alone, True),
            *((_NODE_COMPLETED, opened + node, True) for node in chance.choice(self._walks)),
            (_before(f"WORKFLOW_RUN_{chance.choice(_RUN_ENDS)}"), alone, True),
        ]

    def _failed_contact(self, who: Person) -> Step:
        return _step(
            "WORKFLOW_CONTACT_RESOLUTION_FAILED",
            recordId=f"contact_{who.external_id}",
            organizationId=who.organization.id,
            workflowId=self._flow.id,
            workflowVersionId=self._version.id,
            contact={"name": who.name, "email": who.email},
            reason="No phone number could be read",
        )


def authors(chance: random.Random) -> list[Author]:
    """One author for each version of each workflow."""
    return [Author(chance, flow, version) for flow in FLOWS for version in flow.versions]


def published() -> list[Step]:
    """The publication of every version, the last one first."""
    return [
        _step(
            "WORKFLOW_PUBLISHED",
            recordId=flow.id,
            organizationId=flow.organization.id,
            workflowId=flow.id,
            workflowVersionId=version.id,
            workflowExternalId=flow.external_id,
            name=flow.name,
            version=version.number,
        )
        for flow in FLOWS
        for version in flow.versions
    ]


def _walk(chance: random.Random, version: Version) -> list[bytes]:
    """A way through a graph as ends of bodies; it starts again until it is long enough.

    Most are short and a few very long, which is what storage and folds must cope with.
    """
    wanted = _SHORTEST_WALK + int((_LONGEST_WALK - _SHORTEST_WALK) * chance.random() ** 1.5)
    walk: list[bytes] = []
    node = version.start
    for _ in range(wanted):
        outcome = choose_outcome(chance, node)
        fields = _fields(nodeId=node.id, nodeType=node.type, nodeLabel=node.label, outcome=outcome)
        walk.append(fields + b"}}")
        node = version.nodes[node.routes[outcome]] if node.routes else version.start
    return walk


def _conversation(who: Person, conversation: str, reviewed: bool) -> list[Step]:
    fields = {
        "recordId": conversation,
        "organizationId": who.organization.id,
        "candidateId": who.id,
        "externalId": f"conv-{who.external_id}",
        "externalCampaignId": who.organization.campaigns[0],
        "participantFirstName": who.first_name,
        "participantLastName": who.last_name,
        "campaignConversationUrl": f"https://popp.example.com/conversations/{conversation}",
    }
    answers = [
        {
            "screeningQuestion": "Do you hold a driving licence?",
            "questionOutcome": "PASSED",
            "responseSummary": "Has held one for six years.",
        }
    ]
    review = _step("CONVERSATION_NEEDS_REVIEW", **fields, conversationStatus="ONGOING")
    return [
        _step("CONVERSATION_QUEUED", **fields, conversationStatus=None),
        _step("CONVERSATION_STARTED", **fields, conversationStatus="ONGOING"),
        *([review] if reviewed else []),
        _step(
            "CONVERSATION_COMPLETED",
            **fields,
            conversationStatus="COMPLETED_SCREENING_PASSED",
            scorecardTotalValue=82,
            screeningQuestionsOutcome=answers,
        ),
    ]


def _meeting(who: Person, conversation: str, booking: str, moment: int) -> list[Step]:
    def step(name: str, start: int) -> Step:
        return _step(
            name,
            recordId=booking,
            organizationId=who.organization.id,
            conversationId=conversation,
            externalConversationId=f"conv-{who.external_id}",
            meetingDetails={
                "title": f"Interview with {who.first_name}",
                "startDateTime": to_iso(start),
                "endDateTime": to_iso(start + HOUR // 2),
                "timezone": who.zone,
                "videoConference": True,
                "meetingUrl": f"https://meet.example.com/{booking}",
                "participants": [{"name": who.name, "email": who.email}],
            },
        )

    start = moment // HOUR * HOUR + 2 * DAY
    return [
        step("CALENDAR_MEETING_SCHEDULED", start),
        step("CALENDAR_MEETING_UPDATED", start),
        step("CALENDAR_MEETING_RESCHEDULED", start + DAY),
        step("CALENDAR_NOTE_TAKER_COMPLETED", start + DAY),
    ]


def _analysis(who: Person, number: int) -> list[Step]:
    """The person's score, after the analysis itself for the first person who is in it."""
    job = f"JOB-{who.organization.id}-{number // _PEOPLE_IN_AN_ANALYSIS}"
    created = _step(
        "ANALYSIS_CREATED",
        recordId=f"analysis-{job}",
        organizationId=who.organization.id,
        externalAnalysisId=job,
    )
    licensed = number % 3 > 0
    scored = _step(
        "CANDIDATE_ANALYSIS_COMPLETED",
        recordId=who.id,
        organizationId=who.organization.id,
        externalId=who.external_id,
        externalAnalysisId=job,
        analysisCandidateUrl=f"https://popp.example.com/analyses/analysis-{job}/candidates/{who.id}",
        totalScoreScaled=number % 101,
        isAllMandatoryRequirementsMet=licensed,
        requirementOutcomes=[
            {"requirement": "Driving licence", "isMandatory": True, "isMet": licensed}
        ],
    )
    return [scored] if number % _PEOPLE_IN_AN_ANALYSIS else [created, scored]


def _weave(chance: random.Random, steps: list[Step], others: list[Step]) -> None:
    """Put other steps between a story's steps, in their own order."""
    place = 1
    for other in others:
        place += int(chance.random() * (len(steps) - place))
        steps.insert(place, other)
        place += 1


def _step(event: str, **data: Any) -> Step:
    return _before(event), _fields(**data) + b"}}", event.startswith("WORKFLOW_")


def _before(event: str) -> bytes:
    return b'{"event":"%b","eventId":"' % event.encode()


def _fields(**data: Any) -> bytes:
    """An object's inside: its JSON without the braces."""
    return msgspec.json.encode(data)[1:-1]


_NODE_COMPLETED: Final = _before("WORKFLOW_NODE_COMPLETED")
