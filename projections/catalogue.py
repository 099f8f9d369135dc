"""Every projection, in the order in which they are listed, built and compared.

To add one, write its file and name it here; nothing else keeps a list.
"""

from typing import Final

from projections import analyses, contacts, conversations, erasures, meetings, runs, workflows
from projections.projection import Projection

PROJECTIONS: Final[tuple[Projection, ...]] = (
    conversations.PROJECTION,
    analyses.PROJECTION,
    meetings.PROJECTION,
    runs.PROJECTION,
    contacts.PROJECTION,
    workflows.PROJECTION,
    erasures.PROJECTION,
)
