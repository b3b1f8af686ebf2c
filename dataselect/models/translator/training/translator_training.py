"""How translation models learn from pairs; imports torch, and is imported where it is used."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from transformers import (
    DataCollatorForSeq2Seq,
    EarlyStoppingCallback,
    PrinterCallback,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
)

from dataselect.console import Report
from dataselect.data.files.raw_files import reason
from dataselect.errors import InputError, OutputError
from dataselect.models.encoders.loading import first_line, quiet
from dataselect.models.translator.training.token_batches import TokenBatches

_STATE = "trainer_state.json"  # the last file that a checkpoint gets
_BEGUN = "training.json"
_LOSS = "eval_loss"
_MAY_CHANGE = ("epochs", "patience")  # of a run that goes on
_LONGEST = 128  # pieces of either side of a pair; what is longer is cut
_MOST_WARM_UP = 1000  # steps; an epoch where that is less


@dataclass(frozen=True)
class TranslatorSchedule:
    """How long a model learns, and how fast.

    It ends once the loss on held-out pairs has not fallen for `patience` epochs.
    """

    epochs: int = 20
    patience: int = 3
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0


class Pair(NamedTuple):
    """A text and its translation."""

    src: str
    tgt: str


class TrainingFigures(NamedTuple):
    """How training went: `loss` is the mean of held-out tokens in nats, of the best checkpoint.

    `losses`: that of every epoch.
    """

    pairs: int
    held_out: int
    steps: int
    epochs: float
    loss: float
    losses: list[float]


def train(
    tokenizer: Any,
    model: Any,
    pairs: Sequence[Pair],
    held_out: Sequence[Pair],
    schedule: TranslatorSchedule,
    *,
    checkpoints: str,
    resume: bool,
    device: str | None,
    report: Report,
) -> TrainingFigures:
    """Let a model learn, and leave it as it was when the loss on `held_out` was lowest.

    `checkpoints`: a folder for two checkpoints, from which a run that was stopped goes on with
    `resume`; where it had as many `epochs` already, it ends. Raises InputError where the pairs
    there were others, and where torch fails.
    """
    _begin(checkpoints, _beginning(pairs, held_out, schedule), resume=resume)
    pad = model.config.pad_token_id
    if model.config.decoder_start_token_id == pad:
        # It stays zero, though the weights of input and output are the same.
        model.get_input_embeddings().weight.register_hook(_without_row(pad))
    with quiet():
        encoded = _Encoded(tokenizer, pairs)
        batches = TokenBatches(encoded.lengths(), schedule.batch_size, schedule.seed)
        trainer = _Trainer(
            model=model,
            args=_arguments(schedule, checkpoints, len(batches), device),
            batches=batches,
            train_dataset=encoded,
            eval_dataset=_Encoded(tokenizer, held_out),
            data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
            callbacks=[_Progress(report, len(batches)), EarlyStoppingCallback(schedule.patience)],
        )
        trainer.remove_callback(PrinterCallback)
        try:
            trainer.train(resume_from_checkpoint=_last(checkpoints) if resume else None)
        except OSError as error:
            raise OutputError(
                f"{checkpoints}: {reason(error)}; make room, and go on with --resume"
            ) from None
        except RuntimeError as error:
            raise InputError(
                f"training fails on {trainer.model.device} ({first_line(error)}); try a smaller "
                "--batch-size, or another --device"
            ) from None
        model.eval()
    state = trainer.state
    losses = [round(each[_LOSS], 4) for each in state.log_history if _LOSS in each]
    return TrainingFigures(
        len(pairs),
        len(held_out),
        state.global_step,
        round(state.epoch or 0.0, 2),
        min(losses),
        losses,
    )


def _without_row(place: int) -> Callable[[Any], Any]:
    """A hook that leaves a row of a gradient out."""

    def hook(gradient: Any) -> Any:
        changed = gradient.clone()
        changed[place] = 0
        return changed

    return hook


class _Encoded(torch.utils.data.Dataset):  # type: ignore[misc]  # torch is not checked
    """Pairs as numbers of pieces."""

    def __init__(self, tokenizer: Any, pairs: Sequence[Pair]) -> None:
        options = {"truncation": True, "max_length": _LONGEST}
        found = tokenizer(
            [pair.src for pair in pairs], text_target=[pair.tgt for pair in pairs], **options
        )
        names = ("input_ids", "attention_mask", "labels")
        self._rows = [
            dict(zip(names, row, strict=True)) for row in zip(*map(found.get, names), strict=True)
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> dict[str, list[int]]:
        return self._rows[place]

    def lengths(self) -> list[int]:
        """(n,) tokens of both sides of each pair."""
        return [len(row["input_ids"]) + len(row["labels"]) for row in self._rows]


class _Trainer(Seq2SeqTrainer):  # type: ignore[misc]  # transformers is not checked
    """One that takes pairs as `batches` has them."""

    def __init__(self, *, batches: TokenBatches, **options: Any) -> None:
        super().__init__(**options)
        self._batches = batches

    def get_train_dataloader(self) -> Any:
        loader = torch.utils.data.DataLoader(
            self.train_dataset, batch_sampler=self._batches, collate_fn=self.data_collator
        )
        return self.accelerator.prepare(loader)


class _Progress(TrainerCallback):  # type: ignore[misc]  # transformers is not checked
    """A bar for every epoch, with the last loss on held-out pairs."""

    def __init__(self, report: Report, steps: int) -> None:
        self._report, self._steps = report, steps
        self._advance: Callable[[int], None] | None = None

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        losses = [f", loss {each[_LOSS]:.3f}" for each in state.log_history if _LOSS in each]
        label = f"epoch {int(state.epoch or 0) + 1}{''.join(losses[-1:])}"
        self._advance = self._report(label, self._steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._advance is not None:
            self._advance(1)


def _arguments(
    schedule: TranslatorSchedule, checkpoints: str, steps_an_epoch: int, device: str | None
) -> Any:
    return Seq2SeqTrainingArguments(
        output_dir=checkpoints,
        num_train_epochs=schedule.epochs,
        per_device_train_batch_size=schedule.batch_size,
        per_device_eval_batch_size=schedule.batch_size,
        learning_rate=schedule.learning_rate,
        lr_scheduler_type="inverse_sqrt",
        warmup_steps=min(steps_an_epoch, _MOST_WARM_UP),
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="loss",
        greater_is_better=False,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=schedule.seed,
        use_cpu=device is not None and device.startswith("cpu"),
        dataloader_pin_memory=False,
    )


def _beginning(
    pairs: Sequence[Pair], held_out: Sequence[Pair], schedule: TranslatorSchedule
) -> dict[str, Any]:
    """What a run has to have in common with one that it goes on with."""
    import hashlib

    found = hashlib.sha256(json.dumps([pairs, held_out]).encode())
    kept = {name: value for name, value in asdict(schedule).items() if name not in _MAY_CHANGE}
    return {"pairs": found.hexdigest(), **kept}


def _begin(checkpoints: str, beginning: dict[str, Any], *, resume: bool) -> None:
    """Make the folder, or look whether it is of the same run. Raises InputError, OutputError."""
    path = os.path.join(checkpoints, _BEGUN)
    if os.path.exists(path):
        if not resume:
            raise InputError(
                f"{checkpoints}: a run that was stopped left checkpoints; go on with --resume, or "
                "remove the folder"
            )
        with open(path, "rb") as file:  # maybe cut short
            if file.read() != json.dumps(beginning).encode():
                raise InputError(
                    f"{checkpoints}: checkpoints of other pairs or options; give the same, or "
                    "remove the folder"
                )
        return
    try:
        os.makedirs(checkpoints, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(beginning, file)
    except OSError as error:
        raise OutputError(f"{checkpoints}: {reason(error)}; check the folder") from None


def _last(checkpoints: str) -> str | None:
    """The last checkpoint that is whole."""
    found = [
        each.path
        for each in os.scandir(checkpoints)
        if each.name.startswith("checkpoint-") and _is_whole(each.path)
    ]
    return max(found, key=lambda path: int(path.rpartition("-")[2]), default=None)


def _is_whole(checkpoint: str) -> bool:
    try:
        with open(os.path.join(checkpoint, _STATE), "rb") as file:
            json.load(file)
    except (OSError, ValueError):
        return False
    return True
