"""Records like one: the nearest of what was kept, and those of the same text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dataselect.analysis.explain.record_lookup import FieldSearch, Place, line_of
from dataselect.data import records
from dataselect.data.fields import Column
from dataselect.data.json_lines.json_values import encoded, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.analysis.explain.record_lookup import Files

_NEIGHBOURS = 3
_DECIMALS = 6


@dataclass(frozen=True)
class Neighbour:
    """A record that was kept, and how near it is.

    `name`: its id, any JSON value, or FILE:LINE. `similarity` from 0 to 1; `shared`: words and word
    pairs that both texts have, the rarest first, 1,000 at most. `copy`: whether the texts are the
    same but for case, spaces and punctuation. `times`: how many records have just that text.
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

    Reads the files twice, in constant memory; bad records are passed by. Of equally near texts
    the earlier comes first, and of records with one text the first.
    """
    import numpy as np

    from dataselect.analysis.explain.similar_texts import TextSimilarity
    from dataselect.models.near_duplicates import first_places
    from dataselect.models.normalization import composed

    similarity, column = TextSimilarity(text), Column.text(text_field)
    for block in kept.blocks():
        similarity.count(records.read(block, [column]).columns[0])
    lines = {place.raw for place in own}
    best: dict[str, tuple[float, int, Neighbour]] = {}  # by the composed text, best first
    for block in kept.blocks():
        found = records.read(block, [column])
        [texts] = found.columns
        cosines = similarity.cosines(texts)
        for place in np.argsort(-cosines, kind="stable").tolist():
            cosine, line, key = float(cosines[place]), found.lines[place], composed(texts[place])
            lowest = list(best.values())[-1][0] if len(best) == _NEIGHBOURS else 0.0
            if cosine == 0 or cosine < lowest:
                break
            if line in lines:
                continue
            if key in best:
                best[key] = (best[key][0], best[key][1] + 1, best[key][2])
            elif cosine > lowest:
                number = next(at for at, own in block.numbered_lines() if own == line)
                name = Column.identity(id_field).find(parse(line))
                neighbour = Neighbour(
                    f"{block.source}:{number}" if name is None else name,
                    block.source,
                    number,
                    texts[place],
                    round(cosine, _DECIMALS),
                    similarity.shared(texts[place]),
                    bool(first_places([text, texts[place]])[1] == 0),
                )
                best[key] = (cosine, 1, neighbour)
                ranked = sorted(best.items(), key=lambda each: -each[1][0])
                best = dict(ranked[:_NEIGHBOURS])
    return [replace(neighbour, times=times) for _, times, neighbour in best.values()]


def same_text(text: str, files: Files, text_field: str) -> dict[str, int]:
    """How many records of each file have exactly that text, in whichever Unicode form."""
    forms = {text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD"))}
    column = Column.text(text_field)
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
    spelled = name if isinstance(name, str) else encoded(name).decode()
    search = FieldSearch(Column.identity(id_field), spelled)
    found = (each for each in search.find(files.blocks()) if isinstance(each, Place))
    place = next(found, None) or line_of(files, spelled)
    if place is None:
        return None
    try:
        text = column.get(place.record)
    except ValueError:
        text = None
    return Named(name, place.source, place.line, text)
