"""Filters are read once, and what is wrong with them is said by name."""

import pytest

from projections.queries.filters import (
    ContactFilter,
    EventFilter,
    MeetingFilter,
    RunFilter,
    SearchFilter,
    parameter_names,
    parse,
)
from tracker.errors import InvalidInput
from tracker.timing import from_iso


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ([("colour", "red")], "colour"),
        ([("status", "lost")], "status"),
        ([("limit", "0")], "limit"),
        ([("limit", "501")], "limit"),
        ([("limit", "many")], "limit"),
        ([("from", "yesterday")], "from"),
        ([("to", "10000-01-01")], "to"),
        ([("from", "9999-12-31T23:59:59-23:00")], "from"),
        ([("sort", "colour")], "sort"),
        ([("stuck", "perhaps")], "stuck"),
        ([("workflow_id", "a"), ("workflow_id", "b")], "workflow_id"),
        ([("since", "2026-01-01")], "since"),
        ([("workflow_id", "x" * 1001)], "workflow_id"),
    ],
)
def test_a_filter_that_can_not_be_used_is_named(
    parameters: list[tuple[str, str]], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(RunFilter, parameters)
    assert refused.value.field == field
    assert field in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("status", "lost", "“lost”; it can be running, completed, failed or cancelled"),
        ("limit", "0", "“0”; it can be 1 or more"),
        ("limit", "501", "“501”; it can be 500 or less"),
        ("limit", "many", "“many”; it can be a whole number"),
        ("limit", "9" * 5000, f"“{'9' * 100}…”; it can be a smaller number"),
        ("from", "soon", "“soon”; it can be a date or time like 2026-03-01 or "),
        ("stuck", "perhaps", "“perhaps”; it can be true or false"),
        ("workflow_id", "x" * 1001, "…”; it can be at most 1000 characters long"),
        ("sort", "colour", "The sort can't be “colour”; it can be -last_event_at, last_event_at"),
    ],
)
def test_the_refusal_repeats_the_value_and_says_what_it_can_be(
    name: str, value: str, said: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(RunFilter, [(name, value)])
    assert said in str(refused.value)


def test_too_many_values_are_counted() -> None:
    with pytest.raises(InvalidInput, match="given 51 times; it can be given at most 50 times"):
        parse(EventFilter, [("type", "x")] * 51)


def test_an_empty_parameter_is_the_same_as_none() -> None:
    assert parse(RunFilter, [("status", ""), ("workflow_id", ""), ("from", "")]) == RunFilter()


def test_a_status_may_be_given_several_times() -> None:
    assert parse(RunFilter, [("status", "running"), ("status", "failed")]).status == (
        "running",
        "failed",
    )


def test_a_date_alone_stands_for_its_whole_day() -> None:
    asked = parse(MeetingFilter, [("from", "2026-03-01"), ("to", "2026-03-01")])
    assert (asked.since, asked.until) == (from_iso("2026-03-01"), from_iso("2026-03-02"))


def test_a_time_is_read_with_its_offset() -> None:
    asked = parse(MeetingFilter, [("from", "2026-03-01T10:00:00+02:00")])
    assert asked.since == from_iso("2026-03-01T08:00:00Z")


def test_what_was_asked_can_be_asked_again() -> None:
    asked = parse(
        RunFilter,
        [("status", "failed"), ("from", "2026-03-01"), ("stuck", "true"), ("limit", "5")],
    )
    again = asked.parameters()
    assert again == [("status", "failed"), ("stuck", "true"), ("from", "2026-03-01T00:00:00Z")]
    assert parse(RunFilter, again).since == asked.since


def test_positions_beyond_a_column_are_refused() -> None:
    with pytest.raises(InvalidInput):
        parse(EventFilter, [("after", str(2**63))])


def test_parameters_are_named_as_in_an_address() -> None:
    assert {"from", "to", "status", "limit", "cursor"} <= set(parameter_names(ContactFilter))
    assert list(parameter_names(SearchFilter)) == ["q", "limit"]
