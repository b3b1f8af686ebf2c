"""The layout of SlotGated's SNIPS and ATIS: `seq.in` of tokens, `seq.out` of tags, `label`."""

from __future__ import annotations

from collections.abc import Iterator

from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled, in_step
from dataselect.data.formats.nlu.bio_tags import tagged
from dataselect.data.input_files import Inputs

_REMEDY = "seq.in, seq.out and label must have the same length (of CoNLL files, give one or two)"


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` for each line number. Raises InputError as `in_step`."""
    for tokens, tags, label in in_step(inputs, _REMEDY):
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
