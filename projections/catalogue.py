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

# Raise it when what is made of all projections together (tallies, attention, people, search, feed)
# is made another way without a change of its tables.
SHARED_VERSION: Final = 1

# What a generation is made by: one of other versions is made again.
VERSIONS: Final = {**{p.name: p.version for p in PROJECTIONS}, "shared views": SHARED_VERSION}
