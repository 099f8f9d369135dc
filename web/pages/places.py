"""Where a thing of a projection is shown."""

from hashlib import sha256
from urllib.parse import quote

from web.ids import encode_id


def place_of(projection: str, entity: str) -> str:
    """The address of an entity's page, or of the list that holds just it."""
    if projection in {"runs", "conversations", "workflows", "meetings"}:
        # Of meetings the entity may be a conversation: its page leads on to that one.
        return f"/{projection}/{encode_id(entity)}"
    if projection == "contacts":
        return f"/contacts?key={quote(entity, safe='')}"
    if projection == "analyses":
        kind, _, name = entity.partition(":")
        record = quote(name.rpartition("/")[2], safe="")
        return f"/analyses?{'analysis' if kind == 'batch' else 'candidate'}={record}"
    if projection == "erasures":
        return f"/events/id/{encode_id(entity)}"
    return f"/search?q={quote(entity, safe='')}"


def row_of(projection: str, item: str) -> str:
    """The id, within a page, of the row of an item that waits."""
    return f"needs-{projection}-{sha256(item.encode()).hexdigest()[:12]}"
