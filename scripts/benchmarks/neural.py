"""A neural encoder under several batch policies: sizes, and whether texts are sorted by length."""

from __future__ import annotations

from contenders import Contender, Rounds, driver, interleave
from tables import Plan, Row, Section, rounds_note, spread

ROUNDS = 3
_TEXTS = 1_000
_SIZES = (8, 32, 128)
_POLICIES = {
    "sentence-transformers, a batch at a time": "unsorted",
    "sentence-transformers, all at once: it sorts": "library",
    "dataselect's encoder": "dataselect",
}


def measure(plan: Plan) -> Section:
    """Texts a second by policy and size; nothing where no encoder is given."""
    heads = ["texts/s", *[f"batches of {size}" for size in _SIZES]]
    title = "Neural encoder"
    if plan.encoder is None:
        return Section(title, heads, [], ["Not run: give a model with --encoder."])
    contenders = [
        Contender(f"{policy} {size}", _command(plan, policy, size), _TEXTS)
        for size in _SIZES
        for policy in _POLICIES.values()
    ]
    rounds = plan.rounds or ROUNDS
    found = interleave(contenders, rounds, essential=[each.name for each in contenders])
    rows = [_row(label, policy, found) for label, policy in _POLICIES.items()]
    notes = [
        f"{_TEXTS:,} targets spread over {plan.pairs.describe()}",
        rounds_note(rounds) + " Encoding alone, the model loaded before; every thread of the "
        "library.",
    ]
    return Section(title, heads, rows, notes)


def _command(plan: Plan, policy: str, size: int) -> tuple[str, ...]:
    assert plan.encoder is not None
    path = plan.pairs.path()
    return driver("neural_script", plan.encoder, path, str(_TEXTS), policy, str(size))


def _row(label: str, policy: str, found: Rounds) -> Row:
    seconds = {
        size: [float(each.stdout) for each in found.spent[f"{policy} {size}"]] for size in _SIZES
    }
    rates = [spread([_TEXTS / taken for taken in each], 0) for each in seconds.values()]
    return Row([label, *rates], measured={"seconds": seconds})
