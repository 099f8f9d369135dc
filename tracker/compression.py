"""Bodies in less room: an event's bytes, compressed so that exactly the same ones come out again.

DEFLATE finds in a body what it was shown before. It is shown what bodies of this provider look
like, and how the body of this very event probably begins, which the log's columns tell. No
other event's body is needed, and nobody's data is in the words below.

A compressed body begins with a byte with which no JSON begins, and which says how it was made.
What is written here for that byte never changes: bodies that were made so would be lost. A better
way is a new byte.
"""

import zlib
from datetime import UTC, datetime, timedelta
from typing import Final

MARK: Final = b"\x01"

_RAW: Final = -15  # DEFLATE alone: the log has a digest of every body
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = 1000

# What is documented and accepted by name, the rarest first: near words cost less than far ones.
_SHAPES: Final = (
    b'"previousBookingId":"","notesUrl":"https://","reason":"","message":"","errorMessage":"",'
    b'"failureReason":"","cancellationReason":"","skipReason":"","errorCode":"","code":"",'
    b'"runId":"","workflowRunId":"","contactKey":"","contactId":"","contactName":"",'
    b'"resolution":"","resolutionType":"","phone":"+","title":"","version":1,"versionNumber":1}}'
    b'"nodeId":"","error":{"code":"","message":"The '
    b"WORKFLOW_CONTACT_RESOLVED WORKFLOW_CONTACT_RESOLUTION_SKIPPED START_CONVERSATION_FAILED "
    b"CONVERSATION_MAX_NUDGES_REACHED CALENDAR_AVAILABILITY_NOT_FOUND CALENDAR_MORE_TIME_REQUESTED"
    b'"workflowVersionId":"","contact":{"key":"contact-","name":"","email":"@example.com"},'
    b'"resolution":"CREATED","reason":""}}'
    b'"externalId":"","externalAnalysisId":"","analysisCandidateUrl":"https:///analyses/'
    b'/candidates/","totalScoreScaled":0,"isAllMandatoryRequirementsMet":false,'
    b'"requirementOutcomes":[{"requirement":"","isMandatory":true,"isMet":true,"evidence":""},'
    b'{"requirement":"","isMandatory":false,"isMet":false,"evidence":""}]}}'
    b'"conversationId":"","externalConversationId":"","externalCampaignId":"","meetingDetails":'
    b'{"title":"Interview ","startDateTime":"2026-01-01T00:00:00Z","endDateTime":'
    b'"2026-01-01T00:00:00+00:00","endDateTime":"2026-01-01T00:30:00.000Z","timezone":'
    b'"America/Europe/London","location":null,"videoConference":false,"location":"",'
    b'"videoConference":true,"meetingUrl":"https://meet.","participants":[{"name":"","email":'
    b'"@example.com"},{"name":"","email":"@example.com"}]}}}'
    b'"candidateId":"","externalId":"","externalCampaignId":"","participantFirstName":"",'
    b'"participantLastName":"","campaignConversationUrl":"https:///conversations/",'
    b'"conversationStatus":null}}"conversationStatus":"ONGOING"}}"conversationStatus":'
    b'"COMPLETED_SCREENING_FAILED"COMPLETED_SCREENING_PASSED","scorecardTotalValue":0,'
    b'"screeningQuestionsOutcome":[{"screeningQuestion":"Do you ?","questionOutcome":"FAILED",'
    b'"responseSummary":""},{"screeningQuestion":"","questionOutcome":"PASSED",'
    b'"responseSummary":"."}]}}'
)
_WORKFLOW: Final = (
    b'","workflowId":"","workflowVersionId":"","workflowExternalId":"","candidateProfileId":"'
    b'","candidateProfileExternalId":"","nodeId":"","nodeType":"screeningOutreach","nodeLabel":"'
    b'","outcome":"onNotInterested"}}onDeliveryFailed"}}onFailed"}}onPassed"}}onComplete"}}'
    b'","nextNodeId":"'
)


def compressed(
    body: bytes,
    event_id: str,
    type_name: str,
    record_id: str,
    organization_id: str,
    occurred_at: int,
) -> bytes:
    """A body in less room where that is possible, else as it is."""
    words = _words(event_id, type_name, record_id, organization_id, occurred_at)
    press = zlib.compressobj(9, zlib.DEFLATED, _RAW, 8, zlib.Z_DEFAULT_STRATEGY, words)
    smaller = MARK + press.compress(body) + press.flush()
    return smaller if len(smaller) < len(body) or body[:1] == MARK else body


def as_received(
    body: bytes,
    event_id: str,
    type_name: str,
    record_id: str,
    organization_id: str,
    occurred_at: int,
) -> bytes:
    """The bytes that were received, from what the log holds of an event.

    What is damaged stays as it is: it is no JSON, and not what the event's digest says.
    """
    if body[:1] != MARK:
        return body
    try:
        words = _words(event_id, type_name, record_id, organization_id, occurred_at)
        reader = zlib.decompressobj(_RAW, words)
        received = reader.decompress(body[1:])
    except (zlib.error, OverflowError):  # the latter by a time that is no time
        return body
    return received if reader.eof and not reader.unused_data else body


def _words(
    event_id: str, type_name: str, record_id: str, organization_id: str, occurred_at: int
) -> bytes:
    at = _at(occurred_at)
    begins = (
        f'{{"event":"{type_name}","eventId":"{event_id}","eventTimestamp":"{at}",'
        f'"data":{{"timestamp":"{at}","recordId":"{record_id}","organizationId":"{organization_id}'
    )
    return _SHAPES + begins.encode() + _WORKFLOW + f'","timestamp":"{at}"}}}}'.encode()


def _at(moment: int) -> str:
    """The time as it is usually written: with milliseconds, unless it is finer."""
    spec = "microseconds" if moment % _MILLISECOND else "milliseconds"
    written = (_EPOCH + timedelta(microseconds=moment)).isoformat(timespec=spec)
    return written.replace("+00:00", "Z")
