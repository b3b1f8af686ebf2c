"""CoNLL columns: a token and, last on its line, its tag; a blank line ends a sentence.

Cells stand between tabs, or else spaces. Comments before a sentence name its id, `# intent: X`,
and the text that its tokens make up, `# text: X`, with the white space that it has; xSID's of
`dialect` and `text-en` are fields, too. Other `# comments` and CoNLL-2003's `-DOCSTART-` lines are
passed over. A first column that numbers the tokens is none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from dataselect.data.files.line_blocks import BOM
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled, joined, lines
from dataselect.data.formats.nlu.annotated import aligned, annotated
from dataselect.data.formats.nlu.bio_tags import check, divided, is_tag, tagged, tags_of, tokens_of
from dataselect.data.formats.nlu.conll_columns import (
    INTENT,
    Columns,
    find_columns,
    named,
    split_cells,
)
from dataselect.data.formats.writers import RecordWriter
from dataselect.data.input_files import Inputs
from dataselect.data.records import BadRecord

_COMMENT = re.compile(r"#\s*(?P<name>[\w.-]+)\s*[:=] ?(?P<value>.*)", re.DOTALL)
_NAMES = {"id": "id", "sent_id": "id", "text": "text", "intent": INTENT}
_FURTHER = ("dialect", "text-en")
_DOCUMENT = "-DOCSTART-"
_SAMPLE = 1000  # sentences by which columns are find_columns


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `id`, text, `intent` where they are named, and `slots` for each sentence.

    Raises InputError where nothing tells what the columns of a file are.
    """
    for blocks in inputs.by_file():
        sentences = _sentences(lines(blocks))
        first = list(islice(sentences, _SAMPLE))
        if layout.columns is not None:
            columns = named(layout.columns)
        else:
            tables = [table for sentence in first if (table := _table(sentence))]
            columns = find_columns(
                tables, f"{first[0][0].source}:{first[0][0].number}" if first else ""
            )
        for sentence in chain(first, sentences):
            item = _item(sentence, columns, layout.text_field)
            if item is not None:
                yield item


def _sentences(found: Iterator[SourceLine]) -> Iterator[list[SourceLine]]:
    sentence: list[SourceLine] = []
    for line in found:
        if not line.blank():
            sentence.append(line)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _table(sentence: list[SourceLine]) -> list[list[str]]:
    """The cells of a sentence's tokens, whatever is wrong with them."""
    texts = [line.raw.decode(errors="replace").removesuffix("\r") for line in sentence]
    return [split_cells(text) for text in texts if not _is_comment(text)]


def _item(sentence: list[SourceLine], columns: Columns, text_field: str) -> Item | None:
    """The record of one sentence, or None if it holds nothing but comments."""
    whole = joined(sentence)
    table: list[list[str]] = []
    named_values: dict[str, str] = {}
    stated = whole
    for line in sentence:
        try:
            text = line.text()
            if _is_comment(text):
                own = _named(text, begun=bool(table), known=named_values)
                stated = line if "text" in own else stated
                named_values |= own
            else:
                table.append(_checked(columns, text, len(table), named_values))
        except ValueError as refusal:
            return whole._replace(number=line.number).bad(refusal)
    if not table:
        why = "an intent without tokens; remove the blank line after it"
        return whole.bad(why) if INTENT in named_values else None
    tokens = [cells[columns.token] for cells in table]
    text, slots = tagged(tokens, [cells[columns.tag].strip() for cells in table])
    if "text" in named_values:
        try:
            slots, text = aligned(named_values["text"], text, slots), named_values["text"]
        except ValueError:
            return stated.bad(
                f"the text is '{named_values['text']}', but the tokens '{text}'; correct one"
            )
    fields = {name: named_values[name] for name in ("id",) if name in named_values}
    fields[text_field] = text
    fields |= {name: named_values[name] for name in (INTENT,) if name in named_values}
    further = {name: named_values[name] for name in _FURTHER if name in named_values}
    return Found(whole, {**fields, "slots": slots, **further})


def _checked(columns: Columns, text: str, before: int, values: dict[str, str]) -> list[str]:
    """The cells of a token, `before` of which came; its intent is noted. Raises ValueError."""
    cells = columns.cells(text)
    filled(cells[columns.token], "the token")
    check(cells[columns.tag].strip())
    if columns.number is not None and cells[columns.number] not in (str(before), str(before + 1)):
        raise ValueError(f"token {before + 1} is numbered '{cells[columns.number]}'; correct it")
    if columns.intent is not None:
        own = filled(cells[columns.intent], "the intent").strip()
        if values.setdefault(INTENT, own) != own:
            raise ValueError(f"intent '{own}', but '{values[INTENT]}' before; correct one")
    return cells


def _named(comment: str, *, begun: bool, known: dict[str, str]) -> dict[str, str]:
    """The field that a comment names, if any. Raises ValueError if it is that of a new sentence."""
    match = _COMMENT.fullmatch(comment)
    if match is None or (match["name"] not in _NAMES and match["name"] not in _FURTHER):
        return {}
    name = _NAMES.get(match["name"], match["name"])
    if begun or name in known:
        raise ValueError("a second sentence begins here; put a blank line before it")
    value = match["value"] if name == "text" else match["value"].strip()
    return {name: filled(value, f"the {name}")}


def _is_comment(text: str) -> bool:
    """Whether a line is a comment, not the token `#` with its tag."""
    if text.startswith(_DOCUMENT) or text.rstrip() == "#":
        return True
    if not text.startswith("#") or "\t" in text:
        return False
    match = _COMMENT.fullmatch(text)
    is_named = match is not None and (text.startswith("# ") or match["name"] in _NAMES)
    return is_named or (text.startswith("# ") and not is_tag(text.rsplit(maxsplit=1)[-1]))


class ConllWriter(RecordWriter):
    """A token and its tag on each line, `# intent:` before them; tokens have no white space.

    Punctuation at the edge of a slot is a token by itself.

    `# text:` is there where white space between tokens would be lost, `# id:` where there is one.
    """

    def __init__(self, text_field: str) -> None:
        self._text_field = text_field

    def write(self, fields: dict[str, Any]) -> bytes:
        """The lines of a sentence, and a blank one. Raises ValueError."""
        text, intent, slots = annotated(fields, self._text_field, requires_intent=False)
        found = divided(tokens_of(text), slots)
        tokens, tags = [token for _, token in found], tags_of(found, slots)
        comments: dict[str, Any] = {"text": text} if text != " ".join(tokens) else {}
        comments |= {"intent": intent} if intent else {}
        for name in ("id", *_FURTHER):
            value = fields.get(name)
            if isinstance(value, int) or (isinstance(value, str) and value.strip()):
                comments[name] = value
        written = [f"# {name}: {value}" for name, value in comments.items()]
        written += [f"{token}\t{tag}" for token, tag in zip(tokens, tags, strict=True)]
        data = "\n".join(written).encode()
        self._check(data, text, intent, slots)
        return data + b"\n\n"

    def _check(self, data: bytes, text: str, intent: str, slots: list[dict[str, Any]]) -> None:
        """Raise ValueError where a reader would take the lines for something else."""
        sentence = [SourceLine("", 0, raw.removeprefix(BOM)) for raw in data.split(b"\n")]
        item = None if any(line.blank() for line in sentence) else _item(sentence, Columns(), "")
        if isinstance(item, Found):
            back = [(each["slot"], each["start"], each["end"]) for each in item.fields["slots"]]
            own = [(each["slot"], each["start"], each["end"]) for each in slots]
            if (item.fields[""], item.fields.get(INTENT, ""), back) == (text, intent, own):
                return
        why = f" ({item.reason})" if isinstance(item, BadRecord) else ""
        raise ValueError(f"lines of CoNLL cannot hold {text!r} with these names{why}; change them")


def writer(layout: Layout) -> RecordWriter:
    """A writer of one file."""
    return ConllWriter(layout.text_field)
