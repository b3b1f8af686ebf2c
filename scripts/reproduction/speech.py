"""A complete recogniser: word error rate of pocketsphinx by the text of its language model.

For each seed, 200, 500 or 2,000 random utterances of the SNIPS training set are in-domain. The pool
hides the rest of that set among five times as many turns of task dialogues, sentences of Wikipedia,
of many genres and of speeches. espeak-ng speaks test utterances all of whose words are in the
recogniser's dictionary, each in a random voice at a random rate. The recogniser hears them with
trigram models of the in-domain text alone, of that mixed with a model of all the pool, of a random
part and of the selected part, and of all of SNIPS, in-domain and hidden.

200 validation utterances tune the weights of every mixture; perplexity is that of the other
validation utterances. Texts that are also in the validation or test set are left out first. The
recogniser has its default settings; recipe and voices were chosen on validation utterances, with
other seeds.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Claim, Plan, Record, Table, run, write
from enrichment import (
    ALL,
    ALONE,
    OOV,
    ORACLE,
    PERPLEXITY,
    RANDOM,
    SELECTED,
    Case,
    Found,
    Scale,
    measured,
)

_COMPARED = (
    *((way, ALONE) for way in (RANDOM, ALL, SELECTED, ORACLE)),
    *((SELECTED, way) for way in (RANDOM, ALL)),
)
_BARS = {200: 15.7, 500: 7.9}  # percent: what Punjabi et al. report for 10,000 and 200,000
_FULL = Scale()


def measure(plan: Plan, scale: Scale = _FULL) -> list[Table]:
    """Errors, how many fewer they are, what the models and selections are like, and the voices."""
    cases = [Case(seed, size) for seed in range(plan.seeds) for size in (*scale.in_domain, None)]
    found = dict(plan.each(lambda case: measured(plan.data, case, scale), cases))
    with tempfile.TemporaryDirectory() as name:
        results = _Results(Path(name), scale.in_domain, found)
        return [
            results.rates(),
            results.reductions(),
            results.models(),
            results.selections(),
            results.voices(),
        ]


@dataclass(frozen=True)
class _Results:
    """What was found in all cases; the model of all of SNIPS counts for every size."""

    folder: Path
    sizes: Sequence[int]
    found: dict[Case, Found]

    def rates(self) -> Table:
        """Word error rates, and claims about them."""
        table = Table("WER, %, by in-domain utterances", self._columns(), digits=2)
        for size, case in self._cases():
            for way, heard in case.heard.items():
                table.add(way, f"{size:,}", self._evaluated(heard)["value"])
        for size, bar in _BARS.items():
            if size in self.sizes:
                fewer = table.reductions(SELECTED, ALONE, [f"{size:,}"])
                what = f"fewer word errors with selected text, {size} in-domain utterances"
                table.claims.append(Claim(what, bar, fewer))
        for other, name in ((ALL, "all of the pool"), (RANDOM, "a random part of equal size")):
            fewer = table.reductions(SELECTED, other, self._columns())
            table.claims.append(Claim(f"fewer word errors than with {name}", 0, fewer))
        return table

    def reductions(self) -> Table:
        """By how many percent errors are fewer, all seeds as one test set."""
        names = ("", " from", " to")
        columns = [column + name for column in self._columns() for name in names]
        table = Table("fewer word errors, %, 95 % interval", columns, digits=1)
        for size in self.sizes:
            for way, base in _COMPARED:
                compared = self._evaluated(self._heard(size, way), self._heard(size, base))
                change = compared["difference"]
                unit = -100 / compared["against"]["value"]
                bounds = (change["value"], change["high"], change["low"])
                for name, bound in zip(names, bounds, strict=True):
                    table.add(f"{way}, against {base}", f"{size:,}{name}", unit * bound)
        table.notes.append("Intervals are those of a paired bootstrap of the difference.")
        return table

    def models(self) -> Table:
        """Perplexity of the words that a model knows, and how many test words it does not."""
        names = (PERPLEXITY, OOV)
        columns = [f"{column} {name}" for column in self._columns() for name in names]
        table = Table("language model", columns, digits=1)
        for size, case in self._cases():
            for way, figures in case.models.items():
                for name in names:
                    table.add(way, f"{size:,} {name}", figures[name])
        return table

    def selections(self) -> Table:
        """How many records were kept, and how many of them are of SNIPS."""
        table = Table("selection", self._columns(), digits=1)
        for size, case in self._cases():
            for name, figure in case.selection.items():
                table.add(name, f"{size:,}", figure)
        copies = {case.copies for case in self.found.values()}
        table.notes.append(f"{max(copies):,} copies of validation and test text were left out.")
        return table

    def voices(self) -> Table:
        """Word error rates by voice, all seeds as one test set, fewest in-domain utterances."""
        size = self.sizes[0]
        table = Table(f"WER, %, by voice, {size:,} in-domain", [ALONE, SELECTED, ORACLE], digits=1)
        voices = sorted({record["voice"] for record in self._heard(size, ALONE)})
        for voice in voices:
            for way in table.columns:
                own = [record for record in self._heard(size, way) if record["voice"] == voice]
                table.add(voice, way, self._evaluated(own)["value"])
        return table

    def _columns(self) -> list[str]:
        return [f"{size:,}" for size in self.sizes]

    def _cases(self) -> Iterator[tuple[int, Found]]:
        """Every case under its size; that of all of SNIPS under each."""
        for case, found in self.found.items():
            for size in self.sizes if case.in_domain is None else [case.in_domain]:
                yield size, found

    def _heard(self, size: int, way: str) -> list[Record]:
        """What all seeds heard, one after the other."""
        found = (case.heard.get(way, []) for own, case in self._cases() if own == size)
        return [record for records in found for record in records]

    def _evaluated(
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
