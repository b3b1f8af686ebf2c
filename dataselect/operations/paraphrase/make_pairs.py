"""`dataselect paraphrase pairs`: make pairs to train a paraphrase detector on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.ending import note, warn
from dataselect.command_line.option import option
from dataselect.command_line.options import AnnotationOptions, InputOptions, OutputOptions
from dataselect.errors import OptionError, RequirementError

if TYPE_CHECKING:
    from collections.abc import Collection

    from dataselect.data.annotations import Utterance
    from dataselect.execution.run import Settings
    from dataselect.models.paraphrase_detector.pairs.pair_set import PairSet

_NOUN = "paraphrase pairs"
_PAIRS, _SPLITS = "Pairs", "Splits"
_DEV_SHARE = 0.1  # of the templates of each intent


@dataclass(frozen=True)
class PairGenerationOptions:
    """How many pairs are made, and of what."""

    pairs: int = option(
        "N",
        _PAIRS,
        "How many pairs to train on, half of them paraphrases [default: 20000].",
        20_000,
        min=2,
    )
    slotless: Literal["include", "exclude"] = option(
        "",
        _PAIRS,
        "Whether utterances without slots take part: those of one intent then are paraphrases, "
        "though nothing in their words may tell [default: exclude].",
        "exclude",
    )
    seed: int = option("N", _PAIRS, "Seed of everything random [default: 0].", 0, min=0)


@dataclass(frozen=True)
class SplitOptions:
    """What is kept apart to test on."""

    dev: str | None = option(
        "FILE",
        _SPLITS,
        "Write pairs here, a tenth as many, of templates that the output has none of.",
    )
    test: str | None = option(
        "FILE", _SPLITS, "Write pairs here of intents that neither the output nor --dev has any of."
    )
    held_out: list[str] | None = option(
        "INTENT",
        _SPLITS,
        "An intent for --test; again for more, each then has negatives of the others.",
    )
    test_pairs: int | None = option(
        "N", _SPLITS, "How many pairs --test gets [default: a tenth of --pairs].", min=2
    )

    def check(self) -> None:
        """Raise OptionError for options that lack another."""
        if self.test is None and (self.held_out is not None or self.test_pairs is not None):
            raise OptionError("--held-out and --test-pairs are for --test FILE; give that too")
        if self.test is not None and self.held_out is None:
            raise OptionError("--test is of intents; name some by --held-out")

    @property
    def files(self) -> dict[str, str]:
        """The splits that are asked for beside the output, and where they go."""
        given = {"dev": self.dev, "test": self.test}
        return {name: path for name, path in given.items() if path is not None}

    def sizes(self, pairs: int) -> dict[str, int]:
        """How many pairs each split gets that is asked for, where training gets `pairs`."""
        tenth = max(pairs // 10, 2)
        sizes = {"dev": tenth, "test": self.test_pairs or tenth}
        return {"train": pairs} | {name: sizes[name] for name in self.files}

    def intents(
        self, known: Collection[str | None], left_out: Collection[str | None]
    ) -> set[str | None]:
        """The intents for the test, of those that are `known`. Raises OptionError.

        `left_out`: those that have utterances, but none with slots.
        """
        for intent in self.held_out or ():
            if intent not in known:
                if intent in left_out:
                    raise OptionError(
                        f"--held-out {intent}: none of its utterances has slots, so --slotless "
                        "exclude leaves it out; name another, or give --slotless include"
                    )
                raise OptionError(f"--held-out {intent} is no intent of the input; check its name")
        return set(self.held_out or ())


USUAL = "pairs slotless dev test held_out intent_field slots_field seed output"
EXAMPLES = r"""
dataselect paraphrase pairs --pairs 400 -o pairs.jsonl other_intents.jsonl
dataselect paraphrase pairs --pairs 400 --dev dev.pairs.jsonl other_intents.jsonl \
    > train.pairs.jsonl
"""


def command(
    inputs: InputOptions,
    making: PairGenerationOptions,
    splitting: SplitOptions,
    annotated: AnnotationOptions,
    output: OutputOptions,
) -> None:
    """Make pairs to train a paraphrase detector on, from annotated records.

    Paraphrases have the same values in another template of the same intent. As many pairs are
    none: by their 'kind', 20 % have one value exchanged (value), 25 % that and another template
    (template+value), 10 % several values exchanged (values), 10 % two swapped (swap), 10 % other
    slots (slots), 25 % another intent (intent); what an utterance does not allow, other kinds get.
    Words in common tell nothing. Pairs are spread evenly over intents, half of each paraphrases.
    """
    import numpy as np

    from dataselect.data.annotations import annotation, utterances, warnings
    from dataselect.execution.run import Run
    from dataselect.models.intent_conflicts import IntentConflicts
    from dataselect.models.paraphrase_detector.pairs.annotated_corpus import (
        AnnotatedCorpus,
        distinct_templates,
    )
    from dataselect.models.paraphrase_detector.pairs.pair_set import PairSet
    from dataselect.models.paraphrase_detector.pairs.splits import split

    settings = replace(output.build(), seed=making.seed)
    splitting.check()
    column = annotation(settings.text_field, annotated.intent_field, annotated.slots_field)
    rng = np.random.default_rng(settings.seed)
    annotated_files = inputs.open(
        digest=settings.report is not None, text_field=settings.text_field
    )
    with Run(annotated_files, settings, writes_records=True) as run:
        for path in splitting.files.values():
            run.open_records_file(path)
        items = utterances(run.inputs, column, stop_at_first=run.stops_at_first)
        conflicts = IntentConflicts()
        left_out: set[str | None] = set()

        def takes_part(utterance: Utterance) -> bool:
            if utterance.slots or making.slotless == "include":
                return True
            left_out.add(utterance.intent)
            return False

        templates = distinct_templates(filter(takes_part, conflicts.watch(run.good(items, _NOUN))))
        known = {template.intent: None for template in templates}
        held_out = splitting.intents(known, left_out)
        splits = split(templates, held_out, _DEV_SHARE if splitting.dev else 0.0, rng)._asdict()
        corpora = {name: AnnotatedCorpus(own) for name, own in splits.items()}
        made = [
            PairSet(name, corpora[name], size, rng)
            for name, size in splitting.sizes(making.pairs).items()
        ]
        _refuse_none(made, settings, only_slotless=bool(left_out) and not templates)
        train, *others = made
        run.write_kept(train.text)
        for pairs in others:
            run.write_records_file(splitting.files[pairs.name], pairs.text)
        found = {pairs.name: pairs.describe(corpora[train.name]) for pairs in made}
        run.warnings += [*warnings(column), *conflicts.warnings()]
        run.warnings += [warning for pairs in made for warning in pairs.warnings()]
        run.report(_NOUN, {"pairs": making.pairs}, **{_NOUN: found})
    warn(run.warnings, settings)
    sizes = ", ".join(f"{pairs.name} {len(pairs):,}" for pairs in made)
    note(f"pairs of {run.counts.kept:,} records: {sizes}", quiet=settings.quiet)


def _refuse_none(made: list[PairSet], settings: Settings, *, only_slotless: bool) -> None:
    """Raise RequirementError where a split has no pair at all."""
    if only_slotless and not settings.allow_empty:
        raise RequirementError(
            "no pair can be made: no record has slots; annotate some, or take all records of an "
            "intent for paraphrases with --slotless include"
        )
    for pairs in made:
        if not (pairs or settings.allow_empty):
            raise RequirementError(
                f"no pair can be made for {pairs.name}: {pairs.why_empty()}; annotate more "
                "records, or accept it with --allow-empty"
            )
