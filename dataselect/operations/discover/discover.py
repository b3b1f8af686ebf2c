"""Candidate new intents of texts in memory, and of files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataselect.console import Steps
from dataselect.errors import InputError
from dataselect.execution.run import FAIL
from dataselect.models.fitted_model import unfitted
from dataselect.models.text_sequences import as_texts
from dataselect.operations.discover.discover_input import KnownTexts, PoolColumns
from dataselect.operations.discover.grouping import GroupingOptions
from dataselect.operations.discover.intent_groups import IntentGroups, find_groups
from dataselect.operations.discover.scorer import DiscoverScorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.models.encoders.base import Encoder
    from dataselect.models.text_sequences import Texts
    from dataselect.selection.rule import Selection

_NONE = 255  # the code of a record that is not looked at


class Discover:
    """Finds candidate new intents: groups of texts that are near each other and near no known one.

    `neighbours`: nearest texts that each is linked to. `density`: a text joins a group if its
    links, of which each counts as the cosine, are more than this share of it; by default the one
    whose groups are most like the known intents, 0.03 without any. `min_size`: different texts of
    a group. `sample_size`: texts among which groups are looked for; others join
    the nearest one. `encoder`: of vectors, by default one that is learnt from the texts.

    >>> music, rain = ["play adele", "play some jazz"] * 5, ["is it raining", "is it cold"] * 5
    >>> found = Discover(min_size=2).fit(music, ["music"] * 10).group([*rain, "play jazz"])
    >>> found.numbers.tolist(), found.groups[0].name
    ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], 'is it')
    """

    selects = False
    known_: KnownTexts

    def __init__(
        self,
        *,
        neighbours: int | None = None,
        density: float | None = None,
        min_size: int = 10,
        sample_size: int = 25_000,
        keep_ungrouped: bool = False,
        encoder: Encoder | None = None,
        intent_field: str = "intent",
        parent_field: str = "intent",
        seed: int = 0,
    ) -> None:
        self.options = GroupingOptions(neighbours, density, min_size, sample_size)
        self.keep_ungrouped, self.encoder, self.seed = keep_ungrouped, encoder, seed
        self.intent_field, self.parent_field = intent_field, parent_field

    def fit(
        self, labelled: Texts = (), intents: Texts = (), *, parents: Texts | None = None
    ) -> Discover:
        """Take note of what is known. `parents`: of each text what groups near it belong under.

        By default those are the intents. Returns self.
        """
        texts, names = as_texts(labelled, "labelled"), as_texts(intents, "intents")
        above = names if parents is None else as_texts(parents, "parents")
        for name, each in (("intents", names), ("parents", above)):
            if len(each) != len(texts):
                raise InputError(f"{name}: {len(each):,} for {len(texts):,} texts")
        return self.fit_known(KnownTexts(texts, names, list(above)))

    def fit_known(self, known: KnownTexts) -> Discover:
        """As `fit`, of what was read from files."""
        self.known_ = known
        return self

    def group(self, pool: Texts) -> IntentGroups:
        """The group of each text of a pool, and what the groups are."""
        texts = as_texts(pool, "pool")
        rng = np.random.default_rng(self.seed)
        is_open = np.ones(len(texts), bool)
        return find_groups(texts, is_open, self.known_, self.encoder, self.options, rng)

    def pool_scorer(
        self,
        pool: Inputs,
        rule: Selection,
        settings: Settings,
        excluded_keys: NDArray[np.uint64] | None,
    ) -> DiscoverScorer:
        """What tells the group of each record of a pool, for `select_file`. Raises InputError."""
        pool.keep_for_rereading()
        columns = PoolColumns(
            settings.text_field,
            self.intent_field,
            self.parent_field,
            settings.on_error == FAIL,
        )
        known = self.known_.copy()
        read = columns.read(pool, known, excluded_keys)
        rng = np.random.default_rng(settings.seed)
        with Steps(quiet=settings.quiet) as report:
            found = find_groups(
                read.texts,
                np.array(read.is_open, bool),
                known,
                self.encoder,
                self.options,
                rng,
                report,
                is_told_new=read.is_told_new,
            )
        return DiscoverScorer(
            _spread(found.codes, read.positions, read.records, _NONE),
            _spread(found.numbers, read.positions, read.records, 0),
            _spread(found.typicality, read.positions, read.records, 0),
            found.groups,
            self.keep_ungrouped,
            found.figures,
            settings.text_field,
        )

    def __getattr__(self, name: str) -> Any:
        raise unfitted(self, name)


def _spread(
    values: NDArray[Any], positions: Sequence[int], records: int, missing: int
) -> NDArray[Any]:
    """(records,) values of the records at some positions, `missing` elsewhere."""
    found = np.full(records, missing, values.dtype)
    found[np.array(positions, np.intp)] = values
    return found
