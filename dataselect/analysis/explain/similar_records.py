"""Records like one: the nearest of what was kept, and those of the same text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.analysis.explain.record_lookup import FieldSearch, Place, line_of
from dataselect.data import records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.analysis.explain.record_lookup import Files
    from dataselect.analysis.explain.similar_texts import TextSimilarity
    from dataselect.data.line_blocks import Block
    from dataselect.data.records import Column

NEIGHBOURS = 3


@dataclass(frozen=True)
class Neighbour:
    """A record that was kept, and how near it is.

    `name`: its id, any JSON value, or FILE:LINE. `similarity` from 0 to 1; `shared`: words and word
    pairs that both texts have, the rarest first. `copy`: whether the texts are the same but for
    case, spaces and punctuation. `times`: how many records have just that text.
    """

    name: Any
    file: str
    line: int
    text: str
    similarity: float
    shared: list[str]
    copy: bool
    times: int = 1


def nearest(
    text: str, kept: Files, own: Sequence[Place], text_field: str, id_field: str
) -> list[Neighbour]:
    """Up to three texts of some files that are nearest to a text; records at `own` do not count.

    Reads the files twice, in constant memory; bad records are passed by.
    """
    from dataselect.analysis.explain.similar_texts import TextSimilarity

    similarity, column = TextSimilarity(text), records.text(text_field)
    for block in kept.blocks():
        similarity.count(records.read(block, [column]).columns[0])
    lines = {place.raw for place in own}
    found_so_far = _Nearest()
    for block in kept.blocks():
        found = records.read(block, [column])
        [texts] = found.columns
        cosines = similarity.cosines(texts)
        for place in found_so_far.near_enough(cosines):
            if (line := found.lines[place]) not in lines:
                found_so_far.add(texts[place], float(cosines[place]), block, line)
    return [
        _neighbour(text, entry, similarity, records.identity(id_field))
        for entry in found_so_far.entries
    ]


@dataclass
class _Entry:
    text: str
    cosine: float
    block: Block
    line: bytes
    times: int = 1


class _Nearest:
    """The nearest of distinct texts so far, the first of each; of equal ones the earlier."""

    def __init__(self) -> None:
        self.entries: list[_Entry] = []

    @property
    def _lowest(self) -> float:
        return self.entries[-1].cosine if len(self.entries) == NEIGHBOURS else 0.0

    def near_enough(self, cosines: NDArray[np.float64]) -> Iterator[int]:
        """Yield the places of what is near enough, the nearest first."""
        import numpy as np

        for place in np.argsort(-cosines, kind="stable").tolist():
            if cosines[place] == 0 or cosines[place] < self._lowest:
                return
            yield place

    def add(self, text: str, cosine: float, block: Block, line: bytes) -> None:
        """Count a text that is there, or put it in if it is near enough."""
        from dataselect.models.normalization import composed

        for entry in self.entries:
            if composed(entry.text) == composed(text):
                entry.times += 1
                return
        if cosine > self._lowest:
            self.entries.append(_Entry(text, cosine, block, line))
            self.entries.sort(key=lambda entry: -entry.cosine)
            del self.entries[NEIGHBOURS:]


def _neighbour(text: str, entry: _Entry, similarity: TextSimilarity, name: Column) -> Neighbour:
    from dataselect.models.near_duplicates import first_places

    block = entry.block
    number = block.first_line + block.data.split(b"\n").index(entry.line)
    own = name.find(records.parse(entry.line))
    return Neighbour(
        f"{block.source}:{number}" if own is None else own,
        block.source,
        number,
        entry.text,
        round(entry.cosine, _DECIMALS),
        similarity.shared(entry.text),
        bool(first_places([text, entry.text])[1] == 0),
        entry.times,
    )


_DECIMALS = 6


def same_text(text: str, files: Files, text_field: str) -> dict[str, int]:
    """How many records of each file have exactly that text, in whichever Unicode form."""
    forms = {text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))}
    column = records.text(text_field)
    searches = [FieldSearch(column, form, any_type=False) for form in forms]
    return {
        name: sum(
            isinstance(each, Place) for search in searches for each in search.find(inputs.blocks())
        )
        for name, inputs in files.inputs.items()
    }


@dataclass(frozen=True)
class Named:
    """A record that another one names, and where it is."""

    name: Any
    file: str
    line: int
    text: str | None


def named_record(name: Any, files: Files, column: Column, id_field: str) -> Named | None:
    """The first record of that id, or at that FILE:LINE; `column`: where its text may be."""
    spelled = name if isinstance(name, str) else records.encoded(name).decode()
    search = FieldSearch(records.identity(id_field), spelled)
    found = (each for each in search.find(files.blocks()) if isinstance(each, Place))
    place = next(found, None) or line_of(files, spelled)
    if place is None:
        return None
    try:
        text = column.get(place.record)
    except ValueError:
        text = None
    return Named(name, place.source, place.line, text)
