"""Rescoring: pick the best hypothesis of each n-best list with the help of a language model.

After Punjabi et al. (2019), who rank by the in-domain language model alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import orjson
from numpy.typing import NDArray

from dataselect.data.fields import Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.data.json_lines.json_values import numbers, objects, with_members
from dataselect.execution.scorer import Scorer, Scores
from dataselect.models.language_model.scoring.language_model import (
    DECIMALS,
    LanguageModel,
    TextScores,
)
from dataselect.operations.rescore.lists import Lists
from dataselect.operations.rescore.log_linear import (
    LM,
    SCORE,
    Featured,
    LogLinear,
    dumps,
    reweighted,
    winners,
)
from dataselect.operations.rescore.nbest import NBest, NBestField, NBestLists

if TYPE_CHECKING:
    from dataselect.models.metrics import Metric
    from dataselect.selection.ranking import Direction

RESCORED, PERPLEXITY = "rescored", "perplexity"
TOLD = ("rank", "total", PERPLEXITY)
"""What is told of a winner beside its features."""
_EMPTY = "have an empty text: every hypothesis of their list is empty"
_UNKNOWN = "have a winner with '<unk>', a word like any other until --unknown '<unk>' names it"
_COSTS = (
    "have a list whose first hypothesis scores worst: if low scores are good, give a negative "
    "--score-weight and an --lm-weight, or --tune"
)
_FEW_LISTS = 5  # of a batch: fewer may begin with the worst score by chance


class RescoreScorer(Scorer):
    """The winner of each list as the text; its perplexity, low for good texts, as the score.

    The weighted sum ranks within a list only: the scores of a recogniser do not compare between
    utterances. Perplexity does, and is what `winnow` would say of the winner. Slots of the winner
    stay with what is known of it: those of the record are of another text.
    """

    noun: ClassVar[str] = "rescore"
    may_add: ClassVar[tuple[str, ...]] = (RESCORED,)
    direction: Direction = "low"

    def __init__(
        self,
        lm: LanguageModel,
        model: LogLinear,
        *,
        nbest_path: str = "nbest",
        reference_path: str | None = None,
        text_field: str = "text",
        keep_nbest: bool = False,
        figures: dict[str, Any] | None = None,
    ) -> None:
        """With `reference_path` a record without reference is bad.

        `figures` go into the run report; of them `warnings` are for people, too.
        """
        self.lm, self.model = lm, model
        self.nbest, self.reference_path = model.nbest_field(nbest_path), reference_path
        self.text_field, self.keep_nbest = text_field, keep_nbest
        self.figures = figures or {}

    @property
    def measure(self) -> str:
        return PERPLEXITY

    @property
    def score_field(self) -> str:
        """The winner's perplexity, among what is known of it."""
        return f"{RESCORED}.{PERPLEXITY}"

    @property
    def columns(self) -> Sequence[Column]:
        return list_columns(self.nbest, self.reference_path)

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # the text may be called otherwise
        """The winner's text, and what is known of it."""
        return (self.text_field, RESCORED)

    @property
    def removes(self) -> tuple[str, ...]:  # type: ignore[override]  # as above
        """The list, unless it is to be kept."""
        return () if self.keep_nbest else (self.nbest.path,)

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        found = self.model.features(columns[0], self.nbest, self.lm)
        totals = self.model.totals(found.features)
        won = winners(totals, found.candidates.sizes)
        log_probs, words, oov = found.scored
        scored = TextScores(log_probs[won], words[won], oov[won])
        perplexities = scored.perplexities
        known = {
            "rank": found.candidates.ranks[won],
            "total": np.round(totals[won], DECIMALS),
            **self._values(found, won),
            "lm": np.round(scored.log_probs * math.log(10), DECIMALS),
            "words": scored.words,
            "oov": scored.oov,
            PERPLEXITY: perplexities,
        }
        winning = list(map(found.candidates.texts.__getitem__, won.tolist()))
        told = objects({name: numbers(column) for name, column in known.items()})
        annotations = found.candidates.annotations
        if annotations:
            own = [annotations[place] for place in won.tolist()]
            told = [with_members(each, more) for each, more in zip(told, own, strict=True)]
        fields: Fields = {self.text_field: list(map(orjson.dumps, winning)), RESCORED: told}
        counted = {
            _EMPTY: len(winning) - sum(map(bool, map(str.strip, winning))),
            _UNKNOWN: self._unnamed_unknown(winning),
            _COSTS: self._upside_down(columns[0]),
        }
        remarks = tuple((remark, count) for remark, count in counted.items() if count)
        return Scores(perplexities, fields, remarks=remarks)

    def _unnamed_unknown(self, texts: Sequence[str]) -> int:
        """How many winners hold a recogniser's unknown token, where nobody said that it is one."""
        if self.model.normalization.unknown is not None:
            return 0
        return sum("<unk>" in text for text in texts)

    def _upside_down(self, lists: Sequence[NBest]) -> int:
        """How many lists begin with what scores worst, where that is so of most of a batch."""
        if self.model.weights.get(SCORE, 0.0) <= 0 or not lists:
            return 0
        given = NBestLists.of(lists)
        sizes, values, firsts = given.sizes, given.numbers[:, 0], given.firsts
        lowest, highest = (each.reduceat(values, firsts) for each in (np.minimum, np.maximum))
        worst = int(np.count_nonzero((values[firsts] == lowest) & (lowest < highest)))
        several = int(np.count_nonzero(sizes > 1))
        return worst if worst >= _FEW_LISTS and 2 * worst > several else 0

    def _values(self, found: Featured, won: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
        """The winners' own numbers; the list's score is called `score` whatever it is there."""
        return {
            SCORE if name == self.model.score_name else name: column[won]
            for name, column in found.candidates.values.items()
        }

    def warnings(self) -> list[str]:
        """What was said when model and weights were made, and when they were tried."""
        return list(self.figures.get("warnings", []))

    def describe(self) -> dict[str, Any]:
        return {
            "signature": {
                "lm": self.lm.digest[:12],
                "order": self.lm.order,
                "weights": ",".join(f"{n}={w:.4g}" for n, w in self.model.weights.items()),
                "norm": str(self.model.normalization),
            },
            **self.model.as_json(),
            **self.figures,
        }

    def tune(
        self,
        lists: Sequence[NBest],
        references: Sequence[str],
        metric: Metric,
        rng: np.random.Generator,
    ) -> None:
        """Tune the weights on n > 1 lists, from what they are."""
        from dataselect.operations.rescore.weight_tuning import tune

        found = self.model.features(lists, self.nbest, self.lm)
        sizes = found.candidates.sizes
        repeated = np.repeat(np.array(references, object), sizes).tolist()
        statistics = metric.statistics(found.candidates.texts, repeated)
        weights = np.array(list(self.model.weights.values()))
        best = tune(Lists.of(found.features, statistics, sizes), metric, weights, rng)
        self.model = reweighted(self.model, best.weights)
        self.figures["tuned"] = {"metric": metric.signature, **best.describe()}
        self.figures["warnings"] += best.warnings(metric)

    def adapt(
        self,
        firsts: Sequence[str],
        in_domain: Sequence[str],
        order: int,
        rng: np.random.Generator,
    ) -> None:
        """Weigh the language model by how much first hypotheses surprise one, see `Excess`.

        `in_domain`: what it is trained on, normalised.
        """
        from dataselect.operations.rescore.default_weight import excess

        read = self.model.readable(self.model.normalization.each(firsts))
        found = excess([text for text in read if text.strip()], in_domain, order, rng)
        if found is not None:
            self.model = replace(self.model, weights={**self.model.weights, LM: found.weight})
            self.figures["adapted"] = found.describe()

    def dumps(self) -> bytes:
        """The weights as a file, for `log_linear.load`."""
        figures: dict[str, Any] = {"lm": self.lm.digest}
        for how in "tuned", "adapted":
            if how in self.figures:
                figures[how] = self.figures[how]
        return dumps(self.model, figures)


def list_columns(nbest: NBestField, reference_path: str | None) -> list[Column]:
    """What is read of a record: its list, and its reference where one is needed."""
    return [nbest.column, *([] if reference_path is None else [Column.reference(reference_path)])]
