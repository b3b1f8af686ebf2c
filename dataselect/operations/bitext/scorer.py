"""Bilingual corpora: pairs near the in-domain text, and pairs that translate each other.

Distances are those of `Domain`; alignment is after Artetxe & Schwenk (2019).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dataselect.data.fields import POSITION, Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.data.json_lines.json_values import numbers
from dataselect.errors import InputError, OptionError
from dataselect.execution.scorer import FittedScorer, Scores
from dataselect.models import archive
from dataselect.operations.bitext.bitext import DECIMALS, FORMAT, SIDES, Domain, dumps_domains
from dataselect.operations.bitext.filters import PairFilters
from dataselect.selection.reasons import Reason, describe

if TYPE_CHECKING:
    from dataselect.selection.ranking import Direction

DISTANCE, ALIGNMENT = "distance", "alignment"


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
        (Column.text if side in compared else Column.hypothesis)(fields[side], f"--{side}-field")
        for side in SIDES
    ]


class BitextScorer(FittedScorer):
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
        self.text_field = self.fields["src" if list(self.domains) == ["src"] else "tgt"]

    @property
    def measure(self) -> str:
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
        sides = self.compared
        return [*sides, POSITION] if self._reads_positions else sides

    @property
    def compared(self) -> Sequence[Column]:
        """Pairs are told apart by both texts, whichever side is scored."""
        needs_both = self.filters.active or self.margins is not None
        return side_columns(self.fields, SIDES if needs_both else tuple(self.domains))

    @property
    def _reads_positions(self) -> bool:
        encoders = (domain.encoder for domain in self.domains.values())
        return self.margins is not None or any(encoder.reads_positions for encoder in encoders)

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # as above
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

    def part(self, first: int, records: int) -> BitextScorer:
        """The same, with the margins of some pairs only."""
        if self.margins is None:
            return self
        margins = self.margins.part(first, records)
        src, tgt = self.fields.values()
        return BitextScorer(
            self.domains, margins=margins, filters=self.filters, src_field=src, tgt_field=tgt
        )

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        src, tgt, *rest = columns
        places = rest[0] if rest else []
        values = np.zeros(len(src))
        fields: Fields = {}
        if self.domains:
            items = {"src": src, "tgt": tgt}
            for side, domain in self.domains.items():
                own = places if domain.encoder.reads_positions else items[side]
                values += domain.distances(own) / len(self.domains)
            values = np.round(values, DECIMALS)
            fields[DISTANCE] = numbers(values)
        excluded = self.filters.codes(src, tgt) if self.filters.active else None
        if self.margins is not None:
            found = np.round(self.margins.at(places), DECIMALS)
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
        return [
            f"{side}: {warning}" if len(self.domains) > 1 else warning
            for side, domain in self.domains.items()
            for warning in domain.figures.get("warnings", [])
        ]

    def describe(self) -> dict[str, Any]:
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
            side: [domain.encoder.digest, domain.distance.about(), domain.empty_distance]
            for side, domain in self.domains.items()
        }
        arrays = {
            f"{side}.{name}": each
            for side, domain in self.domains.items()
            for name, each in domain.distance.arrays().items()
        }
        return hashlib.sha256(archive.dumps(FORMAT, about, arrays)).hexdigest()

    def dumps(self) -> bytes:
        return dumps_domains(self.domains)
