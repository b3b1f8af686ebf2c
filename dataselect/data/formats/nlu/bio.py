"""SlotGated's SNIPS and ATIS: three files, of tokens (`seq.in`), tags (`seq.out`) and `label`s."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from dataselect.data.files.line_blocks import BOM
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled, in_step
from dataselect.data.formats.nlu.annotated import annotated
from dataselect.data.formats.nlu.bio_tags import tagged, tags_of, tokens_of
from dataselect.data.formats.writers import LineWriter, RecordWriter
from dataselect.data.input_files import Inputs

FILES = ("seq.in", "seq.out", "label")
_REMEDY = "seq.in, seq.out and label must have the same length"


def files_of(folder: str) -> list[str]:
    """The three files of a folder, if it has them."""
    paths = [os.path.join(folder, name) for name in FILES]
    return paths if all(map(os.path.isfile, paths)) else []


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` for each line number. Raises InputError as `in_step`."""
    names = [os.path.basename(path) for path in inputs.paths]
    order = [names.index(name) for name in FILES] if {*names} == {*FILES} else range(len(names))
    for found in in_step(inputs, _REMEDY):
        tokens, tags, label = [found[place] for place in order]
        yield _item(tokens, tags, label, layout.text_field)


def _item(tokens: SourceLine, tags: SourceLine, label: SourceLine, text_field: str) -> Item:
    place = tokens
    try:
        words = _words(tokens)
        filled("".join(words), "the line")
        place = tags
        text, slots = tagged(words, _words(tags))
        place = label
        intent = filled(label.text(), "the label").strip()
    except ValueError as refusal:
        return place.bad(refusal)
    return Found(tokens, {text_field: text, "intent": intent, "slots": slots})


def _words(line: SourceLine) -> list[str]:
    """What stands between spaces; a no-break space belongs to its word."""
    return [word for word in line.text().split(" ") if word]


def _lines(fields: dict[str, Any], text_field: str) -> tuple[str, str, str]:
    """A record's line in each file. Raises ValueError where another would be read."""
    text, intent, slots = annotated(fields, text_field, requires_intent=True)
    tokens = tokens_of(text, "[^ ]+")
    tags = tags_of(tokens, slots)
    if text != " ".join(token for _, token in tokens):
        raise ValueError("the text has spaces that seq.in cannot hold; put one between two tokens")
    written = (text, " ".join(tags), intent)
    raws = [line.encode().removeprefix(BOM) for line in written]
    in_line, out_line, label_line = [SourceLine("", 0, raw) for raw in raws]
    item = _item(in_line, out_line, label_line, "")
    own = [(each["slot"], each["start"], each["end"]) for each in slots]
    if isinstance(item, Found) and not any("\n" in line for line in written):
        back = [(each["slot"], each["start"], each["end"]) for each in item.fields["slots"]]
        if (item.fields[""], item.fields["intent"], back) == (text, intent, own):
            return written
    raise ValueError(
        f"seq.in, seq.out and label cannot hold {text!r} with these names; change them"
    )


def _writer(layout: Layout, place: int) -> RecordWriter:
    return LineWriter(lambda fields: _lines(fields, layout.text_field)[place].encode())


def tokens_writer(layout: Layout) -> RecordWriter:
    """A writer of `seq.in`."""
    return _writer(layout, 0)


def tags_writer(layout: Layout) -> RecordWriter:
    """A writer of `seq.out`."""
    return _writer(layout, 1)


def label_writer(layout: Layout) -> RecordWriter:
    """A writer of `label`."""
    return _writer(layout, 2)
