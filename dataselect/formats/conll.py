"""CoNLL columns: a token and, last on its line, its tag; a blank line ends a sentence.

Cells stand between tabs, or else spaces. `# intent: X` names the sentence's intent; other
`# comments` and CoNLL-2003's `-DOCSTART-` lines are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dataselect.formats.lines import Found, Item, Layout, Line, filled, joined, lines
from dataselect.formats.tags import check, is_tag, tagged
from dataselect.inputs import Inputs

_INTENT = re.compile(r"#\s*intent\s*[:=](.*)")
_NAMED_COMMENT = re.compile(r"# *[\w.-]+ *[:=].*")
_DOCUMENT = "-DOCSTART-"


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent` where it is named, `slots` for each sentence."""
    for blocks in inputs.by_file():
        for sentence in _sentences(lines(blocks)):
            item = _item(sentence, layout.text_field)
            if item is not None:
                yield item


def _sentences(found: Iterator[Line]) -> Iterator[list[Line]]:
    sentence: list[Line] = []
    for line in found:
        if not line.blank():
            sentence.append(line)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _item(sentence: list[Line], text_field: str) -> Item | None:
    """The record of one sentence, or None if it holds nothing but comments."""
    whole = joined(sentence)
    tokens: list[str] = []
    tags: list[str] = []
    intent: dict[str, Any] = {}
    for line in sentence:
        try:
            text = line.text()
            if match := _INTENT.fullmatch(text):
                intent = {"intent": _intent(match[1], begun=bool(tokens or intent))}
            elif not _is_comment(text):
                token, tag = _cells(text)
                tokens.append(token)
                tags.append(check(tag))
        except ValueError as refusal:
            return whole._replace(number=line.number).bad(refusal)
    if tokens:
        text, slots = tagged(tokens, tags)
        return Found(whole, {text_field: text, **intent, "slots": slots})
    return whole.bad("an intent without tokens; remove the blank line after it") if intent else None


def _intent(name: str, *, begun: bool) -> str:
    """The intent of a sentence; `begun`: whether there is something of the sentence before it."""
    if begun:
        raise ValueError("a second sentence begins here; put a blank line before it")
    return filled(name, "the intent").strip()


def _is_comment(text: str) -> bool:
    """Whether a line is a comment, not the token `#` with its tag."""
    if text.startswith(_DOCUMENT) or text.rstrip() == "#":
        return True
    if not text.startswith("# ") or "\t" in text:
        return False
    return _NAMED_COMMENT.fullmatch(text) is not None or not is_tag(text.rsplit(maxsplit=1)[-1])


def _cells(text: str) -> tuple[str, str]:
    """The first and the last cell of a line."""
    cells = text.split("\t") if "\t" in text else [cell for cell in text.split(" ") if cell]
    if len(cells) < 2:
        raise ValueError(f"1 token, '{cells[0]}', but 0 tags; write TOKEN TAG")
    return filled(cells[0], "the token"), cells[-1].strip()
