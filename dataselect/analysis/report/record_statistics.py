"""What a stage kept and what it dropped, read once: counts of all records, draws of some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import TYPE_CHECKING, Any

from dataselect.analysis.report.extremes import Extremes, Row
from dataselect.content_keys import content_keys
from dataselect.data import records
from dataselect.data.fields import Column
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.json_lines.json_values import encoded
from dataselect.data.sampling import Drawing
from dataselect.errors import InputError
from dataselect.selection.histogram import Distribution
from dataselect.selection.ranking import gain

if TYPE_CHECKING:
    import numpy as np

    from dataselect.analysis.report.stage_files import Source
    from dataselect.data.files.line_blocks import Block

OTHERS = "(others)"
_MOST_VALUES = 100_000
_CHARACTERS_AT_ONCE = 1 << 22
_Columns = dict[str, Sequence[Any]]
"""Names of what was read to its values, one for each record of a block."""


@dataclass(frozen=True)
class Sizes:
    """How many records are shown as samples, and how many texts stand for all."""

    samples: int = 8
    texts: int = 20_000


@dataclass
class RecordStatistics:
    """Statistics of kept or of dropped records: `lengths` in words, `texts` and `drawn` at random.

    `best` and `worst` are samples by score: the nearest to the cut are the worst of what was kept
    and the best of what was dropped.
    `ranks` are those that texts had in their n-best lists. `said` are texts with their speakers,
    at random, where speakers matter.
    """

    texts: Drawing[str]
    said: Drawing[tuple[str, str]]
    drawn: Drawing[Row]
    best: Extremes
    worst: Extremes
    records: int = 0
    scores: Distribution = field(default_factory=Distribution)
    lengths: Counter[int] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    ranks: Counter[int] = field(default_factory=Counter)

    @classmethod
    def empty(cls, sizes: Sizes, rng: np.random.Generator) -> RecordStatistics:
        """Statistics of no record yet."""
        few = sizes.samples
        return cls(
            Drawing(sizes.texts, rng),
            Drawing(sizes.texts, rng),
            Drawing(few, rng),
            Extremes(few),
            Extremes(few),
        )


@dataclass(frozen=True)
class StageStatistics:
    """What became of the records of a stage; `knows_dropped`: whether those dropped were found.

    `scores` are those of both; `label_field` is where labels were looked for.
    """

    kept: RecordStatistics
    dropped: RecordStatistics
    scores: Distribution
    knows_dropped: bool
    label_field: str | None


def read_statistics(
    source: Source,
    label_field: str | None,
    sizes: Sizes,
    rng: np.random.Generator,
    on_block: Callable[[Block, int], None],
    speaker: Column | None = None,
) -> StageStatistics:
    """Read all files of a stage. `on_block` gets each block and the number of its good records.

    `speaker`: where the speakers are, if these matter.

    Holds 8 bytes a kept record where what was dropped is looked for in the input. Raises
    InputError for a bad record, but for one of the input: the run has dealt with those.
    """
    return _Reading(source, label_field, sizes, rng, on_block, speaker).statistics()


class _Reading:
    """Reads the files of one stage."""

    def __init__(
        self,
        source: Source,
        label_field: str | None,
        sizes: Sizes,
        rng: np.random.Generator,
        on_block: Callable[[Block, int], None],
        speaker: Column | None,
    ) -> None:
        self._source, self._label_field, self._on_block = source, label_field, on_block
        self._speaker = speaker
        self._kept, self._dropped = (
            RecordStatistics.empty(sizes, rng),
            RecordStatistics.empty(sizes, rng),
        )

    def statistics(self) -> StageStatistics:
        source = self._source
        keys: list[bytes] = []
        for found in self._blocks(source.kept):
            self._add(self._kept, found)
            if source.pool:
                keys.append(_identity_keys(found))
        for found in self._blocks(source.dropped):
            self._add(self._dropped, found)
        for found in self._blocks(source.mixed):
            is_dropped = [reason is not None for reason in found["reason"]]
            self._add(self._dropped, _where(found, is_dropped))
            self._add(self._kept, _where(found, [not each for each in is_dropped]))
        self._add_rest(b"".join(keys))
        knows_dropped = bool(source.dropped or source.pool or self._dropped.records)
        scores = Distribution()
        scores.merge(self._kept.scores)
        scores.merge(self._dropped.scores)
        return StageStatistics(self._kept, self._dropped, scores, knows_dropped, self._label_field)

    def _add_rest(self, keys: bytes) -> None:
        """Add what is in the pool, and not among the kept records of some keys, to the dropped."""
        import numpy as np

        kept = np.unique(np.frombuffer(keys, np.uint64))
        for found in self._blocks(self._source.pool, strict=False):
            is_kept = np.isin(np.frombuffer(_identity_keys(found), np.uint64), kept)
            self._add(self._dropped, _where(found, (~is_kept).tolist()))

    def _blocks(self, paths: Sequence[str], *, strict: bool = True) -> Iterator[_Columns]:
        """What is needed of each block of some files."""
        if not paths:
            return
        wanted = self._wanted
        for block in RecordFiles(paths).blocks():
            found = records.read(block, list(wanted.values()), stop_at_first=strict)
            if found.bad and strict:
                raise InputError(str(found.bad[0]))
            yield {"line": found.lines, **dict(zip(wanted, found.columns, strict=True))}
            self._on_block(block, len(found.lines))

    @property
    def _wanted(self) -> dict[str, Column]:
        source = self._source
        wanted = {
            "text": Column.hypothesis(source.text_field),
            "score": Column.optional_number(source.field),
        }
        if self._label_field is not None:
            wanted["label"] = Column.optional(self._label_field)
        if self._speaker is not None:
            wanted["speaker"] = self._speaker
        if source.dropped or source.mixed:
            wanted["reason"] = Column.optional("dropped")
        if source.pool:
            wanted["id"] = Column.identity()
        if source.title == "rescore":
            wanted["rank"] = Column.optional("rescored.rank")
        return wanted

    def _add(self, own: RecordStatistics, found: _Columns) -> None:
        import numpy as np

        texts, scores = found["text"], np.array(found["score"], np.float64)
        own.records += len(texts)
        own.scores.add(scores[~np.isnan(scores)])
        own.lengths.update(map(_word_count, texts))
        _count(own.labels, found.get("label", ()))
        if own is self._dropped:
            _count(own.reasons, found.get("reason", ()))
        own.ranks.update(rank for rank in found.get("rank", ()) if isinstance(rank, int))

        def row(place: int) -> Row:
            return Row(texts[place], found["line"][place], float(scores[place]))

        gains = gain(scores, self._source.direction)
        own.texts.add(texts)
        if "speaker" in found:
            own.said.add(list(zip(texts, found["speaker"], strict=True)))
        own.drawn.add_numbered(len(texts), lambda places: map(row, places))
        own.worst.add(-gains, row)
        if own is self._dropped and self._source.cut is not None:
            passes = gains > gain(self._source.cut, self._source.direction)
            gains = np.where(passes, np.nan, gains)  # another reason than the score dropped it
        own.best.add(gains, row)


def _word_count(text: str) -> int:
    """How many words stand between white space; those of a long text are not held at once."""
    count, begin = 0, 0
    while begin < len(text):
        end = text.find(" ", begin + _CHARACTERS_AT_ONCE)
        end = len(text) if end < 0 else end
        count += len(text[begin:end].split())
        begin = end
    return count


def _where(found: _Columns, mask: Sequence[bool]) -> _Columns:
    return {name: list(compress(values, mask)) for name, values in found.items()}


def _identity_keys(found: _Columns) -> bytes:
    """8 bytes a record that identify it: a digest of its id and text."""
    pairs = zip(found["id"], found["text"], strict=True)
    return content_keys(encoded(pair) for pair in pairs)


def _count(counts: Counter[str], values: Sequence[Any]) -> None:
    """Count values; where nearly each is another, the rare ones become one, to bound memory."""
    if set(map(type, values)) <= {str, type(None)}:
        for value, count in Counter(values).items():
            counts[_spelled(value)] += count
    else:
        counts.update(map(_spelled, values))
    if len(counts) > _MOST_VALUES:
        for value, count in counts.most_common()[_MOST_VALUES // 2 :]:
            del counts[value]
            counts[OTHERS] += count


def _spelled(value: Any) -> str:
    """A label or reason: a string as it is, nothing as such, other values by their JSON."""
    if isinstance(value, str):
        return value
    return "(none)" if value is None else encoded(value).decode()
