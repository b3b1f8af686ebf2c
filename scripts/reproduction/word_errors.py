"""Word errors of a recogniser by the text of its language model, over seeds and sizes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Record, Table, run, write
from enrichment import OOV, PERPLEXITY, Case, Found


@dataclass(frozen=True)
class WordErrors:
    """What was found in all cases; one whose `in_domain` is None counts for every size.

    `folder`: where `evaluate` works.
    """

    folder: Path
    sizes: Sequence[int]
    found: Mapping[Case, Found]

    @property
    def columns(self) -> list[str]:
        return [f"{size:,}" for size in self.sizes]

    def rates(self) -> Table:
        """Word error rates of every seed."""
        table = Table("WER, %, by in-domain utterances", self.columns, digits=2)
        for size, case in self.cases():
            for way, heard in case.heard.items():
                table.add(way, f"{size:,}", self.evaluated(heard)["value"])
        return table

    def reductions(self, compared: Iterable[tuple[str, str]]) -> Table:
        """By how many percent errors are fewer, all seeds as one test set."""
        names = ("", " from", " to")
        columns = [column + name for column in self.columns for name in names]
        table = Table("fewer word errors, %, 95 % interval", columns, digits=1)
        pairs = list(compared)
        for size in self.sizes:
            for way, base in pairs:
                figures = self.evaluated(self.heard(size, way), self.heard(size, base))
                change = figures["difference"]
                unit = -100 / figures["against"]["value"]
                bounds = (change["value"], change["high"], change["low"])
                for name, bound in zip(names, bounds, strict=True):
                    table.add(f"{way}, against {base}", f"{size:,}{name}", unit * bound)
        table.notes.append("Intervals are those of a paired bootstrap of the difference.")
        return table

    def models(self) -> Table:
        """Perplexity of the words that a model knows, and how many test words it does not."""
        names = (PERPLEXITY, OOV)
        columns = [f"{column} {name}" for column in self.columns for name in names]
        table = Table("language model", columns, digits=1)
        for size, case in self.cases():
            for way, figures in case.models.items():
                for name in names:
                    table.add(way, f"{size:,} {name}", figures[name])
        return table

    def cases(self) -> Iterator[tuple[int, Found]]:
        """Every case under its size, or under each."""
        for case, found in self.found.items():
            for size in self.sizes if case.in_domain is None else [case.in_domain]:
                yield size, found

    def heard(self, size: int, way: str) -> list[Record]:
        """What all seeds heard, one after the other."""
        found = (case.heard.get(way, []) for own, case in self.cases() if own == size)
        return [record for records in found for record in records]

    def evaluated(
        self, system: Iterable[Record], baseline: Iterable[Record] | None = None
    ) -> dict[str, Any]:
        """The word error rate, and its difference from a baseline, with intervals."""
        write(self.folder / "system.jsonl", system)
        asked = ["--metric", "wer", "--format", "json", "system.jsonl", "-o", "figures.json"]
        if baseline is not None:
            write(self.folder / "baseline.jsonl", baseline)
            asked += ["--against", "baseline.jsonl"]
        run(self.folder, "evaluate", *asked)
        figures = json.loads((self.folder / "figures.json").read_text(encoding="utf-8"))
        return dict(figures["measures"][0])
