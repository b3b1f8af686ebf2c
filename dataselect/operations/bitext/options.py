"""The options of `dataselect bitext`, in groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Option

from dataselect.command_line.options import given, option
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.operations.bitext.distance.options import DistanceOptions
    from dataselect.operations.bitext.filters import PairFilters

SIDES = ("src", "tgt")
VECTORS = "vectors"
"""Instead of a model: the sides are aligned by their `--vectors`."""
_DISTANCE, _ALIGN, _FILTERS = "Distance", "Alignment", "Filters"


@dataclass(frozen=True)
class SideOptions:
    """Which side is compared, with which text."""

    in_domain: Annotated[
        list[str] | None,
        option(
            metavar="[SIDE=]FILE",
            help_="In-domain records in the language of the side; may be given again. Their text "
            "is in --text-field, or where the side's own field is. For both sides: pairs, or "
            "src=FILE and tgt=FILE.",
            section=_DISTANCE,
        ),
    ] = None
    side: Annotated[
        Literal["tgt", "src", "both"],
        Option(help="Which side is compared.", rich_help_panel=_DISTANCE),
    ] = "tgt"
    src_field: Annotated[
        str,
        option(
            metavar="FIELD",
            help_="Where the source text is [default: src].",
            section="Records",
        ),
    ] = "src"
    tgt_field: Annotated[
        str,
        option(
            metavar="FIELD",
            help_="Where the target text is [default: tgt].",
            section="Records",
        ),
    ] = "tgt"

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

    rule: Annotated[
        Literal["discriminant", "centroid", "logistic"],
        option(
            metavar="discriminant|centroid|logistic",
            help_="discriminant: squared distance to the in-domain centroid less that to the "
            "centroid of the input, whitened; under 0 is nearer the domain. centroid: 1 - cosine "
            "to the in-domain centroid, as in the paper. logistic: minus the log-odds of a "
            "logistic regression [default: discriminant, the best or within 0.01 of it on average "
            "over seven German and English sets, by the default encoder and by MiniLM].",
            section=_DISTANCE,
        ),
    ] = "discriminant"
    space: Annotated[
        Literal["raw", "whitened"] | None,
        option(
            metavar="raw|whitened",
            help_="What vectors are made before --rule centroid compares them [default: "
            "whitened]. Raw ones of the default encoder all share one direction, and find little "
            "more than chance does.",
            section=_DISTANCE,
        ),
    ] = None
    fit_size: Annotated[
        int,
        option(
            min=2,
            metavar="N",
            help_="How many records of the input are drawn to fit to, and at most how many "
            "in-domain ones [default: 10000].",
            section=_DISTANCE,
        ),
    ] = 10_000

    def build(self) -> DistanceOptions:
        """The distance, checked. Raises OptionError."""
        from dataselect.operations.bitext.distance.options import DistanceOptions

        own = {name: value for name, value in vars(self).items() if name != "fit_size"}
        return DistanceOptions(**own)


@dataclass(frozen=True)
class AlignmentFlags:
    """How well two sides translate each other."""

    align: Annotated[
        str | None,
        option(
            metavar="MODEL|vectors",
            help_="Add 'alignment': how well the sides translate each other, by a multilingual "
            "sentence-transformers model (a folder or a hub name), or by --vectors of both sides.",
            section=_ALIGN,
        ),
    ] = None
    margin: Annotated[
        Literal["ratio", "distance", "cosine"],
        Option(
            help="Cosine over, or less, the mean cosine to the nearest neighbours on the other "
            "side; or the cosine alone, which does not transfer from corpus to corpus.",
            rich_help_panel=_ALIGN,
        ),
    ] = "ratio"
    align_neighbours: Annotated[
        int,
        option(
            min=1,
            metavar="K",
            help_="Neighbours on each side, among distinct texts [default: 4].",
            section=_ALIGN,
        ),
    ] = 4
    min_alignment: Annotated[
        float | None,
        option(metavar="X", help_="Leave out pairs whose alignment is lower.", section=_ALIGN),
    ] = None

    @property
    def model(self) -> str | None:
        """The neural model, if there is one."""
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

    max_length_ratio: Annotated[
        float | None,
        option(
            metavar="X",
            help_="Leave out pairs one side of which is more than X times as long.",
            section=_FILTERS,
        ),
    ] = None
    length_unit: Annotated[
        Literal["chars", "words"],
        Option(
            help="Characters, or words between white space.",
            rich_help_panel=_FILTERS,
        ),
    ] = "chars"
    drop_copies: Annotated[
        bool,
        option(
            "--drop-copies",
            help_="Leave out pairs whose sides are the same but for case, punctuation and spaces; "
            "names and 'Okay.' are such, too.",
            section=_FILTERS,
        ),
    ] = False
    src_script: Annotated[
        str | None,
        option(
            metavar="SCRIPT,...",
            help_="Leave out pairs with most letters of the source in other scripts, such as "
            "Latin or Han,Hiragana,Katakana.",
            section=_FILTERS,
        ),
    ] = None
    tgt_script: Annotated[
        str | None,
        option(metavar="SCRIPT,...", help_="The same of the target.", section=_FILTERS),
    ] = None
    same_urls: Annotated[
        bool,
        option(
            "--same-urls",
            help_="Leave out pairs whose URLs or e-mail addresses differ.",
            section=_FILTERS,
        ),
    ] = False
    same_numbers: Annotated[
        bool,
        option(
            "--same-numbers",
            help_="Leave out pairs whose numbers differ; marks, clocks of 12 and 24 hours, and "
            "numbers up to 12 that one side spells out are no difference. Converted units are: 8 % "
            "of good news pairs with numbers go.",
            section=_FILTERS,
        ),
    ] = False

    def build(self) -> PairFilters:
        """The filters, checked. Raises OptionError."""
        from dataselect.operations.bitext.filters import PairFilters

        return PairFilters(**vars(self))
