"""A new language from an old one: Punjabi et al. from the bilingual corpus to word errors.

BConTrasT is the domain. 200, 500 or 2,000 English turns are the transcribed data of the new
language; of other dialogues there is the German side, as data of the language that exists. The
bilingual corpus has none of the domain: German-English sentences of parliament, news and captions,
and the words and phrases of a dictionary (Debian's trans-de-en). Translators are trained on the
fifth of it that is near the German turns (`bitext`), and on as many pairs by chance, with
`translate train --size mini`; seeds have these in common. The self-trained one is the first,
fine-tuned on the likelier half of its own rescored translations and as many of its pairs.

Each translates the German text to 10-best lists. Trigram models of first translations, of rescored
and of winnowed ones are mixed with the in-domain model; 200 turns of the development dialogues
tune the weights, and where `winnow` cuts. Half of those dialogues are for tuning, the other half
for perplexity, and speech by espeak-ng, which pocketsphinx hears with every model; BLEU is of all.
Texts are in lower case, without punctuation; turns that are also in the development dialogues are
left out, and so are sentences of the corpus; the dictionary keeps all of its words.

What is there in the cache is not made again: a run that was stopped goes on there. It is to be
removed when data or code have changed. Needs the extras neural and ct2. The translators take an
hour of one processor each, a case of a seed 12 minutes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from common import Claim, Plan, Table
from engine_rates import rates as rates_by_engine
from enrichment import ALONE, KEPT, Case
from translation_case import (
    CHANCE,
    FIRST,
    HUMAN,
    RESCORED,
    SELF_TRAINED,
    SHARED,
    TOGETHER,
    WINNOWED,
    Scale,
    Stage,
)
from word_errors import WordErrors

_TECHNIQUES = (SELF_TRAINED, RESCORED, WINNOWED, TOGETHER)
_COMPARED = (
    *((way, ALONE) for way in (CHANCE, FIRST, *_TECHNIQUES, HUMAN)),
    (FIRST, CHANCE),
    *((way, FIRST) for way in _TECHNIQUES),
)
_BARS = (15.7, 7.9)  # percent: of the fewest, and of the most in-domain turns
_PAPERS = (
    "The paper has up to 6.28 % fewer errors by rescoring, 6.84 % by fine-tuning, and by all "
    "together 7.86 % beside 200,000 transcribed utterances, 13.18 % beside 20,000 and 15.65 % "
    "beside 10,000."
)
_FULL = Scale()
_TIMED = 500


def measure(plan: Plan, scale: Scale = _FULL) -> list[Table]:
    """Word errors, how many fewer they are, and what models and translators are like."""
    stage = Stage(plan.data, plan.cache / "translation", scale)
    stage.begin()
    taught = dict(plan.each(stage.taught, SHARED))
    for seed in range(plan.seeds):
        stage.prepare(seed)
    cases = [Case(seed, size) for seed in range(plan.seeds) for size in scale.in_domain]
    measured = dict(plan.each(stage.measured, cases))
    with tempfile.TemporaryDirectory() as name:
        found = {case: own for case, (own, _) in measured.items()}
        errors = WordErrors(Path(name), scale.in_domain, found)
        rates, fewer = errors.rates(), errors.reductions(_COMPARED)
        for size, bar in zip((scale.in_domain[0], scale.in_domain[-1]), _BARS, strict=True):
            reduced = rates.reductions(TOGETHER, ALONE, [f"{size:,}"])
            what = f"fewer word errors by all together, {size:,} in-domain utterances"
            rates.claims.append(Claim(what, bar, reduced))
        fewer.notes.append(_PAPERS)
        return [
            rates,
            fewer,
            errors.models(),
            _kept(errors),
            rates_by_engine(stage.filtered, Path(name), stage.development, _TIMED),
            _translators(
                [
                    *((SHARED[name], figures) for name, figures in taught.items()),
                    *(
                        (f"self-trained, {case.in_domain:,} in-domain", figures)
                        for case, (_, figures) in measured.items()
                    ),
                ]
            ),
        ]


def _kept(errors: WordErrors) -> Table:
    """How many translations each model is made of."""
    table = Table("translations", errors.columns, digits=0)
    for size, case in errors.cases():
        for name, figure in case.selection.items():
            table.add(name.removeprefix(f"{KEPT}, "), f"{size:,}", figure)
    copies = {case.copies for case in errors.found.values()}
    table.notes.append(f"{max(copies):,} turns that development dialogues have were left out.")
    return table


def _translators(figures: Iterable[tuple[str, dict[str, float]]]) -> Table:
    """What translators make of development dialogues."""
    table = Table("translator, trained on", ("BLEU", "chrF"), digits=1)
    for way, own in figures:
        table.add_all(way, {"BLEU": own["bleu"], "chrF": own["chrf"]})
    return table
