"""Which analysis does the link to a candidate's analysis name?

Only that the link holds both ids is documented.
"""

import re
from itertools import pairwise
from urllib.parse import unquote


def analysis_in(url: str, candidate: str) -> str | None:
    """The analysis that a candidate's link names.

    The guess: the part that follows a word like `analysis`, else the nearest part before the
    candidate's id that has a digit.
    """
    path = url.partition("://")[2].partition("/")[2] or url
    parts = [unquote(part) for part in re.split(r"[/?&#=]+", path) if part]
    for name, value in pairwise(parts):
        if "analys" in name.lower() and value != candidate and not _names_candidate(value):
            return value
    before = parts[: parts.index(candidate)] if candidate in parts else []
    return next((part for part in reversed(before) if re.search(r"\d", part)), None)


def _names_candidate(part: str) -> bool:
    return part.lower() in {"candidate", "candidates", "candidateid"}
