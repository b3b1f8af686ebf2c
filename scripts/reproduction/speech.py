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

import tempfile
from collections.abc import Sequence
from pathlib import Path

from common import Claim, Plan, Table
from enrichment import ALL, ALONE, ORACLE, RANDOM, SELECTED, Case, Scale, measured
from word_errors import WordErrors

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
        errors = WordErrors(Path(name), scale.in_domain, found)
        rates = errors.rates()
        rates.claims += _claims(rates, scale.in_domain)
        return [
            rates,
            errors.reductions(_COMPARED),
            errors.models(),
            _selections(errors),
            _voices(errors),
        ]


def _claims(rates: Table, sizes: Sequence[int]) -> list[Claim]:
    """What the rates say of selected text."""
    claims = [
        Claim(
            f"fewer word errors with selected text, {size} in-domain utterances",
            bar,
            rates.reductions(SELECTED, ALONE, [f"{size:,}"]),
        )
        for size, bar in _BARS.items()
        if size in sizes
    ]
    for other, name in ((ALL, "all of the pool"), (RANDOM, "a random part of equal size")):
        fewer = rates.reductions(SELECTED, other, rates.columns)
        claims.append(Claim(f"fewer word errors than with {name}", 0, fewer))
    return claims


def _selections(errors: WordErrors) -> Table:
    """How many records were kept, and how many of them are of SNIPS."""
    table = Table("selection", errors.columns, digits=1)
    for size, case in errors.cases():
        for name, figure in case.selection.items():
            table.add(name, f"{size:,}", figure)
    copies = {case.copies for case in errors.found.values()}
    table.notes.append(f"{max(copies):,} copies of validation and test text were left out.")
    return table


def _voices(errors: WordErrors) -> Table:
    """Word error rates by voice, all seeds as one test set, fewest in-domain utterances."""
    size = errors.sizes[0]
    table = Table(f"WER, %, by voice, {size:,} in-domain", [ALONE, SELECTED, ORACLE], digits=1)
    voices = sorted({record["voice"] for record in errors.heard(size, ALONE)})
    for voice in voices:
        for way in table.columns:
            own = [record for record in errors.heard(size, way) if record["voice"] == voice]
            table.add(voice, way, errors.evaluated(own)["value"])
    return table
