"""`dataselect paraphrase train`: train a neural paraphrase detector."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from dataselect.command_line.ending import note, warn
from dataselect.command_line.option import option
from dataselect.command_line.options import InputOptions, OutputOptions
from dataselect.console import Steps
from dataselect.errors import OptionError
from dataselect.operations.paraphrase.score_pairs import PairFieldOptions

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Run
    from dataselect.models.paraphrase_detector.training.network_training import Schedule

_NOUN = "paraphrase train"
_TRAINING, _RECORDS = "Training", "Records"


@dataclass(frozen=True)
class DetectorTrainOptions:
    """What the detector is, and how long it learns."""

    dev: str | None = option(
        "FILE",
        _TRAINING,
        "Pairs to measure and calibrate on, such as 'paraphrase pairs --dev' writes "
        "[default: a tenth of the pairs, none of whose texts are trained on].",
    )
    base: str | None = option(
        "MODEL",
        _TRAINING,
        "Fine-tune the transformer of a sentence-transformers model, a folder or a name "
        "of the Hugging Face hub, to read both texts as one; it also finds candidates.",
    )
    epochs: int | None = option(
        "N",
        _TRAINING,
        "How often every pair is seen, with other values each time [default: as often as "
        "shows 20,000 pairs, at least once; with --base, 20,000 of more once. Longer serves "
        "the corpus, and harms others].",
        min=1,
    )
    networks: int | None = option(
        "N",
        _TRAINING,
        "Networks to train and average, without --base [default: 2; one is twice as "
        "fast, and is told less of the texts at hand: it loses most in other languages].",
        min=1,
    )
    device: str | None = option(
        "NAME",
        _TRAINING,
        "Where it is trained: cpu, cuda, cuda:1, mps [default: the library's choice].",
    )
    seed: int = option("N", _TRAINING, "Seed of everything random [default: 0].", 0, min=0)

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        return [] if self.dev is None else [RecordFiles([self.dev])]

    def schedule(self) -> Schedule:
        from dataselect.models.paraphrase_detector.training.network_training import (
            NETWORKS,
            Schedule,
        )

        return Schedule(self.epochs, self.networks or NETWORKS)

    def check(self) -> None:
        """Raise OptionError for options that exclude each other."""
        if self.base is not None and self.networks is not None:
            raise OptionError("--networks is for training from scratch; leave it out with --base")


@dataclass(frozen=True)
class LabelOptions:
    """Where the label of a pair is."""

    label_field: str = option(
        "FIELD", _RECORDS, "1 for paraphrases, 0 for others [default: label].", "label"
    )


USUAL = "dev base epochs networks device seed output"
EXAMPLES = r"""
dataselect paraphrase train --dev dev.pairs.jsonl -o detector train.pairs.jsonl
dataselect paraphrase train --networks 1 --device cpu -o quick pairs.jsonl
"""


def command(
    inputs: InputOptions,
    training: DetectorTrainOptions,
    fields: PairFieldOptions,
    labelled: LabelOptions,
    output: OutputOptions,
) -> None:
    """Train a neural paraphrase detector on pairs.

    Reads 'text1', 'text2' and 'label', 1 or 0, and 'slots1' and 'slots2' where there are any:
    their values are exchanged while it learns. Writes a folder, given by --output: a
    sentence-transformers model that finds candidates, and beside it what scores pairs. On one
    machine, the same pairs and --seed give the same detector.
    """
    from dataselect.data.files.sinks import STDOUT
    from dataselect.execution.run import Run

    training.check()
    if output.text_field != OutputOptions().text_field:
        raise OptionError("--text-field: a pair has two texts; give --text1-field, --text2-field")
    settings = replace(output.build(), output=os.devnull, seed=training.seed)
    if output.output == STDOUT:
        raise OptionError("a detector is a folder; name one with --output FOLDER")
    with Run(inputs.open(digest=True), settings, also_read=training.reads()) as run:
        run.facts["output"] = output.output
        folder = run.open_folder(output.output, _is_detector)
        found = _trained(run, training, fields, labelled, folder, output.output)
        run.report(_NOUN, {"epochs": training.epochs}, **{_NOUN: found})
    note(_summary(found), quiet=settings.quiet)


def _is_detector(path: str) -> bool:
    from dataselect.models.paraphrase_detector.detector import is_detector

    return is_detector(path)


def _trained(
    run: Run,
    training: DetectorTrainOptions,
    fields: PairFieldOptions,
    labelled: LabelOptions,
    folder: str,
    shown: str,
) -> dict[str, Any]:
    """Train, write the detector into a folder, and tell what it is and how good.

    `shown`: what messages call the folder.
    """
    from dataselect.data.annotations import warnings
    from dataselect.models.encoders import loading
    from dataselect.models.paraphrase_detector.pairs import pair_reader
    from dataselect.models.paraphrase_detector.training.detector_training import fit
    from dataselect.models.paraphrase_detector.training.model_card import card
    from dataselect.models.system_errors import writing_to

    loading.require_library()
    columns = pair_reader.columns(fields.text1_field, fields.text2_field, labelled.label_field)
    read = pair_reader.pairs(run.inputs, columns, stop_at_first=run.stops_at_first)
    pairs = list(run.good(read, _NOUN))
    held_out = [pair for each in training.reads() for pair in pair_reader.read_pairs(each, columns)]
    run.warnings += warnings(*columns)
    warn(run.warnings, run.settings)
    started = time.monotonic()
    with Steps(quiet=run.settings.quiet) as steps:
        detector, figures = fit(
            pairs,
            held_out,
            training.schedule(),
            training.seed,
            steps,
            base=training.base,
            device=training.device,
        )
    data = run.inputs.meter.digests()
    with writing_to(shown):
        detector.save(folder, card(figures, data, vars(training)))
    return {
        "held_out": asdict(figures),
        "seconds": round(time.monotonic() - started, 1),
        "detector": detector.describe(),
    }


def _summary(found: dict[str, Any]) -> str:
    held_out = found["held_out"]
    return (
        f"trained on {held_out['trained_on']:,} pairs in {found['seconds']:,.0f} s: on "
        f"{held_out['pairs']:,} held-out pairs, AUC {held_out['auc']:.3f}, "
        f"calibration error {held_out['calibration_error']:.3f}"
    )
