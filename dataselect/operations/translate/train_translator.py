"""`dataselect translate train`: fine-tune a translation model, or train one from scratch."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from dataselect.command_line.ending import note, warn
from dataselect.command_line.option import option
from dataselect.command_line.options import InputOptions, OutputOptions
from dataselect.console import Steps
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dataselect.data.fields import Column
    from dataselect.data.input_files import Inputs
    from dataselect.data.records import BadRecord
    from dataselect.execution.run import Run
    from dataselect.models.translator.training.translator_training import (
        Pair,
        TranslatorSchedule,
    )

_NOUN = "translate train"
_TRAINING, _RECORDS = "Training", "Records"
_CHECKPOINTS = ".checkpoints"  # after the name of the output, until it is there
_HELD_OUT_SHARE, _MOST_HELD_OUT = 0.05, 2000
_TRANSLATED = 500  # held-out pairs, for BLEU
_FROM_SCRATCH, _FINE_TUNED = 1e-3, 5e-5  # learning rates


@dataclass(frozen=True)
class TranslatorTrainOptions:
    """What the model is, and how long it learns."""

    base: str | None = option(
        "MODEL",
        _TRAINING,
        "Fine-tune this model of transformers: a folder, such as an earlier run wrote, or a name "
        "of the Hugging Face hub.",
    )
    size: Literal["tiny", "mini", "small", "base"] = option(
        "",
        _TRAINING,
        "Without --base, train a Marian transformer from scratch: 64, 128, 256 or 512 entries a "
        "vector, 2, 3, 3 or 6 layers a side.",
        "small",
    )
    vocabulary: int = option(
        "N",
        _TRAINING,
        "From scratch: word pieces of both languages in common; fewer where the pairs have no "
        "more [default: 8,000].",
        8000,
        min=50,
    )
    dev: str | None = option(
        "FILE",
        _TRAINING,
        "Pairs to measure on, for the end of training [default: a twentieth of the pairs, 2,000 "
        "at most].",
    )
    epochs: int = option(
        "N", _TRAINING, "How often every pair is seen at most [default: 20].", 20, min=1
    )
    patience: int = option(
        "N",
        _TRAINING,
        "Stop once the loss on held-out pairs has not fallen for N epochs; the best model is kept "
        "[default: 3].",
        3,
        min=1,
    )
    batch_size: int = option(
        "N", _TRAINING, "Pairs of mean length a step [default: 64].", 64, min=1
    )
    learning_rate: float | None = option(
        "X",
        _TRAINING,
        "The highest learning rate [default: 0.001 from scratch, 0.00005 with --base].",
        min=0,
    )
    source_lang: str | None = option(
        "CODE", _TRAINING, "With a --base of many languages: that of the source."
    )
    target_lang: str | None = option("CODE", _TRAINING, "Likewise, of the translation.")
    device: str | None = option(
        "NAME", _TRAINING, "Where it is trained: cpu, cuda, mps [default: the library's choice]."
    )
    seed: int = option("N", _TRAINING, "Seed of everything random [default: 0].", 0, min=0)
    resume: bool = option(
        "",
        _TRAINING,
        "Go on after the last checkpoint of a run that was stopped: OUTPUT.checkpoints. --epochs "
        "and --patience may be others: with fewer than it had, the best model so far is kept.",
        False,
    )

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        return [] if self.dev is None else [RecordFiles([self.dev])]

    def schedule(self) -> TranslatorSchedule:
        from dataselect.models.translator.training.translator_training import TranslatorSchedule

        usual = _FROM_SCRATCH if self.base is None else _FINE_TUNED
        rate = usual if self.learning_rate is None else self.learning_rate
        return TranslatorSchedule(self.epochs, self.patience, self.batch_size, rate, self.seed)

    def check(self) -> None:
        """Raise OptionError for options without a use."""
        plain = TranslatorTrainOptions()
        if self.base is None and (self.source_lang or self.target_lang):
            raise OptionError("--source-lang and --target-lang are for a --base of many languages")
        if self.base is not None and (self.size, self.vocabulary) != (plain.size, plain.vocabulary):
            raise OptionError(
                "--size and --vocabulary are for a model from scratch, without --base"
            )


@dataclass(frozen=True)
class PairOptions:
    """Where the two texts of a pair are."""

    src_field: str = option("FIELD", _RECORDS, "Where the source text is [default: src].", "src")
    tgt_field: str = option("FIELD", _RECORDS, "Where the translation is [default: tgt].", "tgt")

    def columns(self) -> list[Column]:
        from dataselect.data.fields import Column

        return [
            Column.text(self.src_field, "--src-field"),
            Column.text(self.tgt_field, "--tgt-field"),
        ]


USUAL = "base size dev epochs patience device resume seed output"
EXAMPLES = r"""
dataselect translate train --size tiny --dev dev.pairs.jsonl -o de-en pairs.jsonl.gz
dataselect translate train --base de-en --epochs 3 -o de-en.adapted selftrained.jsonl
"""


def command(
    inputs: InputOptions,
    training: TranslatorTrainOptions,
    fields: PairOptions,
    output: OutputOptions,
) -> None:
    """Train a translation model on pairs, or fine-tune one.

    Reads 'src' and 'tgt'. Writes a folder, given by --output, that transformers loads, with a card;
    it appears when training has ended. Until then OUTPUT.checkpoints has two checkpoints, from
    which --resume goes on after the run was stopped; it is removed at the end. On one machine, the
    same pairs and --seed give the same model.
    """
    from dataselect.data.files.sinks import STDOUT
    from dataselect.data.files.temporary_files import remove
    from dataselect.execution.run import Run

    training.check()
    if output.text_field != OutputOptions().text_field:
        raise OptionError("--text-field: a pair has two texts; give --src-field, --tgt-field")
    settings = replace(output.build(), output=os.devnull, seed=training.seed)
    if output.output == STDOUT:
        raise OptionError("a model is a folder; name one with --output FOLDER")
    checkpoints = os.path.realpath(output.output) + _CHECKPOINTS
    with Run(inputs.open(digest=True), settings, also_read=training.reads()) as run:
        run.facts["output"] = output.output
        folder = run.open_folder(output.output, _is_model)
        found = _trained(run, training, fields, folder, output.output, checkpoints)
        run.report(_NOUN, {"epochs": training.epochs}, **{_NOUN: found})
    remove(checkpoints)
    note(
        f"trained on {found['pairs']:,} pairs in {found['seconds']:,.0f} s, {found['epochs']:g} "
        f"epochs: loss {found['loss']:.3f} on {found['held_out']:,} held-out pairs, BLEU "
        f"{found['bleu']:.1f}, chrF {found['chrf']:.1f}",
        quiet=settings.quiet,
    )


def _is_model(path: str) -> bool:
    from dataselect.models.translator.training.saving import is_trained

    return is_trained(path)


def _trained(
    run: Run,
    training: TranslatorTrainOptions,
    fields: PairOptions,
    folder: str,
    shown: str,
    checkpoints: str,
) -> dict[str, Any]:
    """Train, write the model into a folder, and tell how good it is."""
    from dataselect.models.system_errors import writing_to
    from dataselect.models.translator.training import saving

    saving.require_libraries()
    from dataselect.models.translator.training.translator_training import train

    columns = fields.columns()
    pairs = list(run.good(_pairs(run.inputs, columns, stop_at_first=run.stops_at_first), _NOUN))
    held_out = [pair for each in training.reads() for pair in _read_pairs(each, columns)]
    if not held_out:
        pairs, held_out = _held_out(pairs, training.seed)
    warn(run.warnings, run.settings)
    started = time.monotonic()
    with Steps(quiet=run.settings.quiet) as steps:
        tokenizer, model = saving.beginning(
            training.base,
            [side for pair in pairs for side in pair],
            training.size,
            vocabulary=training.vocabulary,
            seed=training.seed,
            languages=(training.source_lang, training.target_lang),
        )
        figures = train(
            tokenizer,
            model,
            pairs,
            held_out,
            training.schedule(),
            checkpoints=checkpoints,
            resume=training.resume,
            device=training.device,
            report=steps,
        )
    with writing_to(shown):
        saving.save(folder, tokenizer, model)
    told = {**figures._asdict(), **_quality(folder, held_out, training)}
    with writing_to(shown):
        saving.save_card(folder, told, run.inputs.meter.digests(), vars(training))
    return {**told, "seconds": round(time.monotonic() - started, 1)}


def _quality(
    folder: str, held_out: Sequence[Pair], training: TranslatorTrainOptions
) -> dict[str, float]:
    """BLEU and chrF of the likeliest translations of held-out pairs, of `_TRANSLATED` at most."""
    from dataselect.models.metrics import metric
    from dataselect.models.translator.translator import Translator

    some = held_out[:: -(-len(held_out) // _TRANSLATED)]
    translator = Translator(
        folder,
        nbest=1,
        beam=1,
        source_lang=training.source_lang,
        target_lang=training.target_lang,
        device=training.device,
    )
    found = translator.translate([pair.src for pair in some])
    texts = [own.hypotheses[0].text for own in found]
    metrics = [metric(name) for name in ("bleu", "chrf")]
    sums = [each.statistics(texts, [pair.tgt for pair in some]).sum(axis=0) for each in metrics]
    return {
        each.name: round(float(each.value(total)), 2)
        for each, total in zip(metrics, sums, strict=True)
    }


def _pairs(
    inputs: Inputs, columns: Sequence[Column], *, stop_at_first: bool
) -> Iterator[Pair | BadRecord]:
    from dataselect.data import records
    from dataselect.models.translator.training.translator_training import Pair

    for block in inputs.blocks():
        found = records.read(block, columns, stop_at_first=stop_at_first)
        yield from map(Pair, *found.columns)
        yield from found.bad


def _read_pairs(inputs: Inputs, columns: Sequence[Column]) -> list[Pair]:
    from dataselect.data import records

    return records.all_good(_pairs(inputs, columns, stop_at_first=True))


def _held_out(pairs: list[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on, and some to measure on with other sources. Raises InputError."""
    import numpy as np

    sources = sorted({pair.src for pair in pairs})
    size = min(max(1, int(len(sources) * _HELD_OUT_SHARE)), _MOST_HELD_OUT)
    if len(sources) <= size:
        raise InputError("too few pairs to hold some out; give more, or use --dev")
    drawn = np.random.default_rng(seed).choice(len(sources), size, replace=False)
    own = {sources[place] for place in drawn.tolist()}
    rest = [pair for pair in pairs if pair.src not in own]
    return rest, [pair for pair in pairs if pair.src in own]
