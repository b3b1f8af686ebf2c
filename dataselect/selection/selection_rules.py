"""Selection rules for scores in memory, one class each; `Selection` is their combination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dataselect.errors import InputError, OptionError
from dataselect.selection.budgets import parse_budget, parse_share
from dataselect.selection.plausibility import Calibration
from dataselect.selection.rule import Selection
from dataselect.selection.score_table import Groups

if TYPE_CHECKING:
    from fractions import Fraction

    import numpy as np
    from numpy.typing import NDArray

    from dataselect.selection.ranking import Direction

    Numbers = Sequence[float] | NDArray[np.floating[Any]] | Any


class SelectionRule:
    """What records to keep of their scores. `direction`: which end of a score is the good one.

    Where it is None, `select_file` takes that of the model, and `select` takes high ones.
    `calibration`: what a threshold rests on that was found on held-out scores.
    """

    seed = 0
    calibration: Calibration | None = None

    def __init__(self, selection: Selection, direction: Direction | None = None) -> None:
        if direction not in (None, "high", "low"):
            raise OptionError(f"--direction {direction} is neither high nor low")
        self.selection, self.direction = selection, direction

    def at(self, direction: Direction) -> Selection:
        """The selection among scores whose good end is known."""
        return self.selection

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.selection.describe()})"

    def select(
        self, scores: Numbers, *, costs: Numbers | None = None, groups: Sequence[Any] | None = None
    ) -> NDArray[np.intp]:
        """Positions of what is kept, ascending; of equal scores the first wins.

        `scores` (n,) finite numbers; `costs` (n,) of 0 or more, for a budget; `groups` (n,): the
        rule holds within each value. Raises InputError.
        """
        import numpy as np

        values = numbers_of(scores, "scores")
        paid = None if costs is None else numbers_of(costs, "costs", len(values))
        if paid is not None and paid.size and paid.min() < 0:
            raise InputError(f"costs[{int(paid.argmin())}] is under 0")
        if self.selection.cost != "records" and paid is None:
            raise InputError(f"costs: give the {self.selection.cost} of each record")
        coded = None if groups is None else group_codes(groups, len(values))
        direction, rng = self.direction or "high", np.random.default_rng(self.seed)
        cut = self.at(direction).cut(values, direction, costs=paid, groups=coded, rng=rng)
        kept: NDArray[np.intp] = np.flatnonzero(cut.kept)
        return kept


class Threshold(SelectionRule):
    """Keeps scores on the good side of a number, that number included.

    >>> Threshold(0.5).select([0.9, 0.1, 0.5]).tolist()
    [0, 2]
    """

    def __init__(self, threshold: float, *, direction: Direction | None = None) -> None:
        super().__init__(Selection(threshold=threshold), direction)


class Calibrate(SelectionRule):
    """Keeps what scores at least as well as a share of held-out in-domain records, 0.9 of them.

    `held_out`: their scores by models that did not see them, as `Relevance` has in `held_out_`.

    >>> Calibrate(0.75, [0.9, 0.4, 0.8, 0.7]).select([0.95, 0.1, 0.7]).tolist()
    [0, 2]
    """

    def __init__(
        self, calibrate: float, held_out: Numbers, *, direction: Direction | None = None
    ) -> None:
        super().__init__(Selection(calibrate=calibrate), direction)
        self.held_out = numbers_of(held_out, "held_out")
        if not len(self.held_out):
            raise InputError("held_out: no score; give those of held-out in-domain records")
        self.calibration = Calibration.of(calibrate, len(self.held_out))

    def at(self, direction: Direction) -> Selection:
        """The selection with the threshold that so many of the held-out records pass."""
        return self.selection.calibrated(self.held_out, direction)


class TopK(SelectionRule):
    """Keeps the best k; `per` is the field within each value of which `select_file` does.

    >>> TopK(2).select([0.9, 0.1, 0.5]).tolist()
    [0, 2]
    >>> TopK(1, direction="low").select([30.0, 7.5, 12.0]).tolist()
    [1]
    >>> TopK(1).select([0.9, 0.1, 0.5], groups=["a", "b", "b"]).tolist()
    [0, 2]
    """

    def __init__(
        self, k: int, *, per: str | None = None, direction: Direction | None = None
    ) -> None:
        super().__init__(Selection(top_k=k, per=per), direction)


class Share(SelectionRule):
    """Keeps the best share, `"10%"` or 0.1, rounded down.

    >>> Share("50%").select([0.9, 0.1, 0.5]).tolist()
    [0]
    """

    def __init__(
        self,
        share: str | float | Fraction,
        *,
        per: str | None = None,
        direction: Direction | None = None,
    ) -> None:
        super().__init__(Selection(share=parse_share(str(share)), per=per), direction)


class Budget(SelectionRule):
    """Keeps the best that fit into a budget of `cost`: records, words, chars, or a field's name.

    `"10h"`, `"90min"` and `"30s"` are for costs in seconds. What costs more than is left is passed
    over.

    >>> Budget(10, cost="duration").select([0.9, 0.1, 0.5], costs=[4, 1, 7]).tolist()
    [0, 1]
    """

    def __init__(
        self,
        budget: str | float,
        *,
        cost: str = "records",
        per: str | None = None,
        direction: Direction | None = None,
    ) -> None:
        amount, unit = parse_budget(str(budget), cost)
        selection = Selection(budget=amount, budget_unit=unit, cost=cost, per=per)
        super().__init__(selection, direction)


class Sample(SelectionRule):
    """Draws n without replacement in proportion to the score, or to 1 / score where low is good.

    >>> Sample(2, seed=1).select([0.9, 0.0, 0.5]).tolist()
    [0, 2]
    """

    def __init__(
        self,
        n: int,
        *,
        seed: int = 0,
        per: str | None = None,
        direction: Direction | None = None,
    ) -> None:
        super().__init__(Selection(sample=n, per=per), direction)
        self.seed = seed


def numbers_of(values: Numbers, parameter: str, count: int | None = None) -> NDArray[np.float64]:
    """The finite numbers as (n,) float64, `count` if given. Raises InputError."""
    import numpy as np

    try:
        found = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{parameter}: not numbers; give a list or an array of them") from None
    if found.ndim != 1:
        raise InputError(f"{parameter}: {found.ndim} dimensions; give one number a record")
    if count is not None and len(found) != count:
        raise InputError(f"{parameter}: {len(found):,} for {count:,} records")
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        raise InputError(f"{parameter}[{int(bad[0])}] is {found[bad[0]]}; give finite numbers")
    return found


def group_codes(groups: Sequence[Any], count: int) -> Groups:
    """The groups numbered in the order of first sight. Raises InputError."""
    import numpy as np

    if isinstance(groups, str) or len(groups) != count:
        raise InputError(f"groups: give one value for each of {count:,} records")
    codes: dict[Any, int] = {}
    numbers = [codes.setdefault(each, len(codes)) for each in groups]
    return Groups(np.array(numbers, np.intp), [str(each) for each in codes])
