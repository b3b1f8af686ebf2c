"""Compare selections of one pool with each other, with chance, and with all of the pool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.analysis.compare.assertions import EVERYTHING, IN_DOMAIN, LABELLED
from dataselect.analysis.compare.groups.group_shares import GroupCounts, counting, group_shares
from dataselect.analysis.compare.measures import MEASURES, Gauge, MeasuredValues
from dataselect.analysis.compare.result import Basis, Compared, ComparisonResult, KeyKind, Overlap
from dataselect.analysis.compare.selected_texts import Collection, TextTable
from dataselect.console import Steps

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.analysis.compare.downstream_error import DownstreamTraining
    from dataselect.models.language_model.development_set import DevelopmentSet
    from dataselect.models.language_model.vocabulary import Vocabulary

_Keys = dict[str, "NDArray[np.uint64]"]


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
    `cost`: what batches count, records, words, chars, or else the field that has seconds.

    >>> texts = ["play some jazz", "will it rain", "play the blues", "it may snow"]
    >>> kept = {"kept": [TextTable(texts[::2])]}
    >>> found = compare(kept, ["play some blues"], pool=[TextTable(texts)])
    >>> found.selections["kept"].figures.values["oov"], found.baselines["all"].values["records"]
    (0.0, 4)
    """
    import numpy as np

    counts: dict[str, GroupCounts] = {name: {} for name in selections}
    of_pool: GroupCounts = {}
    texts = _Texts.read(
        {name: counting(each, counts[name]) for name, each in selections.items()},
        development,
        None if pool is None else counting(pool, of_pool),
        in_domain,
    )
    gauge = Gauge(texts.development_set(with_in_domain=True), texts.vocabulary, training, cost)
    draws = draws if texts.pool is not None else 0
    with Steps(quiet=quiet) as steps:
        advance = steps("comparing", len(texts.selections) * (1 + draws) + 1)

        def figures(records: Collection) -> MeasuredValues:
            found = gauge.figures(records)
            advance(1)
            return found

        baselines = texts.baselines(figures)
        own = {name: figures(each) for name, each in texts.selections.items()}
        rng = np.random.default_rng(seed)
        random = random_figures(texts.pool, texts.selections, draws, rng, figures)
    if training is not None:
        values: dict[str, float | None] = dict.fromkeys(MEASURES)
        error, by_group = training.error_alone()
        values |= {"records": len(training.texts), "error": error}
        baselines[LABELLED] = MeasuredValues(values, {}, by_group)
    groups = {
        name: group_shares(of_pool, counts[name], each.group_errors) for name, each in own.items()
    }
    absent = [
        f"no record of --pool has the field '{each.field}', which --group names"
        for each in next(iter(groups.values()), ())
        if each.is_absent
    ]
    served = [said for name, each in groups.items() for one in each for said in one.warnings(name)]
    kind, keys = texts.identity_keys()
    return ComparisonResult(
        texts.basis(draws, cost, seed, kind),
        {name: Compared(each, random[name], groups[name]) for name, each in own.items()},
        baselines,
        texts.overlaps(keys),
        [*texts.warnings(keys, training), *absent, *served],
    )


@dataclass(frozen=True)
class _Texts:
    """Everything that is compared, as numbers of one vocabulary."""

    vocabulary: Vocabulary
    pool: Collection | None
    in_domain: Collection
    development: Collection
    selections: dict[str, Collection]

    @classmethod
    def read(
        cls,
        selections: Mapping[str, Iterable[TextTable]],
        development: Sequence[str],
        pool: Iterable[TextTable] | None,
        in_domain: Sequence[str],
    ) -> _Texts:
        """All of it; the pool first, so that the order of selections numbers none of it."""
        from dataselect.models.language_model.vocabulary import Vocabulary

        vocabulary = Vocabulary()
        return cls(
            vocabulary,
            None if pool is None else Collection.collect(pool, vocabulary),
            Collection.collect([TextTable(in_domain)], vocabulary),
            Collection.collect([TextTable(development)], vocabulary),
            {name: Collection.collect(each, vocabulary) for name, each in selections.items()},
        )

    @property
    def _named(self) -> dict[str, Collection]:
        """The selections, and the pool where there is one."""
        return self.selections | ({} if self.pool is None else {EVERYTHING: self.pool})

    def development_set(self, *, with_in_domain: bool) -> DevelopmentSet:
        """What models are tried on."""
        from dataselect.models.language_model.development_set import DevelopmentSet

        joined = self.in_domain.corpus if with_in_domain else None
        return DevelopmentSet(self.vocabulary, self.development.corpus, joined)

    def baselines(
        self, figures: Callable[[Collection], MeasuredValues]
    ) -> dict[str, MeasuredValues]:
        """The figures of the whole pool, and of the in-domain text without any other."""
        found = {} if self.pool is None else {EVERYTHING: figures(self.pool)}
        if len(self.in_domain):
            alone = Gauge(self.development_set(with_in_domain=False), self.vocabulary)
            found[IN_DOMAIN] = alone.figures(self.in_domain)
        return found

    def identity_keys(self) -> tuple[KeyKind, _Keys]:
        """Keys (n,) that tell the records of each collection apart.

        Ids where every record has one of its own in its file, else the words in their order.
        """
        import numpy as np

        named = self._named
        ids = {name: each.ids for name, each in named.items() if each.ids is not None}
        if len(ids) == len(named) and all(len(np.unique(own)) == len(own) for own in ids.values()):
            return "id", ids
        return "text", {name: each.corpus.keys() for name, each in named.items()}

    def overlaps(self, keys: _Keys) -> list[Overlap]:
        """For each ordered pair of different selections."""
        import numpy as np

        total = 0 if self.pool is None else len(self.pool)
        return [
            Overlap(
                of,
                within,
                float(np.isin(keys[of], keys[within]).mean()) if len(keys[of]) else None,
                len(keys[within]) / total if total else None,
            )
            for of in self.selections
            for within in self.selections
            if of != within
        ]

    def basis(self, draws: int, cost: str, seed: int, kind: KeyKind) -> Basis:
        from dataselect.models.language_model.vocabulary import MARKERS

        return Basis(
            development_records=len(self.development),
            development_words=self.development.corpus.words,
            in_domain_records=len(self.in_domain),
            vocabulary=len(self.vocabulary) - len(MARKERS),
            draws=draws,
            cost=cost,
            seed=seed,
            told_apart_by=kind,
        )

    def warnings(self, keys: _Keys, training: DownstreamTraining | None) -> Iterator[str]:
        import numpy as np

        if self.pool is None:
            yield "no --pool: nothing tells what a random selection would give"
        for name, each in self._named.items():
            if copies := each.corpus.copies_of(self.development.corpus):
                yield f"{copies:,} records of {name} are copies of --dev text; it looks too good"
            if training and (copies := training.copies_in(each, self.vocabulary)):
                yield f"{copies:,} records of {name} are copies of --test text; it looks too good"
        for name, each in self.selections.items() if self.pool is not None else ():
            if self.pool is not None and len(each) > len(self.pool):
                yield f"{name} has more records than the pool: random selections are smaller"
            strange = int(np.count_nonzero(~np.isin(keys[name], keys[EVERYTHING])))
            if strange:
                yield f"{strange:,} of {len(each):,} records of {name} are not in the pool"


def random_figures(
    pool: Collection | None,
    selections: Mapping[str, Collection],
    draws: int,
    rng: np.random.Generator,
    figures: Callable[[Collection], MeasuredValues],
) -> dict[str, list[MeasuredValues]]:
    """For each selection the figures of `draws` random ones of its size; none without a pool.

    Each draw puts the pool into random order, and every selection is compared with the first
    records of that order: as many as it has itself or, where records have costs, so many that
    their total is nearest to its own. So selections of one size share their draws, and what is
    drawn does not depend on the other selections.
    """
    import numpy as np

    found: dict[str, list[MeasuredValues]] = {name: [] for name in selections}
    for _ in range(draws if pool is not None else 0):
        assert pool is not None
        order = rng.permutation(len(pool))
        known: dict[int, MeasuredValues] = {}
        for name, selection in selections.items():
            count = _equal_count(selection, pool, order)
            if count not in known:
                mask = np.zeros(len(order), bool)
                mask[order[:count]] = True
                known[count] = figures(pool.part(mask))
            found[name].append(known[count])
    return found


def _equal_count(selection: Collection, pool: Collection, order: NDArray[np.intp]) -> int:
    """How many records of a pool in some order are as much as a selection."""
    import numpy as np

    if pool.costs is None or selection.costs is None or not len(selection):
        return min(len(selection), len(pool))
    totals = np.cumsum(pool.costs[order])
    return int(np.abs(totals - selection.costs.sum()).argmin()) + 1 if len(totals) else 0
