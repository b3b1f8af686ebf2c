"""Bilingual corpora: pairs near the in-domain text, and pairs that translate each other.

After Punjabi et al. (2019): the in-domain text is embedded, and sentence pairs are kept whose side
in that language lies near its average. Alignment is after Artetxe & Schwenk (2019).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypedDict, cast

import numpy as np
from numpy.typing import NDArray

from dataselect.data.records import POSITION, Column, Fields, hypothesis, numbers, text
from dataselect.documents import typed
from dataselect.errors import InputError, OptionError
from dataselect.execution.scorer import FittedScorer, Scores
from dataselect.models import archive
from dataselect.models.encoders.base import Encoder, described
from dataselect.models.encoders.lexical import Lexical
from dataselect.operations.bitext.distance.distance_rules import Distance, restore
from dataselect.operations.bitext.distance.embedding_space import checked
from dataselect.operations.bitext.distance.fitting import fit
from dataselect.operations.bitext.distance.options import DistanceOptions
from dataselect.operations.bitext.filters import PairFilters
from dataselect.selection.reasons import Reason, describe

if TYPE_CHECKING:
    from dataselect.selection.rule import Direction

SIDES = ("src", "tgt")
DISTANCE, ALIGNMENT = "distance", "alignment"
_DECIMALS = 6
_FORMAT = archive.Format("bitext", 1)


@dataclass(frozen=True)
class Domain:
    """In-domain text in one language: an encoder, and the distance of its vectors to the text.

    `held_out` (h,): the distance of each in-domain text by a rule that was fitted without it, or
    nothing where that cannot be. `paired`: the texts are those of pairs, in the order of the other
    side's. `wordless`: how far a text without words, or a vector of zeros, is.
    """

    encoder: Encoder
    distance: Distance
    held_out: NDArray[np.float64]
    wordless: float
    figures: dict[str, Any] = field(default_factory=dict)
    paired: bool = False

    def distances(self, items: Sequence[Any]) -> NDArray[np.float64]:
        """(n,) how far texts, or the vectors at positions, are from the in-domain text."""
        vectors = self.encoder.encode(items, unit=True)
        distances = self.distance(vectors)
        distances[~vectors.any(axis=1)] = self.wordless
        return distances

    @classmethod
    def fit(
        cls,
        in_domain: Sequence[str],
        corpus: Sequence[str],
        encoder: Encoder | None = None,
        options: DistanceOptions | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Domain:
        """Fit a distance, and the default encoder where none is given.

        `corpus`: a sample of the texts that are to be scored; in-domain text may hide in it.

        >>> near, far = ["play adele", "play some jazz"], ["it rained all day", "we left"]
        >>> low, high = Domain.fit(near, far).distances(["play the blues", "it rained"])
        >>> bool(low < high)
        True

        Raises InputError if a side has no text, OptionError for options that do not fit the data.
        """
        rng = rng or np.random.default_rng(0)
        encoder = encoder or Lexical.fit([*corpus, *in_domain], rng=rng)
        own, others = (encoder.encode(texts, unit=True) for texts in (in_domain, corpus))
        return cls.of_vectors(own, others, encoder, options, rng=rng)

    @classmethod
    def of_vectors(
        cls,
        in_domain: NDArray[np.float32],
        corpus: NDArray[np.float32],
        encoder: Encoder,
        options: DistanceOptions | None = None,
        *,
        rng: np.random.Generator,
    ) -> Domain:
        """Fit to unit vectors that `encoder` made, or that were made as it makes them.

        Where there are no words, nothing speaks for the domain: as far as the corpus goes.
        """
        fitted = fit(in_domain, corpus, options or DistanceOptions(), rng)
        farthest = float(fitted.distance(corpus[corpus.any(axis=1)]).max(initial=0))
        figures = {**fitted.figures, "warnings": fitted.warnings()}
        return cls(encoder, fitted.distance, fitted.held_out, farthest, figures)


@dataclass(frozen=True)
class Margins:
    """The margin of the pair at each position of the input, (n,), and how they were found.

    Pairs under `lowest` are left out. `figures` go into reports. `first`: the position of the first
    pair whose margin is there.
    """

    values: NDArray[np.float64]
    lowest: float | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    first: int = 0

    def at(self, positions: Sequence[int]) -> NDArray[np.float64]:
        """(len(positions),) those of some pairs."""
        return self.values[np.asarray(positions, np.intp) - self.first]

    def part(self, first: int, pairs: int) -> Margins:
        """Those of some pairs, from the position `first` on."""
        start = first - self.first
        return replace(self, values=self.values[start : start + pairs], first=first)


def side_columns(fields: Mapping[str, str], compared: Sequence[str]) -> list[Column]:
    """The text of each side, by the field that has it; of a side not compared it may be empty."""
    return [
        (text if side in compared else hypothesis)(fields[side], f"--{side}-field")
        for side in SIDES
    ]


class Bitext(FittedScorer):
    """Distance of sentence pairs to in-domain text, low is good; and their alignment, high is good.

    With both sides in `domains` the distance is the mean of theirs. Without a domain, pairs are
    ranked by alignment; without that as well, `filters` alone leave pairs out.
    """

    noun: ClassVar[str] = "bitext"
    may_add: ClassVar[tuple[str, ...]] = (DISTANCE, ALIGNMENT)

    def __init__(
        self,
        domains: Mapping[str, Domain],
        *,
        margins: Margins | None = None,
        filters: PairFilters | None = None,
        src_field: str = "src",
        tgt_field: str = "tgt",
    ) -> None:
        """`domains`: by `src` or `tgt`."""
        self.domains = {side: domains[side] for side in SIDES if side in domains}
        self.margins, self.filters = margins, filters or PairFilters()
        self.fields = {"src": src_field, "tgt": tgt_field}

    @property
    def measure(self) -> str:
        """The field that pairs are ranked by."""
        return DISTANCE if self.domains or self.margins is None else ALIGNMENT

    @property
    def direction(self) -> Direction:  # type: ignore[override]  # known once the domains are
        """Low is good for distances, high for alignment."""
        return "high" if self.measure == ALIGNMENT else "low"

    @property
    def columns(self) -> Sequence[Column]:
        """Both texts; the position where vectors or margins are looked up by it.

        A side that nothing is compared with may be empty.
        """
        needs_both = self.filters.active or self.margins is not None
        sides = side_columns(self.fields, SIDES if needs_both else tuple(self.domains))
        return [*sides, POSITION] if self._reads_positions else sides

    @property
    def _reads_positions(self) -> bool:
        encoders = (domain.encoder for domain in self.domains.values())
        return self.margins is not None or any(encoder.reads_positions for encoder in encoders)

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # as above
        """Distance, alignment, both or neither."""
        return (DISTANCE,) * bool(self.domains) + (ALIGNMENT,) * (self.margins is not None)

    @property
    def exclusions(self) -> tuple[Reason, ...]:  # type: ignore[override]  # as above
        """Filters that fired, and poor alignment."""
        lowest = None if self.margins is None else self.margins.lowest
        if lowest is None:
            return self.filters.reasons
        return (*self.filters.reasons, Reason("min_alignment", "--min-alignment", lowest))

    @property
    def parallel(self) -> bool:  # type: ignore[override]  # as above
        """Whether every encoder may be held by several processes."""
        return all(domain.encoder.parallel for domain in self.domains.values())

    def part(self, first: int, records: int) -> Bitext:
        """The same, with the margins of some pairs only."""
        if self.margins is None:
            return self
        margins = self.margins.part(first, records)
        src, tgt = self.fields.values()
        return Bitext(
            self.domains, margins=margins, filters=self.filters, src_field=src, tgt_field=tgt
        )

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        """Score a batch of pairs."""
        src, tgt, *rest = columns
        places = rest[0] if rest else []
        values = np.zeros(len(src))
        fields: Fields = {}
        if self.domains:
            items = {"src": src, "tgt": tgt}
            for side, domain in self.domains.items():
                own = places if domain.encoder.reads_positions else items[side]
                values += domain.distances(own) / len(self.domains)
            values = np.round(values, _DECIMALS)
            fields[DISTANCE] = numbers(values)
        excluded = self.filters.codes(src, tgt) if self.filters.active else None
        if self.margins is not None:
            found = np.round(self.margins.at(places), _DECIMALS)
            fields[ALIGNMENT] = numbers(found)
            values = values if self.domains else found
            excluded = self._poorly_aligned(found, excluded)
        return Scores(values, fields, excluded)

    def _poorly_aligned(
        self, margins: NDArray[np.float64], excluded: NDArray[np.uint8] | None
    ) -> NDArray[np.uint8] | None:
        """What filters leave out, and pairs whose margin is too low."""
        assert self.margins is not None
        if self.margins.lowest is None:
            return excluded
        codes = np.zeros(len(margins), np.uint8) if excluded is None else excluded
        codes[(codes == 0) & (margins < self.margins.lowest)] = len(self.exclusions)
        return codes

    def held_out(self) -> NDArray[np.float64]:
        """(h,) distances of in-domain text that was held out, for `--calibrate`.

        Raises OptionError without a domain, and for sides whose texts are no pairs; InputError
        where there was nothing to hold out.
        """
        domains = list(self.domains.values())
        if not domains:
            raise OptionError("--calibrate needs in-domain text; give --in-domain FILE")
        if len(domains) > 1 and not all(domain.paired for domain in domains):
            raise OptionError(
                "--calibrate needs in-domain pairs for --side both; give one --in-domain FILE "
                "that holds both sides"
            )
        if not all(len(domain.held_out) for domain in domains):
            raise InputError(
                "a single in-domain text leaves nothing to hold out for --calibrate; give more "
                "text, or a --threshold"
            )
        mean: NDArray[np.float64] = np.mean([domain.held_out for domain in domains], axis=0)
        return mean

    def warnings(self) -> list[str]:
        """What was said when the domains were fitted."""
        return [
            f"{side}: {warning}" if len(self.domains) > 1 else warning
            for side, domain in self.domains.items()
            for warning in domain.figures.get("warnings", [])
        ]

    def describe(self) -> dict[str, Any]:
        """Encoders, figures of the fit, margins and filters for the run report."""
        margins = self.margins
        return {
            "signature": {
                "side": "+".join(self.domains) or None,
                "model": self.digest[:12] if self.domains else None,
                "align": margins and margins.figures.get("digest", "")[:12],
                "left_out": "; ".join(map(describe, self.exclusions)) or None,
            },
            "sides": {
                side: {**domain.figures, "encoder": domain.encoder.describe()}
                for side, domain in self.domains.items()
            },
            "alignment": margins and margins.figures,
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what distances depend on, wherever its files are."""
        about = {
            side: [domain.encoder.digest, domain.distance.about(), domain.wordless]
            for side, domain in self.domains.items()
        }
        arrays = {
            f"{side}.{name}": each
            for side, domain in self.domains.items()
            for name, each in domain.distance.arrays().items()
        }
        return hashlib.sha256(archive.dumps(_FORMAT, about, arrays)).hexdigest()

    def dumps(self) -> bytes:
        """The domains as bytes; of vectors and of neural encoders only how to know them again."""
        about: dict[str, Any] = {}
        arrays: dict[str, NDArray[Any]] = {}
        for side, domain in self.domains.items():
            encoder, distance = domain.encoder, domain.distance
            arrays[f"{side}.held_out"] = domain.held_out
            arrays |= {f"{side}.distance.{name}": a for name, a in distance.arrays().items()}
            arrays |= {f"{side}.encoder.{name}": a for name, a in encoder.arrays().items()}
            about[side] = {
                "encoder": encoder.about(),
                "distance": distance.about(),
                "wordless": domain.wordless,
                "figures": domain.figures,
                "paired": domain.paired,
            }
        return archive.dumps(_FORMAT, {"sides": about}, arrays)


Open = Callable[[str, Mapping[str, Any]], Encoder]
"""Makes the encoder of a side that a model does not hold, from its description."""


def load_domains(path: str, open_encoder: Open) -> dict[str, Domain]:
    """The domains of a saved model. Raises InputError if it is not one."""

    def restored(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> dict[str, Domain]:
        sides = typed(_About, about).sides
        if not set() < sides.keys() <= set(SIDES):
            raise ValueError(f"its sides are {', '.join(sides)[:40]}")
        return {
            side: _restored(side, own, _within(side, arrays), open_encoder)
            for side, own in sides.items()
        }

    return archive.load(path, _FORMAT, restored)


class _Figures(TypedDict, total=False):
    warnings: list[str]


class _Kind(TypedDict):
    kind: str


class _Side(NamedTuple):
    encoder: _Kind
    distance: _Kind
    wordless: float
    figures: _Figures
    paired: bool


class _About(NamedTuple):
    """The part of a saved model that is JSON."""

    sides: dict[str, _Side]


def _restored(
    side: str, about: _Side, arrays: Mapping[str, NDArray[Any]], open_encoder: Open
) -> Domain:
    told = cast("dict[str, Any]", about.encoder)
    encoder = (
        Lexical.restore(told, _within("encoder", arrays))
        if about.encoder["kind"] == Lexical.kind
        else open_encoder(side, described(told))
    )
    distance = restore(about.distance, _within("distance", arrays))
    if encoder.dimension != distance.dimension:
        raise ValueError(
            f"vectors of {encoder.dimension} dimensions for a distance of {distance.dimension}"
        )
    held_out = arrays["held_out"]
    checked("held-out distances", held_out, (None,) if held_out.size else (0,))
    figures = cast("dict[str, Any]", about.figures)
    return Domain(encoder, distance, held_out, about.wordless, figures, about.paired)


def _within(name: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin so, under the rest of their names."""
    start = f"{name}."
    return {key.removeprefix(start): each for key, each in arrays.items() if key.startswith(start)}
