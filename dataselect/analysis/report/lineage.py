"""Stages one after the other, as numbers and texts: what was there before, what is left after."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dataselect.analysis.compare.groups.group_shares import FieldGroups, GroupShare
from dataselect.analysis.report.figures import binning
from dataselect.analysis.report.record_statistics import OTHERS
from dataselect.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.analysis.report.figures.binning import Histogram
    from dataselect.analysis.report.record_statistics import StageStatistics
    from dataselect.analysis.report.stage_sections import StageSection

IN_DOMAIN, KEPT, DROPPED = "in-domain", "kept", "dropped"
POINTS = {IN_DOMAIN: 200, KEPT: 400, DROPPED: 400}
"""How many texts of each kind are on the map, at most."""
_LABELS = 15


@dataclass(frozen=True)
class Lineage:
    """Stages that went on with each other's output, and what all of them together did.

    `words` are the mean lengths before and after. `map` are the places of some texts of each
    kind, (n, 2) each. `notes` say what is missing, and why.
    """

    number: int
    stages: Sequence[StageSection]
    lengths: Histogram | None
    words: tuple[float, float] | None
    label_field: str | None
    labels: list[GroupShare]
    map: dict[str, NDArray[Any]]
    notes: list[str]

    @property
    def anchor(self) -> str:
        return f"lineage-{self.number}"

    @property
    def kept_of_labels(self) -> list[tuple[GroupShare, str, str]]:
        """Each label, what share of it is kept, and that over the share of the best served."""
        groups = FieldGroups(
            self.label_field or "", [each for each in self.labels if each.value != OTHERS]
        )
        return [(each, _share(each), _of_best(groups, each)) for each in self.labels]

    @property
    def title(self) -> str:
        """From which file to which; of records without reports, the file that has them."""
        first, last = self.stages[0].source.stage, self.stages[-1].source.stage
        if first is None or last is None:
            return f"Records of {_listed(self.stages[-1].source.files)}"
        to = "standard output" if last.kept is None else os.path.basename(last.kept)
        return f"From {_listed(first.read)} to {to}"

    @property
    def selects(self) -> bool:
        """Whether anything was left out on it."""
        return self.kept < self.read

    @property
    def read(self) -> int:
        return self.stages[0].counts.read

    @property
    def kept(self) -> int:
        return self.stages[-1].counts.kept


def _listed(paths: Sequence[str]) -> str:
    """The name of a file, or how many there are."""
    return os.path.basename(paths[0]) if len(paths) == 1 else f"{len(paths)} files"


def lineage_of(
    number: int,
    stages: Sequence[StageSection],
    statistics: Sequence[StageStatistics],
    in_domain: Sequence[str],
    seed: int,
) -> Lineage:
    """What several stages, of which each read what the one before kept, did together.

    `in_domain` are texts for the map, none if no file of them is known.
    """
    first, last = statistics[0], statistics[-1].kept
    notes = []
    if not in_domain:
        notes.append("no in-domain text is known, so the map has none; name it with --in-domain")
    knows_all = _knows_all(stages[0], first) and last.records > 0
    if not stages[-1].counts.kept:
        notes.append("nothing was kept: there is nothing to compare with what was there before")
    elif not knows_all:
        notes.append("before and after cannot be compared: the files of one of them are not there")
    before = first.kept.lengths + first.dropped.lengths
    field = (
        statistics[0].label_field
        if statistics[0].label_field == statistics[-1].label_field
        else None
    )
    return Lineage(
        number=number,
        stages=stages,
        lengths=binning.of_lengths(before, last.lengths) if knows_all else None,
        words=(_mean(before), _mean(last.lengths)) if knows_all else None,
        label_field=field,
        labels=balance(first.kept.labels + first.dropped.labels, last.labels) if knows_all else [],
        map=_map(statistics, in_domain, seed),
        notes=notes,
    )


def _knows_all(section: StageSection, statistics: StageStatistics) -> bool:
    """Whether all records that a stage read have been seen."""
    return statistics.kept.records > 0 and (statistics.knows_dropped or not section.counts.dropped)


def _mean(lengths: Counter[int]) -> float:
    return sum(value * count for value, count in lengths.items()) / sum(lengths.values())


def _share(label: GroupShare) -> str:
    """The share that is kept, with its 95 % interval."""
    low, high = label.interval
    return f"{100 * label.share:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _of_best(groups: FieldGroups, label: GroupShare) -> str:
    """What is kept of a label over what is kept of the best served; nothing for all others."""
    if label.value == OTHERS:
        return ""
    ratio = groups.ratio(label)
    return "too few to say" if label.is_small else "-" if ratio is None else f"{ratio:.2f}"


def balance(before: Counter[str], after: Counter[str]) -> list[GroupShare]:
    """The labels that are most of the records before or after, and all others as one."""
    total, left = sum(before.values()), sum(after.values())
    if not total or not left:
        return []

    def share(label: str) -> float:
        return max(before[label] / total, after[label] / left)

    ranked = sorted({*before, *after} - {OTHERS}, key=lambda label: (-share(label), label))
    shown = [GroupShare(label, before[label], after[label]) for label in ranked[:_LABELS]]
    rest = [*ranked[_LABELS:], OTHERS]
    if before[OTHERS] or len(rest) > 1:
        counts = [sum(own[label] for label in rest) for own in (before, after)]
        shown.append(GroupShare(OTHERS, *counts))
    return shown


def _map(
    statistics: Sequence[StageStatistics], in_domain: Sequence[str], seed: int
) -> dict[str, NDArray[Any]]:
    """Places of in-domain, finally kept and dropped texts; none where there is nothing to see."""
    from dataselect.analysis.report.tsne_map import tsne_map

    texts = {
        IN_DOMAIN: list(in_domain),
        KEPT: statistics[-1].kept.texts.shuffled()[: POINTS[KEPT]],
        DROPPED: _dropped_texts(statistics),
    }
    if not texts[KEPT] and not texts[DROPPED]:
        return {}
    together = [text for own in texts.values() for text in own]
    try:
        places = tsne_map(together, seed=seed)
    except InputError:  # no text has a word
        return {}
    found, start = {}, 0
    for kind, own in texts.items():
        if own:
            found[kind] = places[start : start + len(own)]
        start += len(own)
    return found


def _dropped_texts(statistics: Sequence[StageStatistics]) -> list[str]:
    """Texts that any of the stages dropped, of each as large a share as it dropped."""
    total = sum(each.dropped.records for each in statistics) or 1
    return [
        text
        for each in statistics
        for text in each.dropped.texts.shuffled()[
            : round(POINTS[DROPPED] * each.dropped.records / total)
        ]
    ]
