"""Fields of records: paths to them, and what is said of one that is missing or bad."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data import records
from dataselect.data.field_paths import value_at
from dataselect.data.fields import Column
from dataselect.data.files.line_blocks import Block

LHOTSE = {
    "id": "cut-1",
    "start": 0.5,
    "supervisions": [
        {"id": "sup-1", "text": "play jazz", "custom": {"snr": 20}},
        {"id": "sup-2", "text": "stop"},
    ],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("start", 0.5),
        ("supervisions.0.text", "play jazz"),
        ("supervisions.1.text", "stop"),
        ("supervisions.-1.text", "stop"),
        ("supervisions.-2.text", "play jazz"),
        ("supervisions.0.custom.snr", 20),
    ],
)
def test_a_path_leads_into_objects_and_lists(path: str, value: object) -> None:
    assert value_at(LHOTSE, path) == value


@pytest.mark.parametrize(
    "path",
    [
        "text",
        "start.0",
        "id.0",
        "supervisions.2.text",
        "supervisions.-3.text",
        "supervisions.text",
        "supervisions.0x.text",
        "supervisions.+1.text",
        "supervisions. 1.text",
        "supervisions.٠.text",
        "supervisions..text",
        f"supervisions.{'9' * 5000}.text",
    ],
)
def test_a_path_that_leads_nowhere(path: str) -> None:
    assert Column.optional(path).find(LHOTSE) is None
    with pytest.raises((KeyError, TypeError)):
        value_at(LHOTSE, path)


def test_a_name_with_dots_goes_before_a_path() -> None:
    record = {"meta.text": "by name", "meta": {"text": "by path"}, "a.0": 1, "a": [2]}
    assert value_at(record, "meta.text") == "by name"
    assert value_at(record, "a.0") == 1


_NAMES = st.text(st.characters(exclude_characters=".", codec="utf-8"))
_VALUES = st.recursive(
    st.integers(), lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner), max_leaves=20
)


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for step, inner in steps:
        own = (*path, str(step))
        found += [(own, inner), *(_paths(inner, own) if isinstance(inner, dict | list) else [])]
    return found


@given(st.dictionaries(_NAMES, _VALUES))
def test_every_value_of_a_record_has_a_path(record: dict[str, Any]) -> None:
    for path, value in _paths(record):
        assert value_at(record, ".".join(path)) is value


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("text", "there are 'supervisions.0.text', 'id', 'start', 'supervisions'"),
        ("utterance", "there are 'id', 'start', 'supervisions'"),
        ("supervisions.0.txt", "are 'supervisions.0.id', 'supervisions.0.text', 'supervisions.0.c"),
        ("supervisions.text", "there are 'supervisions.0.text', 'supervisions.0.id', 'superv"),
        ("supervisions.5.text", "there are 'supervisions.0.text', 'supervisions.0.id', 'superv"),
        ("snr", "there are 'supervisions.0.custom.snr', 'id', 'start', 'supervisions')"),
        ("start.0", "there are 'id', 'start', 'supervisions')"),
    ],
)
def test_a_missing_field_tells_those_that_are_there(path: str, there: str) -> None:
    with pytest.raises(ValueError, match="is missing; name another with --text-field") as found:
        Column.text(path).get(LHOTSE)
    assert there in str(found.value)


def test_of_many_fields_some_are_told() -> None:
    record = {f"field{number}": number for number in range(30)} | {"x" * 50: {"text": "a"}}
    with pytest.raises(ValueError, match="there are") as found:
        Column.text("text").get(record)
    told = str(found.value).partition("(there are ")[2]
    assert told.startswith(f"'{'x' * 40}...', 'field0', 'field1', 'field2'")
    assert told.endswith("'field6' and 24 more)")


def test_a_column_of_paths_is_read_with_the_reason_of_each_bad_record() -> None:
    lines = [json.dumps(LHOTSE), '{"supervisions": []}', '{"supervisions": [{"text": ""}]}']
    column = Column.text("supervisions.0.text")
    found = records.read(Block("a", 1, "\n".join([*lines, ""]).encode()), [column])
    assert found.columns == [["play jazz"]]
    assert [each.reason.partition(";")[0] for each in found.bad] == [
        "field 'supervisions.0.text' is missing",
        "field 'supervisions.0.text' is empty",
    ]


def test_text_of_another_role_is_where_it_is_said_to_be_or_where_it_is_usual() -> None:
    record = {"text": "a", "pred_text": "b", "gold": "c"}
    assert Column.text_of("--in-domain", "gold", "pred_text").get(record) == "c"
    usual = Column.text_of("--in-domain", None, "pred_text")
    assert [usual.get(record), usual.get({"text": "a"})] == ["b", "a"]
    with pytest.raises(ValueError, match=r"'pred_text' or 'text' is missing.*--in-domain-field"):
        usual.get({"gold": "c"})
    assert Column.text_of("--in-domain", None, "text").is_plain
