"""What `dataselect bitext` reads before it scores: in-domain text, vectors, the whole corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dataselect.console import Steps
from dataselect.data.fields import POSITION, Column
from dataselect.data.files.input_names import named
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import encoded
from dataselect.data.sampling import no_good_record, read_columns, sample_columns, total_records
from dataselect.errors import InputError, OptionError
from dataselect.execution.run import FAIL, Settings
from dataselect.operations.bitext.alignment.parallel_corpus import ParallelCorpus
from dataselect.operations.bitext.options import (
    SIDES,
    AlignmentFlags,
    DistanceFlags,
    SideOptions,
)
from dataselect.operations.bitext.side_encoder_options import SideEncoders

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dataselect.data.fields import Column
    from dataselect.models.encoders.sentence_transformer import Neural
    from dataselect.operations.bitext.bitext import Domain
    from dataselect.operations.bitext.filters import PairFilters
    from dataselect.operations.bitext.scorer import BitextScorer, Margins


@dataclass(frozen=True)
class BitextSources:
    """The sides of the pool and what they are compared with, by the options of a run.

    `text_field`: where in-domain files have their text, if no option says otherwise.
    """

    side: SideOptions
    distance: DistanceFlags
    aligning: AlignmentFlags
    encoders: SideEncoders
    text_field: str
    settings: Settings

    def reads(self) -> list[Inputs]:
        """The files of records that are read beside the pool. Raises OptionError."""
        return [RecordFiles([path]) for _, path in self._in_domain_files]

    def column_of(self, files: str, path: str | None, side: str) -> Column:
        """Where the files that an option names have the text of a side."""
        return Column.text_of(files, path, self.text_field, self.side.fields[side])

    @cached_property
    def _in_domain_files(self) -> list[tuple[str, str]]:
        """Side, or nothing, and path of each in-domain file."""
        found = [named(spelled) for spelled in self.side.in_domain or []]
        for side, path in found:
            if side and side not in self.side.sides:
                raise OptionError(
                    f"--in-domain {side}={path} is of no side that is compared; see --side"
                )
        return found

    @cached_property
    def _pairs(self) -> list[Column]:
        """Where the pool has its texts."""
        from dataselect.operations.bitext.scorer import side_columns

        compared = self.side.sides if self.aligning.align is None else SIDES
        return side_columns(self.side.fields, compared)

    def scorer(self, pool: Inputs, filters: PairFilters, rng: np.random.Generator) -> BitextScorer:
        """Load or fit what scores. Reads the pool for a sample, vectors and alignment."""
        from dataselect.operations.bitext.scorer import BitextScorer

        vectors = self.encoders.vectors
        if self._in_domain_files or vectors or self.aligning.align is not None:
            pool.keep_for_rereading()
        if vectors:
            total = total_records(pool)
            for each in vectors.values():
                each.check_count(total)
        return BitextScorer(
            self._domains(pool, rng),
            margins=self._margins(pool),
            filters=filters,
            src_field=self.side.src_field,
            tgt_field=self.side.tgt_field,
        )

    # -- Distance --------------------------------------------------------------------------------

    def _domains(self, pool: Inputs, rng: np.random.Generator) -> dict[str, Domain]:
        """What each side is compared with, loaded or fitted; nothing without in-domain text."""
        from dataselect.operations.bitext.bitext import FIT_SIZE, load_domains

        if self.encoders.model is not None:
            domains = load_domains(self.encoders.model, self.encoders.of_model)
            self.encoders.check_against(domains)
            return domains
        in_domain = self._in_domain(rng)
        if not in_domain:
            return {}
        columns = [*self._pairs, POSITION]
        strict = self.settings.on_error == FAIL
        *texts, positions = sample_columns(pool, columns, FIT_SIZE, rng, strict=strict)
        if not positions:
            remedy = " to compare in-domain text with; check the input"
            raise no_good_record(pool, columns, remedy)
        corpus = dict(zip(SIDES, texts, strict=True))
        by_position = bool(self.encoders.in_domain_vectors)
        paired = len(in_domain) > 1 and (self._in_pairs or by_position)
        domains = {
            side: self._domain(side, own, positions if by_position else corpus[side], rng)
            for side, own in in_domain.items()
        }
        return {side: replace(domain, paired=paired) for side, domain in domains.items()}

    def _domain(
        self,
        side: str,
        in_domain: Sequence[Any],
        corpus: Sequence[Any],
        rng: np.random.Generator,
    ) -> Domain:
        """Fit one side to texts, or to the vectors at positions."""
        from dataselect.operations.bitext.bitext import Domain

        rule, neural = self.distance.rule, self.encoders.neural
        if neural is not None:
            encoded = self._encoded(neural, in_domain, corpus)
            return Domain.of_vectors(*encoded, neural, rule, rng=rng)
        if not self.encoders.in_domain_vectors:
            with Steps(quiet=self.settings.quiet) as report:
                return Domain.fit(in_domain, corpus, rule=rule, rng=rng, report=report)
        vectors, own = self.encoders.vectors[side], self.encoders.in_domain_vectors[side]
        if vectors.dimension != own.dimension:
            raise InputError(
                f"{own.path}: vectors of {own.dimension} dimensions for those of "
                f"{vectors.dimension} in {vectors.path}; make both with one model"
            )
        both = own.encode(in_domain, unit=True), vectors.encode(corpus, unit=True)
        return Domain.of_vectors(*both, vectors, rule, rng=rng)

    def _encoded(
        self, neural: Neural, in_domain: Sequence[str], corpus: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Unit vectors of both, with a bar for each: a model may take minutes."""
        import numpy as np

        from dataselect.models.encoders.base import portions

        with Steps(quiet=self.settings.quiet) as report:
            own, others = (
                np.concatenate(
                    list(portions(neural, texts, report(f"encoding {what}", len(texts))))
                )
                for what, texts in (("in-domain text", in_domain), ("a sample", corpus))
            )
        return own, others

    def _in_domain(self, rng: np.random.Generator) -> dict[str, Sequence[Any]]:
        """In-domain texts of each side, or positions of their vectors; at most `FIT_SIZE`."""
        from dataselect.operations.bitext.bitext import drawn

        if vectors := self.encoders.in_domain_vectors:
            return drawn({side: range(own.rows) for side, own in vectors.items()}, rng)
        if self._in_pairs:
            texts = _read([path for _, path in self._in_domain_files], self._pairs)
            return drawn(dict(zip(SIDES, texts, strict=True)), rng)
        found: dict[str, Sequence[Any]] = {}
        for side in self.side.sides if self._in_domain_files else ():
            own = [path for name, path in self._in_domain_files if name in ("", side)]
            if not own:
                raise OptionError(
                    f"--side both needs text of both; give --in-domain {side}=FILE too"
                )
            column = self.column_of("--in-domain", self.side.in_domain_field, side)
            [texts] = _read(own, [column])
            found |= drawn({side: texts}, rng)
        return found

    @cached_property
    def _in_pairs(self) -> bool:
        """Whether each in-domain record has both sides."""
        files = self._in_domain_files
        return bool(files) and len(self.side.sides) == 2 and not any(name for name, _ in files)

    # -- Alignment -------------------------------------------------------------------------------

    def _margins(self, pool: Inputs) -> Margins | None:
        """The margin of every pair, where `--align` asks for it. Reads the pool several times."""
        from dataselect.operations.bitext.alignment.margin import NEIGHBOURS
        from dataselect.operations.bitext.scorer import Margins

        aligning = self.aligning
        if aligning.align is None:
            return None
        src, tgt = self.encoders.aligned()
        corpus = ParallelCorpus(
            pool, (self._pairs[0], self._pairs[1]), self.settings.on_error == FAIL
        )
        with Steps(quiet=self.settings.quiet) as report:
            values = corpus.margins(
                (src, tgt),
                margin=aligning.margin,
                report=report,
            )
        settings = [src.digest, tgt.digest, aligning.margin, NEIGHBOURS]
        figures = {
            "digest": hashlib.sha256(encoded(settings)).hexdigest(),
            "margin": aligning.margin,
            "neighbours": NEIGHBOURS,
            "encoders": {"src": src.describe(), "tgt": tgt.describe()},
        }
        return Margins(values, aligning.min_alignment, figures)


def _read(paths: Sequence[str], columns: Sequence[Column]) -> list[list[Any]]:
    """Columns of in-domain files. Raises InputError where there are no records."""
    values = read_columns(RecordFiles(paths, text_field=columns[0].path), columns)
    if not values[0]:
        raise InputError(
            f"{', '.join(paths)}: no text to compare with; give at least one, better fifty"
        )
    return values
