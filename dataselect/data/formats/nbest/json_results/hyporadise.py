"""HyPoradise (2023): a JSON array of `{"input": [hypotheses], "output": reference}`.

Lists of fewer than five hypotheses are padded there with random repeats; these are taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from dataselect.data.formats.json_document import read_document
from dataselect.data.formats.lines import Item, Layout
from dataselect.data.input_files import Inputs

_SHAPE = 'HyPoradise has [{"input": ["hypothesis", ...], "output": "reference"}, ...]'
_BEGIN = re.compile(rb'\s*\[\s*\{\s*"input"\s*:\s*\[')


def recognizes(first: bytes) -> bool:
    """Whether a file begins as those do."""
    return _BEGIN.match(first) is not None


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:  # a reader's shape
    """A record `id`, a number from 0, `ref` and `nbest` for each list."""
    if (document := read_document(inputs, _SHAPE)) is None:
        return
    if not isinstance(document.value, list):
        raise document.refused("no array")
    for number, found in enumerate(document.value):
        line = document.line_in(document.value, number)
        yield document.record(line, partial(_fields, str(number), found))


def _fields(id_: str, found: dict[str, Any]) -> dict[str, Any]:
    texts, reference = found["input"], found["output"]
    if not (isinstance(texts, list) and texts and all(isinstance(each, str) for each in texts)):
        raise ValueError(f"'input' is no list of texts; {_SHAPE}")
    if not isinstance(reference, str):
        raise ValueError(f"'output' is no text; {_SHAPE}")
    return {
        "id": id_,
        "ref": reference.strip(),
        "nbest": [{"text": text} for text in dict.fromkeys(each.strip() for each in texts)],
    }
