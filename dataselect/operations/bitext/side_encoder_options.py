"""The encoders of `dataselect bitext`, by side: neural, of a saved model, or vectors of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataselect.command_line.encoder_options import EncoderOptions, check_version
from dataselect.errors import InputError, OptionError
from dataselect.operations.bitext.options import SIDES, VECTORS, AlignmentFlags, SideOptions

if TYPE_CHECKING:
    from dataselect.models.encoders.base import Encoder
    from dataselect.models.encoders.precomputed import Precomputed
    from dataselect.models.encoders.sentence_transformer import Neural
    from dataselect.operations.bitext.bitext import Domain


@dataclass(frozen=True)
class SideEncoders:
    """Where the vectors of each side come from; opened when they are first asked for.

    `model`: the path of a saved model, if there is one.
    """

    side: SideOptions
    encoding: EncoderOptions
    aligning: AlignmentFlags
    model: str | None

    def check(self) -> None:
        """Raise OptionError for an encoder or vectors without a use, or that need others."""
        own, aligns = self.encoding.in_domain_vectors, self.aligning.align == VECTORS
        if self.encoding.encoder and not (self.side.in_domain or self.model):
            raise OptionError("--encoder is for --in-domain; give that too")
        if own and self.side.in_domain:
            raise OptionError("--in-domain-vectors are compared; leave --in-domain out")
        if self.encoding.vectors and not (own or aligns or self.model):
            raise OptionError(
                "--vectors are compared with --in-domain-vectors FILE.npy; give these too"
            )
        if own and not self.in_domain_vectors.keys() == set(self.side.sides) <= self.vectors.keys():
            raise OptionError(
                f"--side {self.side.side} needs --vectors and --in-domain-vectors of "
                f"{' and '.join(self.side.sides)}"
            )

    @cached_property
    def neural(self) -> Neural | None:
        name = self.encoding.encoder
        return None if name is None else self.encoding.neural(name)

    @cached_property
    def vectors(self) -> dict[str, Precomputed]:
        return self._by_side("--vectors", self.encoding.precomputed())

    @cached_property
    def in_domain_vectors(self) -> dict[str, Precomputed]:
        return self._by_side("--in-domain-vectors", self.encoding.in_domain_precomputed())

    def _by_side(
        self, option: str, given: Sequence[tuple[str, Precomputed]]
    ) -> dict[str, Precomputed]:
        found: dict[str, Precomputed] = {}
        for name, vectors in given:
            side = name or self.side.side
            if side not in SIDES:
                raise OptionError(
                    f"{option} {vectors.path}: say of which side, src=FILE or tgt=FILE"
                )
            if side in found:
                raise OptionError(f"{option} is given twice for {side}; give it once a side")
            found[side] = vectors
        return found

    def aligned(self) -> tuple[Encoder, Encoder]:
        """Those of source and target that `--align` names."""
        name = self.aligning.model
        if name is not None:
            same = self.neural if name == self.encoding.encoder else None
            encoder = same or self.encoding.neural(name)
            return encoder, encoder
        if self.vectors.keys() != set(SIDES):
            raise OptionError(
                "--align vectors needs those of both sides: --vectors src=FILE.npy --vectors "
                "tgt=FILE.npy"
            )
        src, tgt = self.vectors["src"], self.vectors["tgt"]
        if src.dimension != tgt.dimension:
            raise InputError(
                f"{tgt.path}: vectors of {tgt.dimension} dimensions for those of {src.dimension} "
                f"in {src.path}; make both with one multilingual model"
            )
        return src, tgt

    def of_model(self, side: str, described: Mapping[str, Any]) -> Encoder:
        """The encoder that the saved model was fitted with, and does not hold."""
        from dataselect.models.encoders.precomputed import Precomputed

        if described["kind"] == Precomputed.kind:
            if side not in self.vectors:
                raise InputError(
                    f"{self.model}: fitted to vectors made elsewhere; give those of the input "
                    f"with --vectors {side}=FILE.npy"
                )
            return self.vectors[side]
        encoder = self.neural or self.encoding.neural(described["model"])
        check_version(encoder, described, self.model, done="fitted", again="fit")
        return encoder

    def check_against(self, domains: Mapping[str, Domain]) -> None:
        """Raise OptionError for options that do not suit the domains of the saved model."""
        from dataselect.models.encoders.sentence_transformer import Neural

        if domains.keys() != set(self.side.sides):
            fitted = "both" if len(domains) > 1 else next(iter(domains))
            raise OptionError(f"{self.model}: fitted to another side; give --side {fitted}")
        encoders = [domain.encoder for domain in domains.values()]
        unused = []
        if self.neural is not None and self.neural not in encoders:
            unused.append("--encoder")
        if self.vectors and self.aligning.align != VECTORS and not encoders[0].reads_positions:
            unused.append("--vectors")
        if unused:
            raise OptionError(f"{self.model}: has an encoder of its own; leave {unused[0]} out")
        neural = [each.model for each in encoders if isinstance(each, Neural)]
        self.encoding.check(self.aligning.model, *neural)
