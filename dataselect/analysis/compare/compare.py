"""Compare selections of one pool with each other, with chance, and with all of the pool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.analysis.compare.assertions import EVERYTHING, IN_DOMAIN, LABELLED
from dataselect.analysis.compare.measures import MEASURES, Gauge, MeasuredValues
from dataselect.analysis.compare.overlap import Overlap, outside, overlaps, told_apart
from dataselect.analysis.compare.random_baseline import random_figures
from dataselect.analysis.compare.result import Basis, Compared, ComparisonResult
from dataselect.analysis.compare.selected_texts import Collection, TextTable
from dataselect.console import Steps
from dataselect.errors import InputError

if TYPE_CHECKING:
    from dataselect.analysis.compare.downstream_error import DownstreamTraining
    from dataselect.analysis.compare.overlap import Keys, Means
    from dataselect.models.language_model.development_set import DevelopmentSet
    from dataselect.models.language_model.vocabulary import Vocabulary


def compare(
    selections: Mapping[str, Iterable[TextTable]],
    development: Sequence[str],
    *,
    pool: Iterable[TextTable] | None = None,
    in_domain: Sequence[str] = (),
    cost: str = "records",
    draws: int = 5,
    seed: int = 0,
    training: DownstreamTraining | None = None,
    quiet: bool = True,
) -> ComparisonResult:
    """Measure selections, and `draws` random ones of the pool as large as each.

    `development`: text like that which is to come. `in_domain` joins the text of every model.
    `cost`: what batches count, records, words, chars, or else the field that has seconds. Raises
    InputError where training is supervised and a record has no label.

    >>> texts = ["play some jazz", "will it rain", "play the blues", "it may snow"]
    >>> kept = {"kept": [TextTable(texts[::2])]}
    >>> found = compare(kept, ["play some blues"], pool=[TextTable(texts)])
    >>> found.selections["kept"].figures.values["oov"], found.beside["all"].values["records"]
    (0.0, 4)
    """
    gathered = _Gathered.of(selections, development, pool, in_domain)
    if training is not None and training.supervised:
        gathered.check_labels()
    gauge = Gauge(gathered.trial(with_in_domain=True), gathered.vocabulary, training, cost)
    draws = draws if gathered.pool is not None else 0
    with Steps(quiet=quiet) as steps:
        advance = steps("comparing", len(gathered.selections) * (1 + draws) + 1)

        def figures(records: Collection) -> MeasuredValues:
            found = gauge.figures(records)
            advance(1)
            return found

        beside = gathered.beside(figures)
        chosen = {name: figures(each) for name, each in gathered.selections.items()}
        random = gathered.random(draws, seed, figures)
    if training is not None:
        beside[LABELLED] = _alone(training)
    means, keys = told_apart(gathered.named)
    return ComparisonResult(
        gathered.basis(draws, cost, seed, means),
        {name: Compared(each, random[name]) for name, each in chosen.items()},
        beside,
        gathered.overlaps(keys),
        [*gathered.warnings(keys, training)],
    )


@dataclass(frozen=True)
class _Gathered:
    """Everything that is compared, as numbers of one vocabulary."""

    vocabulary: Vocabulary
    pool: Collection | None
    in_domain: Collection
    development: Collection
    selections: dict[str, Collection]

    @classmethod
    def of(
        cls,
        selections: Mapping[str, Iterable[TextTable]],
        development: Sequence[str],
        pool: Iterable[TextTable] | None,
        in_domain: Sequence[str],
    ) -> _Gathered:
        """All of it, read; the pool first, so that the order of selections numbers none of it."""
        from dataselect.models.language_model.vocabulary import Vocabulary

        vocabulary = Vocabulary()
        return cls(
            vocabulary,
            None if pool is None else Collection.gathered(pool, vocabulary),
            Collection.gathered([TextTable(in_domain)], vocabulary),
            Collection.gathered([TextTable(development)], vocabulary),
            {name: Collection.gathered(each, vocabulary) for name, each in selections.items()},
        )

    @property
    def named(self) -> dict[str, Collection]:
        """The selections, and the pool where there is one."""
        return self.selections | ({} if self.pool is None else {EVERYTHING: self.pool})

    def check_labels(self) -> None:
        """Raise InputError unless every record has a label."""
        for name, each in self.named.items():
            if each.labels is None:
                raise InputError(
                    f"{name}: --supervised needs a label in every record, and some have none; "
                    "name the field with --label-field"
                )

    def trial(self, *, with_in_domain: bool) -> DevelopmentSet:
        """The development set, to try models on."""
        from dataselect.models.language_model.development_set import DevelopmentSet

        beside = self.in_domain.corpus if with_in_domain else None
        return DevelopmentSet(self.vocabulary, self.development.corpus, beside)

    def beside(self, figures: Callable[[Collection], MeasuredValues]) -> dict[str, MeasuredValues]:
        """The figures of the whole pool, and of the in-domain text without any other."""
        found = {} if self.pool is None else {EVERYTHING: figures(self.pool)}
        if len(self.in_domain):
            alone = Gauge(self.trial(with_in_domain=False), self.vocabulary)
            found[IN_DOMAIN] = alone.figures(self.in_domain)
        return found

    def random(
        self, draws: int, seed: int, figures: Callable[[Collection], MeasuredValues]
    ) -> dict[str, list[MeasuredValues]]:
        """For each selection the figures of random ones of its size; none without a pool."""
        import numpy as np

        if self.pool is None:
            return {name: [] for name in self.selections}
        rng = np.random.default_rng(seed)
        return random_figures(self.pool, self.selections, draws, rng, figures)

    def overlaps(self, keys: Keys) -> list[Overlap]:
        own = {name: keys[name] for name in self.selections}
        return overlaps(own, None if self.pool is None else len(self.pool))

    def basis(self, draws: int, cost: str, seed: int, means: Means) -> Basis:
        from dataselect.models.language_model.vocabulary import MARKERS

        return Basis(
            development_records=len(self.development),
            development_words=self.development.corpus.words,
            in_domain_records=len(self.in_domain),
            vocabulary=len(self.vocabulary) - len(MARKERS),
            draws=draws,
            cost=cost,
            seed=seed,
            told_apart_by=means,
        )

    def warnings(self, keys: Keys, training: DownstreamTraining | None) -> Iterator[str]:
        if self.pool is None:
            yield "no --pool: nothing tells what a random selection would give"
        for name, each in self.named.items():
            if copies := each.corpus.copies_of(self.development.corpus):
                yield f"{copies:,} records of {name} are copies of --dev text; it looks too good"
            if training and (copies := training.copies_in(each, self.vocabulary)):
                yield f"{copies:,} records of {name} are copies of --test text; it looks too good"
        for name, each in self.selections.items() if self.pool is not None else ():
            if self.pool is not None and len(each) > len(self.pool):
                yield f"{name} has more records than the pool: random selections are smaller"
            if strange := outside(keys[name], keys[EVERYTHING]):
                yield f"{strange:,} of {len(each):,} records of {name} are not in the pool"


def _alone(training: DownstreamTraining) -> MeasuredValues:
    """The figures of an intent classifier's labelled records, without any selection."""
    values: dict[str, float | None] = dict.fromkeys(MEASURES)
    values |= {"records": len(training.texts), "error": training.error_alone()}
    return MeasuredValues(values, {})
