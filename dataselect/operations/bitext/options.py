"""The options of `dataselect bitext`, in groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.option import given, option
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.operations.bitext.filters import PairFilters

SIDES = ("src", "tgt")
VECTORS = "vectors"
"""Instead of a model: the sides are aligned by their `--vectors`."""
_DISTANCE, _ALIGN, _FILTERS = "Distance", "Alignment", "Filters"


@dataclass(frozen=True)
class SideOptions:
    """Which side is compared, with which text."""

    in_domain: list[str] | None = option(
        "[SIDE=]FILE",
        _DISTANCE,
        "In-domain records in the language of the side; may be given again. For both "
        "sides: pairs, or src=FILE and tgt=FILE.",
    )
    in_domain_field: str | None = option(
        "FIELD",
        "Records",
        "Where --in-domain has the text of its side [default: as --text-field, or else as the "
        "side itself].",
    )
    side: Literal["tgt", "src", "both"] = option("", _DISTANCE, "Which side is compared.", "tgt")
    src_field: str = option("FIELD", "Records", "Where the source text is [default: src].", "src")
    tgt_field: str = option("FIELD", "Records", "Where the target text is [default: tgt].", "tgt")

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that are compared."""
        return SIDES if self.side == "both" else (self.side,)

    @property
    def fields(self) -> dict[str, str]:
        """Where each side has its text."""
        return {"src": self.src_field, "tgt": self.tgt_field}


@dataclass(frozen=True)
class DistanceFlags:
    """How far a text is from the in-domain text."""

    rule: Literal["discriminant", "centroid", "logistic"] = option(
        "discriminant|centroid|logistic",
        _DISTANCE,
        "discriminant: squared distance to the in-domain centroid less that to the "
        "centroid of the input, whitened; under 0 is nearer the domain. centroid: 1 - cosine "
        "to the in-domain centroid, as in the paper, which finds little with the default "
        "encoder. logistic: minus the log-odds of a "
        "logistic regression [default: discriminant, the best or within 0.01 of it on average "
        "over seven German and English sets, by the default encoder and by MiniLM].",
        "discriminant",
    )


@dataclass(frozen=True)
class AlignmentFlags:
    """How well two sides translate each other."""

    align: str | None = option(
        "MODEL|vectors",
        _ALIGN,
        "Add 'alignment': how well the sides translate each other, by a multilingual "
        "sentence-transformers model (a folder or a hub name), or by --vectors of both sides.",
    )
    margin: Literal["ratio", "distance", "cosine"] = option(
        "",
        _ALIGN,
        "Cosine over, or less, the mean cosine to the nearest neighbours on the other "
        "side; or the cosine alone, which does not transfer from corpus to corpus.",
        "ratio",
    )
    min_alignment: float | None = option("X", _ALIGN, "Leave out pairs whose alignment is lower.")

    @property
    def model(self) -> str | None:
        return None if self.align == VECTORS else self.align

    def check(self) -> None:
        """Raise OptionError for options without a use, or without a sense."""
        if self.align is None and (unused := given(self)):
            raise OptionError(f"{unused[0]} is for --align; give that too")
        if self.min_alignment is not None and math.isnan(self.min_alignment):
            raise OptionError("--min-alignment NaN leaves nothing out; give a number")


@dataclass(frozen=True)
class FilterOptions:
    """Which pairs are left out without any model."""

    max_length_ratio: float | None = option(
        "X", _FILTERS, "Leave out pairs one side of which is more than X times as long."
    )
    length_unit: Literal["chars", "words"] = option(
        "", _FILTERS, "Characters, or words between white space.", "chars"
    )
    drop_copies: bool = option(
        "",
        _FILTERS,
        "Leave out pairs whose sides are the same but for case, punctuation and spaces; "
        "names and 'Okay.' are such, too.",
        False,
    )
    src_script: str | None = option(
        "SCRIPT,...",
        _FILTERS,
        "Leave out pairs with most letters of the source in other scripts, such as "
        "Latin or Han,Hiragana,Katakana.",
    )
    tgt_script: str | None = option("SCRIPT,...", _FILTERS, "The same of the target.")
    same_urls: bool = option(
        "", _FILTERS, "Leave out pairs whose URLs or e-mail addresses differ.", False
    )
    same_numbers: bool = option(
        "",
        _FILTERS,
        "Leave out pairs whose numbers differ; marks, clocks of 12 and 24 hours, and "
        "numbers up to 12 that one side spells out are no difference. Converted units are: 8 % "
        "of good news pairs with numbers go.",
        False,
    )

    def build(self) -> PairFilters:
        """The filters, checked. Raises OptionError."""
        from dataselect.operations.bitext.filters import PairFilters

        return PairFilters(**vars(self))
