"""One member taken out of an object by a look at the bytes around it, as parsing would."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.json_lines.json_bytes import without
from dataselect.data.json_lines.raw_members import cut_out, without_member

NAMES = st.sampled_from(["a", "nbest", 'n"b', "nbest ", "été", "rescored"])
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), NAMES, st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
SPELLINGS = st.fixed_dictionaries(
    {
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :"), (",  ", ":  ")]),
        "ensure_ascii": st.booleans(),
    }
)


@given(st.dictionaries(NAMES, VALUES, max_size=4), SPELLINGS)
def test_a_member_is_taken_out_as_by_parsing_or_left_to_others(
    record: dict[str, object], spelling: dict[str, object]
) -> None:
    line = json.dumps(record, **spelling).encode(errors="surrogatepass")  # type: ignore[arg-type]
    found = without_member(line, "nbest")
    if found is not None:
        assert found == without([line], ["nbest"])[0]
        assert json.loads(found) == {name: record[name] for name in record if name != "nbest"}


@pytest.mark.parametrize(
    ("line", "shorter"),
    [
        ('{"nbest":[1]}', "{}"),
        ('{"nbest": null,"a":1}', '{"a":1}'),
        ('{"a":1,"nbest":"]}"}', '{"a":1}'),
        ('{"a":1, "nbest": {"x":"}"}, "b":2}', '{"a":1, "b":2}'),
        ('{"a":{"nbest":3}}', '{"a":{"nbest":3}}'),
        ('{"nbest":1,"nbest":2}', None),
        ('{"a":"\\"nbest\\"","nbest":2}', '{"a":"\\"nbest\\""}'),
        ('{"nb\\u0065st":1,"a":{"nbest":2}}', None),
        ('{"a":"nbest","nbest":1}', None),
    ],
)
def test_usual_lines_are_shortened(line: str, shorter: str | None) -> None:
    assert without_member(line.encode(), "nbest") == (shorter and shorter.encode())


RECORD = st.builds(
    lambda before, value, after: {**before, "nbest": value, **after},
    st.dictionaries(NAMES, VALUES, max_size=2),
    st.lists(VALUES, max_size=3),
    st.dictionaries(NAMES.filter(lambda name: name != "nbest"), VALUES, max_size=2),
)


@given(st.lists(RECORD, min_size=1, max_size=3), SPELLINGS)
def test_members_of_known_size_are_cut_out_as_by_parsing_or_left_to_others(
    records: list[dict[str, object]], spelling: dict[str, object]
) -> None:
    lines = [json.dumps(each, **spelling).encode(errors="surrogatepass") for each in records]  # type: ignore[arg-type]
    values = [json.dumps(each["nbest"], **spelling) for each in records]  # type: ignore[arg-type]
    sizes = [len(value.encode(errors="surrogatepass")) for value in values]
    found = cut_out(b"\n".join([*lines, b""]), "nbest", sizes)
    if found is not None:
        assert found.split(b"\n") == [*without(lines, ["nbest"]), b""]


@pytest.mark.parametrize(
    ("lines", "shorter"),
    [
        ('{"nbest":[1],"a":2}\n{"a":2,"nbest":[3]}\n', '{"a":2}\n{"a":2}\n'),
        ('{"a":1, "nbest": [1], "b":2}\n{"b":"é", "nbest": [3]}\n', '{"a":1, "b":2}\n{"b":"é"}\n'),
        ('{"a":"\\u00e9","nbest":[1]}\n{"a":0,"nbest":[3]}\n', '{"a":"\\u00e9"}\n{"a":0}\n'),
        ('{"a":"\\u0061","nbest":[1]}\n{"a":0,"nbest":[3]}\n', None),
        ('{"a":"nbest","nbest":[1]}\n{"a":0,"nbest":[3]}\n', None),
        ('{"nbest":[1]}\n{"a":0,"nbest":[3]}\n', None),
        ('{"a":0, "nbest" :[1]}\n{"a":0,"nbest":[3]}\n', None),
        ('{"a":0,"nbest":  [1]}\n{"a":0,"nbest":[3]}\n', None),
        ('{"a":0,"nbest":[1] }\n{"a":0,"nbest":[3]}\n', None),
    ],
)
def test_usual_blocks_are_cut_at_once(lines: str, shorter: str | None) -> None:
    found = cut_out(lines.encode(), "nbest", [3, 3])
    assert found == (shorter and shorter.encode())
