"""Diverse selection from texts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dataselect.errors import InputError, OptionError
from dataselect.models.fitted_model import unfitted
from dataselect.models.text_sequences import as_texts
from dataselect.operations.diversity.decisions import decide
from dataselect.operations.diversity.greedy import Limits
from dataselect.operations.diversity.objectives.factory import (
    Method,
    ObjectiveFactory,
    default_method,
)
from dataselect.operations.diversity.objectives.methods import Items
from dataselect.selection.selection_rules import group_codes, numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.models.encoders.base import Encoder
    from dataselect.models.text_sequences import Texts
    from dataselect.operations.diversity.scorer import DiversityScorer
    from dataselect.selection.rule import Selection
    from dataselect.selection.selection_rules import Numbers


class Diversity:
    """Picks texts that say what nothing labelled or picked says yet (Cho et al. 2019).

    `method`: "facility", picks that together are near to the whole pool; "features", that together
    have its n-grams; "kcenter", each as far as can be from those before; "paraphrase", the same by
    the `detector` in a folder. By default paraphrase with a detector, facility of up to 20,000
    texts or with an encoder, and else features. `encoder`: of vectors, by default one that is
    fitted to the texts. `band`: the lowest and the highest novelty to what is labelled;
    `min_novelty`: under which nothing is picked when its turn comes.
    After `select`: `weights_` (k,), how many texts of the pool are nearest to each pick, where
    facility picked and it does not take minutes to tell, or None.

    >>> diversity = Diversity().fit(["play adele", "put on some jazz"])
    >>> diversity.select(["Play Adele!", "put on some blues", "wake me at seven"], 1).tolist()
    [2]
    """

    selects = True
    labelled_: list[str]
    weights_: NDArray[np.intp] | None

    def __init__(
        self,
        *,
        method: Method | None = None,
        detector: str | None = None,
        encoder: Encoder | None = None,
        band: tuple[float, float] | None = None,
        min_novelty: float = 0.0,
        seed: int = 0,
    ) -> None:
        if (method or "paraphrase") != "paraphrase" if detector else method == "paraphrase":
            raise OptionError("--detector FOLDER is for --method paraphrase, which needs one")
        if band is not None and not 0 <= band[0] <= band[1] <= 1:
            raise OptionError("--band takes two numbers from 0 to 1, the lower first: 0.2 0.8")
        self.method: Method | None = method
        self.detector, self.encoder = detector, encoder
        self.band, self.min_novelty, self.seed = band, min_novelty, seed

    def fit(self, labelled: Texts = ()) -> Diversity:
        """Take note of what is labelled already: picks differ from that. Returns self."""
        self.labelled_ = as_texts(labelled, "labelled")
        return self

    def select(
        self,
        pool: Texts,
        top_k: int | None = None,
        *,
        budget: float | None = None,
        costs: Numbers | None = None,
        groups: Sequence[Any] | None = None,
        max_per: int | None = None,
    ) -> NDArray[np.intp]:
        """Positions of at most `top_k` texts of the pool, in the order in which they are picked.

        Copies of labelled texts and of other texts are never picked. `costs` (n,): what texts take
        of the `budget`. `groups` (n,): values that take turns, with at most `max_per` picks each.
        Raises OptionError where nothing says how much to pick.
        """
        if top_k is None and budget is None and not self.min_novelty:
            raise OptionError("say how much to pick: --top-k N, --budget N or --min-novelty X")
        if top_k is not None and top_k < 1:
            raise OptionError(f"--top-k {top_k} is under 1")
        texts = as_texts(pool, "pool")
        paid = None if costs is None else numbers_of(costs, "costs", len(texts))
        if (budget is None) != (paid is None):
            raise InputError("costs: they are what texts take of the budget; give both or neither")
        own = None if groups is None else group_codes(groups, len(texts)).codes[:].astype(np.intp)
        items = Items(np.arange(len(texts)), texts, paid, own)
        method = self.method or default_method(
            len(texts),
            has_detector=self.detector is not None,
            has_vectors=self.encoder is not None,
        )
        encoders = None if self.encoder is None else (self.encoder, self.encoder)
        factory = ObjectiveFactory(method, self.labelled_, self.detector, None, encoders, self.seed)
        decided = decide(
            texts,
            self.labelled_,
            lambda rows: factory.objective(items.take(rows))[0],
            Limits(top_k, budget, self.min_novelty, max_per),
            band=self.band,
            costs=paid,
            groups=own,
        )
        self.weights_ = decided.weights
        return decided.picks.items

    def pool_scorer(
        self,
        pool: Inputs,
        rule: Selection,
        settings: Settings,
        excluded_keys: NDArray[np.uint64] | None,
    ) -> DiversityScorer:
        """What keeps picks among the records of a pool, for `select_file`.

        The rule says how much to pick: `TopK`, `Share` or `Budget`. Raises any DataselectError.
        """
        from dataselect.operations.diversity.diverse_selection import DiverseSelection
        from dataselect.operations.diversity.diversity_input import LabelledTexts
        from dataselect.operations.diversity.options import (
            MethodOptions,
            PickingOptions,
            VectorOptions,
        )

        if unused := {"threshold", "calibrate", "sample", "auto"} & rule.in_force().keys():
            raise OptionError(
                f"--{min(unused)} is not for picks, which have no scores of their own; give "
                "--top-k, --share or --budget"
            )
        picking = PickingOptions(
            top_k=rule.top_k,
            share=None if rule.share is None else str(rule.share),
            budget=None if rule.budget is None else str(rule.budget),
            cost=rule.cost,
            min_novelty=self.min_novelty or None,
            per=rule.per,
            max_per=rule.max_per,
        )
        picking.check()
        return DiverseSelection(
            LabelledTexts(self.labelled_),
            MethodOptions(method=self.method, detector=self.detector, band=self.band),
            VectorOptions(),
            picking,
            settings,
            excluded_keys,
            self.encoder,
        ).select(pool)

    def __getattr__(self, name: str) -> Any:
        raise unfitted(self, name)
