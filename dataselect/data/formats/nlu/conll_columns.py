"""Which columns of a CoNLL file are token, tag and intent: told by what is in them, or named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from dataselect.errors import InputError, OptionError

INTENT = "intent"
_TOKEN, _TAG = "token", "tag"
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
        cells = split_cells(text)
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
            "--columns of conll are token, tag and perhaps intent, - for others: --columns "
            "-,token,intent,tag"
        )
    return Columns(len(list(names)), places[_TOKEN], places[_TAG], places.get(INTENT))


def find_columns(tables: list[list[list[str]]], where: str) -> Columns:
    """What the columns are, by the cells of some sentences; `where` these begin.

    Raises InputError where they could be several things.
    """
    several = [table for table in tables if len(table) > 1]
    numbered = sum(map(_counts, several))
    is_numbered = 2 * numbered >= max(len(several), 1) or (
        not several and all(map(_counts, tables))
    )
    counts = Counter(len(cells) for table in tables for cells in table)
    [(count, _)] = counts.most_common(1) or [(0, 0)]
    if count < 3 or (len(counts) > 1 and not is_numbered):
        if is_numbered and count == 2 and numbered > 1:  # who says "1 2 3 4", "1 2" and "1 2 3"?
            raise _untold(where, "number or token")
        return Columns()  # a token and a tag; or lines that are told one by one
    first = 1 if is_numbered else 0
    if is_numbered and not several:
        raise _untold(where, "number or token")
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
        raise _untold(where, "intent or something else, the same on all lines of a sentence")
    return Columns(count, first, intent=repeated[0], number=0)


def split_cells(text: str) -> list[str]:
    """The cells of a line: between tabs, or else spaces."""
    return text.split("\t") if "\t" in text else [cell for cell in text.split(" ") if cell]


def _counts(table: list[list[str]]) -> bool:
    """Whether the first column numbers the tokens, from 0 or 1."""
    firsts = [cells[0] for cells in table]
    return any(firsts == [str(n + start) for n in range(len(firsts))] for start in (0, 1))


def _untold(where: str, what: str) -> InputError:
    return InputError(
        f"{where}: a column could be {what}; name the columns, for example "
        "with --columns -,token,intent,tag"
    )
