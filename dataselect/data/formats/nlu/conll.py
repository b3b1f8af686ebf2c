"""CoNLL columns: a token and, last on its line, its tag; a blank line ends a sentence.

Cells stand between tabs, or else spaces. `# intent: X` names the sentence's intent, `# text: X` is
checked against the tokens; other `# comments` and CoNLL-2003's `-DOCSTART-` lines are passed over.
A first column that numbers the tokens is none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled, joined, lines
from dataselect.data.formats.nlu.bio_tags import check, is_tag, tagged
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError, OptionError

_INTENT = re.compile(r"#\s*intent\s*[:=](.*)")
_TEXT = re.compile(r"#\s*text\s*[:=](.*)")
_NAMED_COMMENT = re.compile(r"# *[\w.-]+ *[:=].*")
_DOCUMENT = "-DOCSTART-"
_TOKEN, _TAG, INTENT = "token", "tag", "intent"
_SAMPLE = 1000  # sentences by which columns are told
_PLACEHOLDERS = {"_", "-", "O", "*", "-X-"}


class Columns(NamedTuple):
    """Where in a line things are. `width` cells a line, None where only first and last matter.

    `intent`: of the column that repeats it on every line. `number`: that of tokens.
    """

    width: int | None = None
    token: int = 0
    tag: int = -1
    intent: int | None = None
    number: int | None = None

    def cells(self, text: str) -> list[str]:
        """The cells of a line. Raises ValueError unless they are as many as they have to be."""
        cells = _split(text)
        if len(cells) < 2:
            raise ValueError(f"1 token, '{cells[0]}', but 0 tags; write TOKEN TAG")
        if self.width not in (None, len(cells)):
            raise ValueError(
                f"{len(cells)} columns, where the lines before have {self.width}; correct the line"
            )
        return cells


def named(names: Iterable[str]) -> Columns:
    """The columns that `--columns` names: token, tag, intent, `-` for one that is passed over.

    Raises OptionError for other names, and where one of token and tag is missing.
    """
    places = {name: place for place, name in enumerate(names) if name != "-"}
    if not places.keys() <= {_TOKEN, _TAG, INTENT} or not {_TOKEN, _TAG} <= places.keys():
        raise OptionError(
            "--columns of bio are token, tag and perhaps intent, - for others: --columns "
            "-,token,intent,tag"
        )
    return Columns(len(list(names)), places[_TOKEN], places[_TAG], places.get(INTENT))


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent` where it is named, `slots` for each sentence.

    Raises InputError where nothing tells what the columns of a file are.
    """
    for blocks in inputs.by_file():
        sentences = _sentences(lines(blocks))
        first = list(islice(sentences, _SAMPLE))
        columns = _told(first) if layout.columns is None else named(layout.columns)
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


def _told(sentences: list[list[SourceLine]]) -> Columns:
    """What the columns are, by what is in them. Raises InputError."""
    tables = [table for sentence in sentences if (table := _table(sentence))]
    several = [table for table in tables if len(table) > 1]
    numbered = sum(map(_counts, several))
    is_numbered = 2 * numbered >= max(len(several), 1) or (
        not several and all(map(_counts, tables))
    )
    counts = Counter(len(cells) for table in tables for cells in table)
    [(count, _)] = counts.most_common(1) or [(0, 0)]
    if count < 3 or (len(counts) > 1 and not is_numbered):
        if is_numbered and count == 2 and numbered > 1:  # who says "1 2 3 4", "1 2" and "1 2 3"?
            raise _untold(sentences, "number or token")
        return Columns()  # a token and a tag; or lines that are told one by one
    first = 1 if is_numbered else 0
    if is_numbered and not several:
        raise _untold(sentences, "number or token")
    tables = [table for table in tables if {len(cells) for cells in table} == {count}]
    several = [table for table in several if table in tables]
    repeated = [
        place
        for place in range(first + 1, count - 1)
        if several
        and all(len({cells[place] for cells in table}) == 1 for table in several)
        and not {cells[place] for table in tables for cells in table} <= _PLACEHOLDERS
    ]
    if not repeated:
        return Columns(count, first, number=0 if is_numbered else None)
    if not is_numbered and len(several) < 2:
        return Columns(count)  # two short words may well be of one part of speech
    if len(repeated) > 1 or not is_numbered:
        raise _untold(sentences, "intent or something else, the same on all lines of a sentence")
    return Columns(count, first, intent=repeated[0], number=0)


def _table(sentence: list[SourceLine]) -> list[list[str]]:
    """The cells of a sentence's tokens, without what is wrong with them."""
    texts = [line.raw.decode(errors="replace").removesuffix("\r") for line in sentence]
    return [_split(text) for text in texts if not _is_comment(text)]


def _split(text: str) -> list[str]:
    return text.split("\t") if "\t" in text else [cell for cell in text.split(" ") if cell]


def _counts(table: list[list[str]]) -> bool:
    """Whether the first column numbers the tokens, from 0 or 1."""
    firsts = [cells[0] for cells in table]
    return any(firsts == [str(n + start) for n in range(len(firsts))] for start in (0, 1))


def _untold(sentences: list[list[SourceLine]], what: str) -> InputError:
    line = sentences[0][0]
    return InputError(
        f"{line.source}:{line.number}: a column could be {what}; name the columns, for example "
        "with --columns -,token,intent,tag"
    )


def _item(sentence: list[SourceLine], columns: Columns, text_field: str) -> Item | None:
    """The record of one sentence, or None if it holds nothing but comments."""
    whole = joined(sentence)
    table: list[list[str]] = []
    intent: dict[str, Any] = {}
    stated: SourceLine | None = None
    for line in sentence:
        try:
            text = line.text()
            if match := _INTENT.fullmatch(text):
                intent = {INTENT: _intent(match[1], begun=bool(table or intent))}
            elif _is_comment(text):
                stated = line if _TEXT.fullmatch(text) else stated
            else:
                table.append(_checked(columns, text, len(table), intent))
        except ValueError as refusal:
            return whole._replace(number=line.number).bad(refusal)
    if not table:
        why = "an intent without tokens; remove the blank line after it"
        return whole.bad(why) if intent else None
    if stated and (match := _TEXT.fullmatch(stated.text())):
        told, words = match[1], [cells[columns.token] for cells in table]
        if "".join(told.split()) != "".join("".join(words).split()):
            return stated.bad(
                f"the text is '{told.strip()}', but the tokens '{' '.join(words)}'; correct one"
            )
    text, slots = tagged(
        [cells[columns.token] for cells in table], [cells[columns.tag].strip() for cells in table]
    )
    return Found(whole, {text_field: text, **intent, "slots": slots})


def _checked(columns: Columns, text: str, before: int, intent: dict[str, Any]) -> list[str]:
    """The cells of a token, `before` of which came; its intent is noted. Raises ValueError."""
    cells = columns.cells(text)
    filled(cells[columns.token], "the token")
    check(cells[columns.tag].strip())
    if columns.number is not None and cells[columns.number] not in (str(before), str(before + 1)):
        raise ValueError(f"token {before + 1} is numbered '{cells[columns.number]}'; correct it")
    if columns.intent is not None:
        own = filled(cells[columns.intent], "the intent").strip()
        if intent.setdefault(INTENT, own) != own:
            raise ValueError(f"intent '{own}', but '{intent[INTENT]}' before; correct one")
    return cells


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
