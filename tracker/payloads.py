"""What is read from an event's `data`, type by type.

Every field is optional and unknown fields are ignored, because the provider's
documentation leaves much open. Where a name is unknown or has been spelled in
several ways, the accepted names stand beside the field (`also`), in order of
preference; a dot steps into an object. A value of the wrong kind is left out
and its path reported, so that one odd field never hides the others.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

import msgspec


def also(*names: str) -> msgspec.Meta:
    """Further names under which a field is accepted, in order of preference."""
    return msgspec.Meta(extra={"also": names})


# An empty text is an absent one: the fast way of reading refuses it, the tolerant one knows.
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Part(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An object inside a payload."""


class Payload(Part, frozen=True, kw_only=True):
    """The two fields that every payload has (documented)."""

    record_id: Text | None = None
    organization_id: Text | None = None


class ScreeningAnswer(Part, frozen=True, kw_only=True):
    """One screening question with its outcome, PASSED or FAILED (documented)."""

    screening_question: Text | None = None
    question_outcome: Text | None = None
    response_summary: Text | None = None


class Conversation(Payload, frozen=True, kw_only=True):
    """Conversation events (documented; the reason of a failed start is not)."""

    conversation_status: Text | None = None
    candidate_id: Text | None = None
    external_id: Text | None = None
    external_campaign_id: Text | None = None
    participant_first_name: Annotated[Text | None, also("participantFirsName")] = None
    participant_last_name: Text | None = None
    campaign_conversation_url: Text | None = None
    scorecard_total_value: float | None = None
    screening_questions_outcome: tuple[ScreeningAnswer, ...] | None = None
    reason: Annotated[
        Text | None, also("failureReason", "errorMessage", "error.message", "error")
    ] = None


class Requirement(Part, frozen=True, kw_only=True):
    """One requirement of an analysis and whether the candidate meets it (documented)."""

    requirement: Text | None = None
    is_mandatory: bool | None = None
    is_met: bool | None = None
    evidence: Text | None = None


class AnalysisCreated(Payload, frozen=True, kw_only=True):
    """ANALYSIS_CREATED; its fields beyond the common two are unknown."""

    external_id: Annotated[Text | None, also("externalAnalysisId", "analysisExternalId")] = None
    title: Annotated[Text | None, also("name", "jobTitle", "job.title")] = None


class CandidateAnalysis(Payload, frozen=True, kw_only=True):
    """CANDIDATE_ANALYSIS_COMPLETED (documented; `analysisId` is a guess)."""

    analysis_id: Annotated[Text | None, also("analysis.id")] = None
    external_id: Text | None = None
    external_analysis_id: Annotated[Text | None, also("analysisExternalId")] = None
    analysis_candidate_url: Text | None = None
    total_score_scaled: float | None = None
    is_all_mandatory_requirements_met: bool | None = None
    requirement_outcomes: tuple[Requirement, ...] | None = None


class Participant(Part, frozen=True, kw_only=True):
    """A person invited to a meeting, interviewers included (documented)."""

    name: Text | None = None
    email: Text | None = None


class MeetingDetails(Part, frozen=True, kw_only=True):
    """When, where and with whom (documented)."""

    title: Text | None = None
    start_date_time: Text | None = None
    end_date_time: Text | None = None
    timezone: Text | None = None
    location: Text | None = None
    video_conference: bool | None = None
    meeting_url: Text | None = None
    participants: tuple[Participant, ...] | None = None


class Meeting(Payload, frozen=True, kw_only=True):
    """Scheduling events (documented; the last three fields are guesses)."""

    conversation_id: Text | None = None
    external_conversation_id: Text | None = None
    external_campaign_id: Text | None = None
    meeting_details: MeetingDetails | None = None
    previous_booking_id: Annotated[
        Text | None, also("previousRecordId", "originalBookingId", "rescheduledFromId")
    ] = None
    reason: Annotated[Text | None, also("cancellationReason", "message")] = None
    notes_url: Annotated[Text | None, also("noteTakerUrl", "notes.url", "meetingNotesUrl")] = None


class Workflow(Payload, frozen=True, kw_only=True):
    """Common fields of workflow events (documented; some are left out on some types)."""

    workflow_id: Text | None = None
    workflow_version_id: Text | None = None
    workflow_external_id: Text | None = None
    candidate_profile_id: Text | None = None
    candidate_profile_external_id: Text | None = None


class NodeCompleted(Workflow, frozen=True, kw_only=True):
    """WORKFLOW_NODE_COMPLETED; the node's fields are unknown, these names are accepted."""

    node_id: Annotated[Text | None, also("node.id", "nodeKey", "node.key")] = None
    node_type: Annotated[Text | None, also("node.type")] = None
    label: Annotated[Text | None, also("nodeLabel", "node.label", "nodeName", "node.name")] = None
    outcome: Annotated[
        Text | None, also("nodeOutcome", "routingEvent", "node.outcome", "result")
    ] = None
    next_node_id: Annotated[Text | None, also("nextNode.id", "nextNodeKey")] = None


class RunEnded(Workflow, frozen=True, kw_only=True):
    """The end of a run; where and why are unknown, these names are accepted."""

    reason: Annotated[
        Text | None,
        also(
            "failureReason",
            "cancellationReason",
            "errorMessage",
            "error.message",
            "error",
            "message",
        ),
    ] = None
    code: Annotated[Text | None, also("errorCode", "failureCode", "error.code")] = None
    node_id: Annotated[Text | None, also("node.id", "nodeKey", "failedNodeId")] = None


class Contact(Workflow, frozen=True, kw_only=True):
    """Contact resolution events; their own fields are unknown, these names are accepted."""

    run_id: Annotated[Text | None, also("workflowRunId", "run.id", "existingRunId")] = None
    contact_key: Annotated[Text | None, also("contact.key", "contactId", "contact.id")] = None
    contact_name: Annotated[Text | None, also("contact.name", "name")] = None
    node_id: Annotated[Text | None, also("node.id", "nodeKey")] = None
    resolution: Annotated[
        Text | None, also("resolutionType", "resolvedBy", "method", "contact.resolution")
    ] = None
    reason: Annotated[
        Text | None,
        also("failureReason", "skipReason", "errorMessage", "error.message", "error", "message"),
    ] = None


class Published(Workflow, frozen=True, kw_only=True):
    """WORKFLOW_PUBLISHED; its own fields are unknown, these names are accepted."""

    name: Annotated[Text | None, also("workflowName", "title", "workflow.name")] = None
    version_number: Annotated[int | None, also("version", "workflowVersion")] = None


class Target(Payload, frozen=True, kw_only=True):
    """An internal event about one item of one entity of one projection."""

    projection: Text | None = None
    entity: Text | None = None
    item: Text | None = None
    actor: Text | None = None


class Imported(Payload, frozen=True, kw_only=True):
    """A workflow's configuration, imported by a person."""

    workflow_id: Text | None = None
    workflow_version_id: Text | None = None
    name: Text | None = None
    configuration: Text | None = None
    actor: Text | None = None


class Test(Payload, frozen=True, kw_only=True):
    """A test delivery of our own, and the address that it was posted to."""

    via: Text | None = None


class RedactedBody(Part, frozen=True, kw_only=True):
    """An event whose body was overwritten, and the SHA-256 in hex of what stands there since."""

    event_id: Text | None = None
    digest: Text | None = None


class Erased(Payload, frozen=True, kw_only=True):
    """A person who was forgotten: the ids by which events named that person, and no more.

    `records` are the runs, bookings and contacts of that person (`run:ID`), `entities` what
    the views filed the events under (`projection:key`), `bodies` what was overwritten.
    """

    identities: tuple[str, ...] | None = None
    records: tuple[str, ...] | None = None
    entities: tuple[str, ...] | None = None
    bodies: tuple[RedactedBody, ...] | None = None
    actor: Text | None = None
    reason: Text | None = None


class ErasureLifted(Payload, frozen=True, kw_only=True):
    """An erasure that no longer holds for what comes; the record is the erasure's event id."""

    entities: tuple[str, ...] | None = None
    actor: Text | None = None
    reason: Text | None = None


class Kept(StrEnum):
    """How a value must look to stay when its person is erased."""

    ID = "id"
    WORD = "word"  # a status or an outcome: one word, so that no sentence hides in it
    TIME = "time"
    ZONE = "zone"
    NUMBER = "number"  # also a truth value
    PART = "part"  # an object, or several, of which the same is asked


# What stays of an event when its person is erased. Whatever is not listed goes: names,
# addresses, texts, links, places, and every field that is not known.
KEPT: Final[Mapping[type[Part], Mapping[str, Kept]]] = {
    ScreeningAnswer: {"question_outcome": Kept.WORD},
    Conversation: {
        "conversation_status": Kept.WORD,
        "candidate_id": Kept.ID,
        "external_id": Kept.ID,
        "external_campaign_id": Kept.ID,
        "scorecard_total_value": Kept.NUMBER,
        "screening_questions_outcome": Kept.PART,
    },
    Requirement: {"is_mandatory": Kept.NUMBER, "is_met": Kept.NUMBER},
    CandidateAnalysis: {
        "analysis_id": Kept.ID,
        "external_id": Kept.ID,
        "external_analysis_id": Kept.ID,
        "total_score_scaled": Kept.NUMBER,
        "is_all_mandatory_requirements_met": Kept.NUMBER,
        "requirement_outcomes": Kept.PART,
    },
    MeetingDetails: {
        "start_date_time": Kept.TIME,
        "end_date_time": Kept.TIME,
        "timezone": Kept.ZONE,
        "video_conference": Kept.NUMBER,
    },
    Meeting: {
        "conversation_id": Kept.ID,
        "external_conversation_id": Kept.ID,
        "external_campaign_id": Kept.ID,
        "meeting_details": Kept.PART,
        "previous_booking_id": Kept.ID,
    },
    Workflow: {
        "workflow_id": Kept.ID,
        "workflow_version_id": Kept.ID,
        "workflow_external_id": Kept.ID,
        "candidate_profile_id": Kept.ID,
        "candidate_profile_external_id": Kept.ID,
    },
    NodeCompleted: {
        "node_id": Kept.ID,
        "node_type": Kept.WORD,
        "outcome": Kept.WORD,
        "next_node_id": Kept.ID,
    },
    RunEnded: {"code": Kept.WORD, "node_id": Kept.ID},
    Contact: {
        "run_id": Kept.ID,
        "contact_key": Kept.ID,
        "node_id": Kept.ID,
        "resolution": Kept.WORD,
    },
}
