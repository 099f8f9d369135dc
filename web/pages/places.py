"""Where a thing of a projection is shown."""

from urllib.parse import quote

from web.ids import encode_id


def place_of(projection: str, entity: str) -> str:
    """The address of an entity's page, or of the list that holds just it."""
    if projection in {"runs", "conversations", "workflows"}:
        return f"/{projection}/{encode_id(entity)}"
    if projection == "meetings":
        return f"/conversations/{encode_id(entity)}"
    if projection == "contacts":
        return f"/contacts?key={quote(entity, safe='')}"
    if projection == "analyses":
        kind, _, name = entity.partition(":")
        record = quote(name.rpartition("/")[2], safe="")
        return f"/analyses?{'analysis' if kind == 'batch' else 'candidate'}={record}"
    return f"/search?q={quote(entity, safe='')}"
