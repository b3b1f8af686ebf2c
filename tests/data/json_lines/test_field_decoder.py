"""Strings of records decoded without the rest: accepted is only what line by line is accepted."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dataselect.data.json_lines.field_decoder import Wanted, decode_fields
from dataselect.data.json_lines.json_values import parse

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.builds(
    lambda others, text: {**others, "text": text},
    st.dictionaries(st.sampled_from(["id", "te", "é", "relevance", ""]), VALUES),
    st.text(),
)
PIECES = [
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b":", b",", b" ", b"\t", b"\r", b"\n", b"\\u", b"/"),
    *(b'"text"', b'"a"', b"1", b"01", b"-", b".", b"e5", b"1e400", b"9" * 30, b"NaN", b"null"),
    *(b"true", b"tru", b"\\ud800", b"\\udc00", b"\\x", b"\x00", b"\x1f", b"\x7f", b"\xc3\xa9"),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"}\n{", b'","text":"'),
]
WRONG = [
    b"\n",
    b'{"text":"a"}\n\n{"text":"b"}\n',
    b'{"text":"a"}{"text":"b"}\n',
    b'{"text":\n"a"}\n{"text":"b"}{"text":"c"}\n',
    b'["text"]\n',
    b'{"id":"a"}\n',
    b'{"text":null}\n',
    b'{"text":"a","id":"\xff"}\n',
    b'{"text":"a","n":01}\n',
    b'\xef\xbb\xbf{"text":"a"}\n',
    b'{"text":"\\ud800"}\n',
    b'{"text":"a"} \n',
    b'{"text":"a","deep":' + b"[" * 1025 + b"]" * 1025 + b"}\n",
]


def line_by_line(data: bytes) -> list[dict[str, Any]] | None:
    try:
        return [parse(line) for line in data.split(b"\n")[:-1]]
    except ValueError:
        return None


def spelled(record: dict[str, Any], ascii_only: bool) -> bytes:
    return json.dumps(record, ensure_ascii=ascii_only).encode() + b"\n"


@given(st.lists(RECORDS, min_size=1, max_size=4), st.booleans())
@example([{"text": "a", "n": 10**400}], True)
def test_strings_are_what_a_parser_gives(given_: list[dict[str, Any]], ascii_only: bool) -> None:
    data = b"".join(spelled(record, ascii_only) for record in given_)
    parsed = line_by_line(data)
    assert parsed is not None
    found = decode_fields(data, [("text", "string")], [])
    assert found is not None
    assert list(found[0]) == data.split(b"\n")[:-1]
    assert found[1] == [[record["text"] for record in parsed]]


@given(
    st.lists(RECORDS, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4), st.sampled_from(PIECES))),
    st.sampled_from([(), ("relevance",), ("id", "é")]),
)
def test_what_is_accepted_would_be_accepted_line_by_line(
    given_: list[dict[str, Any]], edits: list[tuple[int, int, bytes]], absent: tuple[str, ...]
) -> None:
    data = b"".join(spelled(record, ascii_only=False) for record in given_)
    for place, size, piece in edits:
        start = place % len(data)
        data = data[:start] + piece + data[start + size :]
    data += b"" if data.endswith(b"\n") else b"\n"
    found = decode_fields(data, [("text", "string")] * 2, absent)
    if found is None:
        return
    parsed = line_by_line(data)
    assert parsed is not None
    assert list(found[0]) == data.split(b"\n")[:-1]
    assert found[1] == [[record["text"] for record in parsed]] * 2
    assert all(set(absent).isdisjoint(record) for record in parsed)


@given(st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), min_size=1))
@example([9007199254740993, -(2**63), 2**64 + 1, 5e-324, 1.7976931348623157e308])
def test_numbers_are_those_of_a_parser(numbers: list[float]) -> None:
    data = b"".join(spelled({"n": number}, ascii_only=True) for number in numbers)
    parsed = line_by_line(data)
    assert parsed is not None
    found = decode_fields(data, [("n", "number")], [])
    assert found is not None
    assert found[1] == [[float(record["n"]) for record in parsed]]


@pytest.mark.parametrize("value", ["true", "null", '"1"', "[1]", "1e400", "-1e999"])
def test_what_is_no_number(value: str) -> None:
    data = b'{"n":%b}\n' % value.encode()
    assert decode_fields(data, [("n", "number")], []) is None


def test_a_string_that_may_be_missing() -> None:
    lines = b'{"text":"a"}\n{"id":null,"text":"b"}\n{"text":"c","id":"1"}\n'
    found = decode_fields(lines, [("id", "string?"), ("text", "string")], [])
    assert found is not None
    assert found[1] == [[None, None, "1"], ["a", "b", "c"]]
    assert decode_fields(b'{"id":1}\n', [("id", "string?")], []) is None


@pytest.mark.parametrize("empty", [b"{}", b"{ \t}"])
def test_objects_without_fields_are_left_to_the_parser(empty: bytes) -> None:
    optional: list[Wanted] = [("id", "string?")]
    lines = b'{"id":"1"}\n%b\n' % empty
    assert decode_fields(lines, optional, []) is None
    found = decode_fields(b'{"n":%b}\n' % empty, optional, [])
    assert found is not None
    assert found[1] == [[None]]


def test_a_number_that_may_be_missing() -> None:
    lines = b'{"n":1}\n{"n":null}\n{"id":"a"}\n{"n":-2.5}\n'
    found = decode_fields(lines, [("n", "number?")], [])
    assert found is not None
    assert found[1] == [[1.0, None, None, -2.5]]
    assert decode_fields(b'{"n":"1"}\n', [("n", "number?")], []) is None
    assert decode_fields(b'{"n":true}\n', [("n", "number?")], []) is None


@pytest.mark.parametrize("data", WRONG)
def test_what_is_left_to_the_parser(data: bytes) -> None:
    assert decode_fields(data, [("text", "string")], []) is None


def test_a_field_that_should_be_absent() -> None:
    lines = b'{"text":"a"}\n{"text":"b","relev\\u0061nce":1}\n'
    assert decode_fields(lines, [("text", "string")], ["dropped"]) is not None
    assert decode_fields(lines, [("text", "string")], ["relevance", "dropped"]) is None


@pytest.mark.parametrize("name", ['a"b', "a\\b", "\ud800", "a\n"])
def test_names_that_the_decoder_cannot_have(name: str) -> None:
    assert decode_fields(b'{"text":"a"}\n', [(name, "string")], []) is None
    assert decode_fields(b'{"text":"a"}\n', [("text", "string")], [name]) is None
