"""Conversations and analyses within a story."""

from typing import Any, Final

from tracker.demo.cast import new_id
from tracker.demo.telling import Telling
from tracker.timing import DAY, HOUR, MINUTE, SECOND

QUESTIONS: Final = (
    ("Do you hold a driving licence?", "Has held one for {n} years.", "Is still taking lessons."),
    ("Can you start within four weeks?", "Could start in {n} days.", "Is bound for six months."),
    ("Are you fine with shift work?", "Worked shifts for {n} years.", "Prefers fixed hours."),
)
REQUIREMENTS: Final = (
    ("Right to work", True, "States a valid permit."),
    ("Two years in a similar job", True, "Two jobs in the field since 2022."),
    ("Speaks a second language", False, "Lists Portuguese."),
)

# The events after the queue by which a conversation gets to an outcome, with the
# status each of them reports, and how long it takes at least and at most.
_LATER: Final = {
    "onNotInterested": ("CONVERSATION_COMPLETED", "CLOSED", 10 * MINUTE, 20 * HOUR),
    "onOptedOut": ("CONVERSATION_OPTED_OUT", "CLOSED", 2 * MINUTE, 5 * HOUR),
    "onNoResponse": ("CONVERSATION_MAX_NUDGES_REACHED", "ONGOING", 2 * DAY, 3 * DAY),
    "onNeedsReview": ("CONVERSATION_NEEDS_REVIEW", "ONGOING", 10 * MINUTE, 9 * HOUR),
}
_START_FAILURES: Final = ("The phone number is not in use", "WhatsApp refused the template")


def converse(story: Telling, outcome: str) -> None:
    """One conversation from the queue to an outcome of its node."""
    story.conversation = new_id(story.chance)
    story.conversations += 1
    _tell(story, "CONVERSATION_QUEUED", None)
    story.wait_for_person(20 * SECOND, 40 * MINUTE)
    if outcome == "onDeliveryFailed":
        reason = story.chance.choice(_START_FAILURES)
        _tell(story, "START_CONVERSATION_FAILED", None, reason=reason)
        return
    _tell(story, "CONVERSATION_STARTED", "ONGOING")
    if outcome in _LATER:
        name, status, shortest, longest = _LATER[outcome]
        story.wait_for_person(shortest, longest)
        _tell(story, name, status)
        return
    if story.happens("review", 0.07):
        story.wait_for_person(10 * MINUTE, 3 * HOUR)
        _tell(story, "CONVERSATION_NEEDS_REVIEW", "ONGOING")
    story.wait_for_person(5 * MINUTE, 20 * HOUR)
    _tell_result(story)


def analyse(story: Telling, outcome: str) -> None:
    """The person is compared with a job; an analysis speaks of the person as its record."""
    who = story.who
    analysis = story.world.analysis(who.organization, story.at)
    qualified = outcome != "onNotQualified"
    story.wait(30 * SECOND, 20 * MINUTE)
    met = [qualified or not mandatory for _, mandatory, _ in REQUIREMENTS]
    score = story.chance.randrange(62, 99) if qualified else story.chance.randrange(8, 55)
    story.tell(
        "CANDIDATE_ANALYSIS_COMPLETED",
        who.id,
        {
            "externalId": who.external_id,
            "externalAnalysisId": analysis.external_id,
            "analysisCandidateUrl": (
                f"https://popp.example.com/analyses/{analysis.id}/candidates/{who.id}"
            ),
            "totalScoreScaled": score,
            "isAllMandatoryRequirementsMet": qualified,
            "requirementOutcomes": [
                {"requirement": name, "isMandatory": mandatory, "isMet": is_met}
                | ({"evidence": evidence} if is_met else {})
                for (name, mandatory, evidence), is_met in zip(REQUIREMENTS, met, strict=True)
            ],
        },
    )


def _tell_result(story: Telling) -> None:
    status = "COMPLETED_SCREENING_PASSED" if story.passes else "COMPLETED_SCREENING_FAILED"
    score = story.chance.randrange(60, 100) if story.passes else story.chance.randrange(10, 60)
    years = story.chance.randrange(2, 20)
    answers = [
        {
            "screeningQuestion": question,
            "questionOutcome": "PASSED" if story.passes or number else "FAILED",
            "responseSummary": yes.format(n=years) if story.passes or number else no,
        }
        for number, (question, yes, no) in enumerate(QUESTIONS)
    ]
    _tell(
        story,
        "CONVERSATION_COMPLETED",
        status,
        scorecardTotalValue=score,
        screeningQuestionsOutcome=answers,
    )


def _tell(story: Telling, name: str, status: str | None, **more: Any) -> None:
    who, conversation = story.who, str(story.conversation)
    data: dict[str, Any] = {
        "conversationStatus": status,
        "candidateId": who.id,
        "externalId": external_id(story),
        "externalCampaignId": story.campaign,
        "participantFirstName": who.first_name,
        "participantLastName": who.last_name,
        "campaignConversationUrl": f"https://popp.example.com/conversations/{conversation}",
        "scorecardTotalValue": None,
        "screeningQuestionsOutcome": [],
    }
    story.tell(name, conversation, data | more)


def external_id(story: Telling) -> str:
    """The customer's id of the person's present conversation."""
    return f"conv-{story.who.external_id}-{story.conversations}"
