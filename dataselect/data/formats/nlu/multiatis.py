"""MultiATIS++: TSV with a header, utterances and their tags in cells of one line.

id<TAB>utterance<TAB>slot_labels<TAB>intent
1<TAB>flights to boston<TAB>O O B-toloc.city_name<TAB>flight
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dataselect.data.formats.lines import Found, Item, Layout, lines
from dataselect.data.formats.nlu.annotated import utterance
from dataselect.data.formats.nlu.bio_tags import tagged
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

HEADER = ["id", "utterance", "slot_labels", "intent"]


def recognizes(first: bytes) -> bool:
    """Whether a file begins with the header of MultiATIS++."""
    return first.startswith("\t".join(HEADER).encode())


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, text, `intent`, `slots` for each line. Raises InputError without a header."""
    for blocks in inputs.by_file():
        header: list[str] = []
        for line in lines(blocks):
            if line.blank():
                continue
            try:
                cells = line.text().split("\t")
                if header:
                    yield Found(line, _fields(header, cells, layout.text_field))
                    continue
            except ValueError as refusal:
                yield line.bad(refusal)
                continue
            header = cells
            if not {*HEADER[1:]} <= {*header}:
                raise InputError(
                    f"{line.source}:{line.number}: no header of MultiATIS++; write "
                    f"{' '.join(HEADER)} between tabs"
                )


def _fields(header: list[str], cells: list[str], text_field: str) -> dict[str, Any]:
    if len(cells) != len(header):
        raise ValueError(f"{len(cells)} columns, where the header has {len(header)}; correct it")
    columns = dict(zip(header, cells, strict=True))
    text, slots = tagged(columns["utterance"].split(), columns["slot_labels"].split())
    known = {"id": columns["id"]} if "id" in columns else {}
    known |= utterance(text_field, text, columns["intent"], slots)
    return known | {name: cell for name, cell in columns.items() if name not in HEADER}
