"""Lines in one piece of bytes: the same lines, and the same output, as a list of them."""

import numpy as np
import pytest

from dataselect.data.json_lines.json_bytes import Fields, annotate, without_fields
from dataselect.data.json_lines.object_lines import ObjectLines

LINES = [b'{"text":"a"}', b'{ "text": "}" }', b'{"relevance":0.5,"text":"b","n":{"m":{}}}']
SCORES: Fields = {"relevance": [b"0.25", b"1e-9", b"1.0"], "why": [b"[]", b"null", b'"x"']}


def joined(lines: list[bytes], lacks: list[str]) -> ObjectLines:
    return ObjectLines(b"".join([line + b"\n" for line in lines]), len(lines), lacks)


@pytest.mark.parametrize("lacks", [[], ["relevance"], ["relevance", "why"]])
@pytest.mark.parametrize("fields", [{}, SCORES])
def test_fields_are_added_as_to_a_list(lacks: list[str], fields: Fields) -> None:
    lines = LINES[:2] if lacks else LINES  # the third has what the others lack
    own = {name: values[: len(lines)] for name, values in fields.items()}
    assert annotate(joined(lines, lacks), own) == annotate(lines, own)


@pytest.mark.parametrize("line", [b'{"text":"100 %"}', b'{"%b":"%%"}', b'{"a":"\x01"}', b"{} "])
def test_whatever_is_in_a_line_stays(line: bytes) -> None:
    start = line.rstrip().removesuffix(b"}")
    member = b'"%d":"%s"' if start == b"{" else b',"%d":"%s"'
    expected = b"%b%b}%b\n" % (start, member, b" " * line.endswith(b" "))
    assert annotate([b'{"a":1}', line], {"%d": [b"0", b'"%s"']}) == b'{"a":1,"%d":0}\n' + expected


def test_fields_that_may_be_there_are_taken_away() -> None:
    found = without_fields(joined(LINES, ["why"]), ["relevance", "why"])
    assert list(found) == without_fields(LINES, ["relevance", "why"])
    same = joined(LINES[:2], ["relevance", "why"])
    assert without_fields(same, ["why"]) is same


@pytest.mark.parametrize("kept", [[], [1], [0, 2], [0, 1, 2]])
def test_lines_are_picked(kept: list[int]) -> None:
    found = joined(LINES, ["why"]).picked(np.isin(np.arange(3), kept))
    assert list(found) == [LINES[place] for place in kept]
    assert (len(found), found.lacks) == (len(kept), frozenset(["why"]))
    assert found.data == b"".join([LINES[place] + b"\n" for place in kept])
