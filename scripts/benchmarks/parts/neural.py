"""A neural encoder under several batch policies: sizes, and whether texts are sorted by length."""

from __future__ import annotations

from contenders import Contender, driver
from contest import Contest
from plan import Plan
from tables import Section

_TEXTS = 1_000
_SIZES = (8, 32, 128)
_POLICIES = {
    "sentence-transformers, a batch at a time": "unsorted",
    "sentence-transformers, all at once: it sorts": "library",
    "dataselect's encoder": "dataselect",
}


def neural(plan: Plan) -> Section:
    """Texts a second by policy and size; what cannot be run without an encoder says so."""
    pairs, count = plan.pairs(100_000), plan.size(_TEXTS)
    missing = "" if plan.encoder else "not run: give a model with --encoder"
    given = plan.encoder or "", pairs.path(), str(count)
    contenders = [
        Contender(
            f"{label}, {size}",
            driver("neural_script", *given, policy, str(size)),
            count,
            missing=missing,
        )
        for size in _SIZES
        for label, policy in _POLICIES.items()
    ]
    notes = [
        (
            f"{count:,} targets spread over {pairs.describe()} In batches of so many. Encoding "
            "alone, the model loaded before; every thread of the library."
        )
    ]
    return Contest("Neural encoder", contenders, notes=notes).measure(plan, 1)
