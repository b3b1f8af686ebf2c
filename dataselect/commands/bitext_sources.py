"""What `dataselect bitext` reads before it scores: in-domain text, vectors, the whole corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataselect import records
from dataselect.alignment import Corpus
from dataselect.commands.bitext_options import (
    SIDES,
    VECTORS,
    AlignmentFlags,
    DistanceFlags,
    SideOptions,
)
from dataselect.commands.encoders import EncoderOptions
from dataselect.commands.options import named
from dataselect.errors import GuardError, InputError, OptionError
from dataselect.inputs import Inputs
from dataselect.progress import Steps
from dataselect.runs import FAIL, Settings
from dataselect.texts import read_columns, sample_columns, total_records

if TYPE_CHECKING:
    import numpy as np

    from dataselect.engines.encoders.base import Encoder
    from dataselect.engines.encoders.neural import Neural
    from dataselect.engines.encoders.precomputed import Precomputed
    from dataselect.engines.guards import Guards
    from dataselect.records import Column
    from dataselect.scorers.bitext import Bitext, Domain, Margins


@dataclass(frozen=True)
class Sources:
    """The sides of the pool and what they are compared with, by the options of a run.

    `text_field`: where in-domain files have their text.
    """

    side: SideOptions
    distance: DistanceFlags
    encoding: EncoderOptions
    aligning: AlignmentFlags
    model: str | None
    text_field: str
    settings: Settings

    def reads(self) -> list[Inputs]:
        """The files of records that are read beside the pool. Raises OptionError."""
        return [Inputs([path]) for _, path in self._in_domain_files]

    def in_domain_column(self, side: str) -> Column:
        """Where in-domain files have the text of a side."""
        return records.text(self.text_field, instead=self.side.fields[side])

    @cached_property
    def _in_domain_files(self) -> list[tuple[str, str]]:
        """Side, or nothing, and path of each in-domain file."""
        return _of_sides("--in-domain", self.side.in_domain or [], self.side.sides)

    @cached_property
    def _pairs(self) -> list[Column]:
        """Where the pool has its texts."""
        return [records.text(field, f"--{side}-field") for side, field in self.side.fields.items()]

    def scorer(self, pool: Inputs, guards: Guards, rng: np.random.Generator) -> Bitext:
        """Load or fit what scores. Reads the pool for a sample, vectors and alignment."""
        from dataselect.scorers.bitext import Bitext

        fits = bool(self._in_domain_files or self._own_vectors)
        if fits or self._vectors or self.aligning.align is not None:
            pool.keep_for_rereading()
        if self._vectors:
            total = total_records(pool)
            for vectors in self._vectors.values():
                vectors.check_count(total)
        return Bitext(
            self._domains(pool, rng),
            margins=self._margins(pool),
            guards=guards,
            src_field=self.side.src_field,
            tgt_field=self.side.tgt_field,
        )

    # -- Distance --------------------------------------------------------------------------------

    def _domains(self, pool: Inputs, rng: np.random.Generator) -> dict[str, Domain]:
        """What each side is compared with, loaded or fitted; nothing without in-domain text."""
        if self.model is not None:
            return self._loaded(self.model)
        in_domain = self._in_domain(rng)
        if not in_domain:
            return {}
        columns = [*self._pairs, records.POSITION]
        strict = self.settings.on_error == FAIL
        *texts, positions = sample_columns(
            pool, columns, self.distance.fit_size, rng, strict=strict
        )
        if not positions:
            raise GuardError(
                "the input holds no good record to compare in-domain text with; check the input"
            )
        corpus = dict(zip(SIDES, texts, strict=True))
        paired = len(in_domain) > 1 and (self._in_pairs or bool(self._own_vectors))
        domains = {
            side: self._domain(side, own, positions if self._own_vectors else corpus[side], rng)
            for side, own in in_domain.items()
        }
        return {side: replace(domain, paired=paired) for side, domain in domains.items()}

    def _loaded(self, model: str) -> dict[str, Domain]:
        """The domains of a saved model. Raises OptionError for options that do not suit it."""
        from dataselect.engines.encoders.neural import Neural
        from dataselect.scorers.bitext import load_domains

        domains = load_domains(model, self._known_encoder)
        if domains.keys() != set(self.side.sides):
            fitted = "both" if len(domains) > 1 else next(iter(domains))
            raise OptionError(f"{model}: fitted to another side; give --side {fitted}")
        encoders = [domain.encoder for domain in domains.values()]
        unused = []
        if self._neural is not None and self._neural not in encoders:
            unused.append("--encoder")
        if self._vectors and self.aligning.align != VECTORS and not encoders[0].reads_positions:
            unused.append("--vectors")
        if unused:
            raise OptionError(f"{model}: has an encoder of its own; leave {unused[0]} out")
        neural = [each.model for each in encoders if isinstance(each, Neural)]
        self.encoding.check(self.aligning.model, *neural)
        return domains

    def _domain(
        self,
        side: str,
        in_domain: Sequence[Any],
        corpus: Sequence[Any],
        rng: np.random.Generator,
    ) -> Domain:
        """Fit one side to texts, or to the vectors at positions."""
        from dataselect.scorers.bitext import Domain

        options = self.distance.build()
        if not self._own_vectors:
            return Domain.fit(in_domain, corpus, self._neural, options, rng=rng)
        vectors, own = self._vectors[side], self._own_vectors[side]
        if vectors.dimension != own.dimension:
            raise InputError(
                f"{own.path}: vectors of {own.dimension} dimensions for those of "
                f"{vectors.dimension} in {vectors.path}; make both with one model"
            )
        both = own.encode(in_domain, unit=True), vectors.encode(corpus, unit=True)
        return Domain.of_vectors(*both, vectors, options, rng=rng)

    def _in_domain(self, rng: np.random.Generator) -> dict[str, Sequence[Any]]:
        """In-domain texts of each side, or positions of their vectors; at most `--fit-size`."""
        size = self.distance.fit_size
        if self._own_vectors:
            return _drawn(
                {side: range(own.rows) for side, own in self._own_vectors.items()}, size, rng
            )
        paths = [path for _, path in self._in_domain_files]
        if self._in_pairs:
            texts = read_columns(Inputs(paths), self._pairs)
            return _drawn(dict(zip(SIDES, texts, strict=True)), size, rng)
        found: dict[str, Sequence[Any]] = {}
        for side in self.side.sides if paths else ():
            own = [path for name, path in self._in_domain_files if name in ("", side)]
            if not own:
                raise OptionError(
                    f"--side both needs text of both; give --in-domain {side}=FILE too"
                )
            [texts] = read_columns(Inputs(own), [self.in_domain_column(side)])
            found |= _drawn({side: texts}, size, rng)
        return found

    @cached_property
    def _in_pairs(self) -> bool:
        """Whether each in-domain record has both sides."""
        return len(self.side.sides) == 2 and not any(name for name, _ in self._in_domain_files)

    # -- Encoders --------------------------------------------------------------------------------

    @cached_property
    def _neural(self) -> Neural | None:
        return (
            None if self.encoding.encoder is None else self.encoding.neural(self.encoding.encoder)
        )

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
        if own and not self._own_vectors.keys() == set(self.side.sides) <= self._vectors.keys():
            raise OptionError(
                f"--side {self.side.side} needs --vectors and --in-domain-vectors of "
                f"{' and '.join(self.side.sides)}"
            )

    @cached_property
    def _vectors(self) -> dict[str, Precomputed]:
        """Vectors of the pool, by side."""
        return self._by_side("--vectors", self.encoding.precomputed())

    @cached_property
    def _own_vectors(self) -> dict[str, Precomputed]:
        """Vectors of the in-domain text, by side."""
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

    def _known_encoder(self, side: str, described: Mapping[str, Any]) -> Encoder:
        """The encoder that a model was fitted with, and does not hold."""
        if described["kind"] == "precomputed":
            if side not in self._vectors:
                raise InputError(
                    f"{self.model}: fitted to vectors made elsewhere; give those of the input "
                    f"with --vectors {side}=FILE.npy"
                )
            return self._vectors[side]
        encoder = self._neural or self.encoding.neural(described["model"])
        if encoder.digest != described["sha256"]:
            raise InputError(
                f"{self.model}: fitted with another version of {described['model']} than "
                f"{encoder.model}; give the right one with --encoder, or fit again"
            )
        return encoder

    # -- Alignment -------------------------------------------------------------------------------

    def _margins(self, pool: Inputs) -> Margins | None:
        """The margin of every pair, where `--align` asks for it. Reads the pool several times."""
        from dataselect.scorers.bitext import Margins

        aligning = self.aligning
        if aligning.align is None:
            return None
        src, tgt = self._aligned_encoders(aligning.align)
        corpus = Corpus(pool, (self._pairs[0], self._pairs[1]), self.settings.on_error == FAIL)
        with Steps(quiet=self.settings.quiet) as report:
            values = corpus.margins(
                (src, tgt),
                margin=aligning.margin,
                k=aligning.align_neighbours,
                search=aligning.search,
                report=report,
            )
        settings = [src.digest, tgt.digest, aligning.margin, aligning.align_neighbours]
        figures = {
            "digest": hashlib.sha256(records.encoded(settings)).hexdigest(),
            "margin": aligning.margin,
            "neighbours": aligning.align_neighbours,
            "encoders": {"src": src.describe(), "tgt": tgt.describe()},
        }
        return Margins(values, aligning.min_alignment, figures)

    def _aligned_encoders(self, align: str) -> tuple[Neural | Precomputed, Neural | Precomputed]:
        if align != VECTORS:
            same = self._neural if align == self.encoding.encoder else None
            encoder = same or self.encoding.neural(align)
            return encoder, encoder
        if self._vectors.keys() != set(SIDES):
            raise OptionError(
                "--align vectors needs those of both sides: --vectors src=FILE.npy --vectors "
                "tgt=FILE.npy"
            )
        src, tgt = self._vectors["src"], self._vectors["tgt"]
        if src.dimension != tgt.dimension:
            raise InputError(
                f"{tgt.path}: vectors of {tgt.dimension} dimensions for those of {src.dimension} "
                f"in {src.path}; make both with one multilingual model"
            )
        return src, tgt


def _drawn(
    columns: Mapping[str, Sequence[Any]], size: int, rng: np.random.Generator
) -> dict[str, Sequence[Any]]:
    """The same `size` rows of all columns, drawn without replacement, in order; or all rows."""
    lengths = {len(column) for column in columns.values()}
    total = max(lengths, default=0)
    if lengths - {total}:
        raise InputError(
            f"--in-domain-vectors of {min(lengths):,} texts and of {total:,}; rows of both sides "
            "must belong together"
        )
    if total <= size:
        return dict(columns)
    chosen = sorted(rng.choice(total, size, replace=False).tolist())
    return {side: [column[place] for place in chosen] for side, column in columns.items()}


def _of_sides(option: str, given: Sequence[str], sides: Sequence[str]) -> list[tuple[str, str]]:
    """Side, or nothing, and path of each `[SIDE=]FILE`. Raises OptionError for another side."""
    found = [named(spelled) for spelled in given]
    for side, path in found:
        if side and side not in sides:
            raise OptionError(f"{option} {side}={path} is of no side that is compared; see --side")
    return found
