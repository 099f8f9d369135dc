"""What holds for every projection, whatever arrives."""

import random
from collections import defaultdict
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.catalogue import PROJECTIONS
from projections.folding import fold_entity, refold_rows
from projections.projection import ACKNOWLEDGEMENTS, Projection
from tests.projections import shapes
from tracker.events import PROVIDER_TYPES, Event, canonical, event_type, read_event

every_projection = pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda p: p.name)


def entities(projection: Projection, events: list[Event]) -> dict[str, list[Event]]:
    by_key: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        key = projection.entity_of(event)
        if key is not None:
            by_key[key].append(event)
    return by_key


@every_projection
@given(data=st.data())
def test_a_fold_and_all_that_follows_from_its_rows_survives_anything(
    projection: Projection, data: st.DataObject
) -> None:
    events = data.draw(shapes.events(projection.name))
    for key, own in entities(projection, events).items():
        folded = fold_entity(projection, key, own)
        assert folded.broken is None
        assert refold_rows(projection, key, folded.rows) == folded


@every_projection
@given(data=st.data(), shuffler=st.randoms())
def test_rows_depend_on_the_set_of_events_and_not_on_their_order(
    projection: Projection, data: st.DataObject, shuffler: random.Random
) -> None:
    events = data.draw(shapes.events(projection.name))
    for own in entities(projection, events).values():
        shuffled = list(own)
        shuffler.shuffle(shuffled)
        assert projection.fold(canonical(own)) == projection.fold(canonical(shuffled))


@every_projection
@given(data=st.data())
def test_every_row_names_its_entity_fits_its_table_and_is_written_as_json(
    projection: Projection, data: st.DataObject
) -> None:
    tables = {table.row: table for table in projection.tables}
    events = data.draw(shapes.events(projection.name))
    for key, own in entities(projection, events).items():
        for row in projection.fold(canonical(own)):
            assert getattr(row, tables[type(row)].entity) == key
            for value in msgspec.structs.astuple(row):
                assert not isinstance(value, int) or abs(value) < 2**63
            text = msgspec.json.encode(row)
            assert msgspec.json.decode(text, type=type(row)) == row


@every_projection
def test_events_without_any_field_give_rows(projection: Projection) -> None:
    for number, name in enumerate(sorted(projection.hears)):
        for body in (b'{"data":null}', b'{"data":{}}', _with_nulls(name)):
            event = read_event(f"e{number}", name, "record", "org", number, body)
            key = projection.entity_of(event)
            assert key is not None
            folded = fold_entity(projection, key, [event])
            assert folded.broken is None
            assert folded.rows or projection.name == "erasures"  # which makes a row an identity


def _with_nulls(name: str) -> bytes:
    fields = msgspec.structs.fields(event_type(name).payload)
    return msgspec.json.encode({"data": {field.encode_name: None for field in fields}})


@every_projection
def test_an_entity_that_was_only_acknowledged_has_no_rows(projection: Projection) -> None:
    names = sorted(ACKNOWLEDGEMENTS)
    about: dict[str, Any] = {"projection": projection.name, "entity": "x", "item": "y"}
    body = msgspec.json.encode({"data": about})
    events = [read_event(name, name, "x", "org", 0, body) for name in names]
    assert [projection.entity_of(event) for event in events] == ["x", "x"]
    assert not list(projection.fold(canonical(events)))


@every_projection
@pytest.mark.parametrize("entity", ["", None, 7.5])
def test_an_acknowledgement_that_names_no_entity_belongs_to_none(
    projection: Projection, entity: object
) -> None:
    body = msgspec.json.encode({"data": {"projection": projection.name, "entity": entity}})
    event = read_event("e", "TRACKER_ACKNOWLEDGED", "x", "org", 0, body)
    assert projection.entity_of(event) is None


def test_every_type_of_the_provider_is_heard_by_a_projection() -> None:
    heard = frozenset().union(*(projection.hears for projection in PROJECTIONS))
    assert heard >= set(PROVIDER_TYPES)


def test_projections_and_their_tables_have_names_of_their_own() -> None:
    names = [projection.name for projection in PROJECTIONS]
    tables = [table.name for projection in PROJECTIONS for table in projection.tables]
    assert len(set(names)) == len(names) == 7
    assert len(set(tables)) == len(tables)


@every_projection
def test_keys_and_indexes_name_columns_of_their_table(projection: Projection) -> None:
    for table in projection.tables:
        columns = set(table.row.__struct_fields__)
        assert set(table.common) <= columns
        own = columns - set(table.common) | ({"common"} if table.common else set())
        for names in (table.key, (table.entity,), *table.indexes):
            assert set(names) <= own
