"""Values of JSON replaced in place: as the json module would, and nothing else touched."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.json_lines.json_edits import Path, edited, with_values

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


def paths_of(value: Any, path: Path = ()) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[Path] = []
    for step, each in inner:
        found.append((*path, step))
        if isinstance(each, dict | list):
            found += paths_of(each, (*path, step))
    return found


@given(OBJECTS, st.data(), st.sampled_from([(",", ":"), (" , ", " :\t")]), st.booleans())
def test_edits_are_what_the_json_module_would_write(
    record: dict[str, Any], data: st.DataObject, separators: tuple[str, str], escapes: bool
) -> None:
    every = paths_of(record)
    paths = data.draw(st.lists(st.sampled_from(every), max_size=3)) if every else []
    outermost = [
        one for one in paths if not any(one != two and one[: len(two)] == two for two in paths)
    ]

    def spelled(value: Any) -> str:
        return json.dumps(value, separators=separators, ensure_ascii=escapes)

    line = spelled(record).encode("utf-8", "surrogatepass")
    found = with_values(line, dict.fromkeys(outermost, b'"new \\" }"'))
    for path in outermost:
        *steps, last = path
        holder: Any = record
        for step in steps:
            holder = holder[step]
        holder[last] = 'new " }'
    assert found == spelled(record).encode("utf-8", "surrogatepass")


def test_a_name_that_is_there_twice_is_replaced_twice() -> None:
    line = b'{"a":"x","b":{"a":"x"},"a":[1,{"c":"}"}]}'
    assert with_values(line, {("a",): b"0"}) == b'{"a":0,"b":{"a":"x"},"a":0}'


def test_an_escaped_name_is_the_same_name() -> None:
    assert with_values(b'{"\\u0061b":"x"}', {("ab",): b"1"}) == b'{"\\u0061b":1}'


def test_lines_without_edits_stay() -> None:
    lines = [b'{ "a" : 1.0 }', b'{"a":2}']
    assert edited(lines, [{}, {("a",): b"3"}]) == [lines[0], b'{"a":3}']
