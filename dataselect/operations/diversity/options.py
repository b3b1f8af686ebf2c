"""The options of `dataselect diversity`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.encoder_options import NeuralOptions
from dataselect.command_line.option import given, option, text_field_of
from dataselect.command_line.selection_options import EXCLUDE
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.operations.diversity.greedy import Limits
    from dataselect.selection.rule import Selection

Method = Literal["paraphrase", "features", "facility", "kcenter"]

_METHOD, _PICK, _ENCODER = "Method", "Picking", "Encoder"


@dataclass(frozen=True)
class MethodOptions:
    """What picks have to differ from, and what makes two records alike."""

    labelled: list[str] | None = option(
        "FILE", _METHOD, "Records that are labelled already; again for more files."
    )
    labelled_field: str | None = text_field_of("--labelled")
    method: Method | None = option(
        "",
        _METHOD,
        "facility: picks that together are near to the whole pool. features: picks that together "
        "have its n-grams. kcenter: each as far as can be from those before. paraphrase: the same "
        "by --detector [default: paraphrase with --detector; facility of up to 20,000 records, or "
        "with an encoder; features of more].",
    )
    detector: str | None = option(
        "FOLDER", _METHOD, "A detector that 'paraphrase train' wrote, for --method paraphrase."
    )
    band: tuple[float, float] | None = option(
        "LOW HIGH",
        _METHOD,
        "Pick only records whose novelty to what is labelled is between these: not too "
        "near, not too far.",
    )

    def check(self) -> None:
        """Raise OptionError for options that contradict each other."""
        if self.method == "paraphrase" and self.detector is None:
            raise OptionError("--method paraphrase needs --detector FOLDER; train one first")
        if self.method not in (None, "paraphrase") and self.detector is not None:
            raise OptionError(f"--detector is not used by --method {self.method}; leave it out")
        if self.band is not None and not self.labelled:
            raise OptionError("--band is about novelty to what is labelled; give --labelled FILE")
        if self.band is not None and not 0 <= self.band[0] <= self.band[1] <= 1:
            raise OptionError("--band takes two numbers from 0 to 1, the lower first: 0.2 0.8")


@dataclass(frozen=True)
class PickingOptions:
    """How many records are picked."""

    top_k: int | None = option("N", _PICK, "Pick N records.", min=1)
    share: str | None = option("P", _PICK, "Pick a share of the records, 10% or 0.1, rounded down.")
    budget: str | None = option(
        "N", _PICK, "Pick what fits into N of --cost; 10h, 90min or 30s of a field in seconds."
    )
    cost: str = option(
        "records|words|chars|FIELD",
        _PICK,
        "What --budget counts: records, words, chars or a numeric field.",
        "records",
    )
    min_novelty: float | None = option(
        "X", _PICK, "Pick nothing whose novelty is under X when its turn comes."
    )
    round_size: int = option("N", _PICK, "Records that a 'round' has [default: 100].", 100, min=1)
    per: str | None = option(
        "FIELD",
        _PICK,
        "Let the values of FIELD take turns, so that each gets as many picks while it has records "
        "[default: intent where records have one that label guessed, with its confidence, none is "
        "'other', and no --method is given].",
    )
    max_per: int | None = option("N", _PICK, "Pick at most N of each --per value.", min=0)
    unique: bool = option(
        "", _PICK, "Never pick a copy of another record; so it is without this, too.", False
    )
    exclude: list[str] | None = EXCLUDE
    exclude_field: str | None = text_field_of("--exclude")
    max_memory: float | None = option(
        "GIB",
        _PICK,
        "Refuse to start what is going to need more memory [default: what the machine "
        "has]. With --engine ray, what picking in one partition may take [default: 4].",
    )
    partitions: int | None = option(
        "N",
        _PICK,
        "With --engine ray: pick in N partitions of near texts, and then among what was "
        "picked there [default: as many as keep to --max-memory].",
        min=1,
    )

    def check(self) -> None:
        """Raise OptionError for options that contradict each other."""
        if self.top_k is not None and self.share is not None:
            raise OptionError("--top-k and --share cannot be combined; give one of them")
        if (self.top_k, self.share, self.budget, self.min_novelty) == (None,) * 4:
            raise OptionError(
                "say how much to pick: --top-k N, --share P, --budget N or --min-novelty X"
            )
        self.budgeted()
        self.selection()
        if self.min_novelty is not None and not 0 <= self.min_novelty <= 1:
            raise OptionError(f"--min-novelty {self.min_novelty} is not between 0 and 1")
        if self.max_per is not None and self.per is None:
            raise OptionError("--max-per holds for each value of --per; give it too")
        self.limits(0)

    def reads(self) -> list[Inputs]:
        """The files of --exclude."""
        from dataselect.data.formats.record_files import RecordFiles

        return [RecordFiles([path]) for path in self.exclude or ()]

    def selection(self) -> Selection:
        """What is left out before picking. Raises OptionError."""
        from dataselect.selection.rule import Selection

        return Selection(exclude=tuple(self.exclude or ()), exclude_field=self.exclude_field)

    def budgeted(self) -> Selection:
        """The budget as a selection would have it. Raises OptionError if it makes no sense."""
        from dataselect.selection.budgets import parse_budget
        from dataselect.selection.rule import Selection

        budget, unit = parse_budget(self.budget, self.cost)
        return Selection(budget=budget, budget_unit=unit, cost=self.cost)

    def limits(self, total: int) -> Limits:
        """When to stop, with `total` records to pick from. Raises OptionError."""
        from dataselect.operations.diversity.greedy import Limits
        from dataselect.selection.budgets import parse_share

        return Limits(
            self.top_k if self.share is None else math.floor(parse_share(self.share) * total),
            self.budgeted().budget,
            self.min_novelty or 0.0,
            self.max_per,
        )

    def most_memory(self) -> int:
        from dataselect.operations.diversity.objectives.memory_estimate import GIB, available

        return available() if self.max_memory is None else int(self.max_memory * GIB)


@dataclass(frozen=True)
class VectorOptions(NeuralOptions):
    """Where the vectors of facility and kcenter come from."""

    vectors: str | None = option(
        "FILE.npy",
        _ENCODER,
        "Vectors of the input made elsewhere: a NumPy matrix with a row for each "
        "record, good or bad, blank lines not counted.",
    )
    labelled_vectors: str | None = option(
        "FILE.npy", _ENCODER, "The same of the labelled records, all files together."
    )

    def check_for(self, methods: MethodOptions) -> None:
        """Raise OptionError for options that contradict each other, or have no use here."""
        by_detector = methods.detector is not None
        unused = [name for name in given(self) if not by_detector or name != "--device"]
        if unused and (by_detector or methods.method == "features"):
            method = methods.method or "paraphrase"
            raise OptionError(
                f"{unused[0]} is not used by --method {method}; give --method facility or kcenter"
            )
        if self.encoder is not None and self.vectors is not None:
            raise OptionError("--vectors are there already; leave --encoder out")
        if (self.vectors is not None and bool(methods.labelled)) != bool(self.labelled_vectors):
            raise OptionError(
                "--vectors, --labelled and --labelled-vectors belong together; give all of them"
            )
        self.check(methods.detector)

    def reads(self) -> list[Inputs]:
        from dataselect.data.input_files import Inputs

        return [Inputs([path]) for path in (self.vectors, self.labelled_vectors) if path]
