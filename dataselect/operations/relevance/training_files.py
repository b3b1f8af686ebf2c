"""The files that relevance is learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.console import Steps
from dataselect.data.fields import Column
from dataselect.data.files.input_names import named
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.input_files import Inputs
from dataselect.data.sampling import no_good_record, read_columns, sample_columns
from dataselect.errors import OptionError
from dataselect.execution.run import FAIL, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataselect.operations.relevance.relevance import Relevance


@dataclass(frozen=True)
class TrainingFiles:
    """In-domain files by the name of their set, split by the field `by`, and a background.

    `in_domain_text`, `background_text`: where these have their texts. `speaker`: where all of them
    have their speakers, if these matter.
    """

    in_domain: Sequence[tuple[str, Inputs]]
    by: str | None
    background: Inputs | None
    in_domain_text: Column
    background_text: Column
    speaker: Column | None = None

    @classmethod
    def open(
        cls,
        in_domain: Sequence[str],
        by: str | None,
        background: str | None,
        *,
        in_domain_text: Column,
        background_text: Column,
        speaker: Column | None = None,
    ) -> TrainingFiles:
        """`in_domain`: FILE or NAME=FILE. Raises OptionError."""
        sets = [named(spelled) for spelled in in_domain]
        if by and any(name for name, _ in sets):
            raise OptionError("--in-domain-by names the sets; leave NAME= out of --in-domain")
        if any(name for name, _ in sets) and not all(name for name, _ in sets):
            raise OptionError("give every --in-domain a name, or none: NAME=FILE")
        files = [(name, RecordFiles([path], text_field=in_domain_text.path)) for name, path in sets]
        field = background_text.path
        opened = RecordFiles([background], text_field=field) if background else None
        return cls(files, by, opened, in_domain_text, background_text, speaker)

    def inputs(self) -> list[Inputs]:
        background = [self.background] if self.background else []
        return [*[each for _, each in self.in_domain], *background]

    def fit(self, model: Relevance, pool: Inputs, settings: Settings) -> Relevance:
        """Fit a model; without a background file, against a sample of the pool.

        Raises InputError, and RequirementError where the pool holds no good record.
        """
        import numpy as np

        from dataselect.models.ngrams.speakers import speakers_of
        from dataselect.models.relevance.log_odds import BACKGROUND_SIZE

        rng = np.random.default_rng(settings.seed)
        sets, names = self._sets()
        source, column = self.background, self.background_text
        if source is None:
            pool.keep_for_rereading()
            source, column = pool, Column.text(settings.text_field)
        strict = self.background is not None or settings.on_error == FAIL
        columns = [column] if self.speaker is None else [column, self.speaker]
        background, *others = sample_columns(source, columns, BACKGROUND_SIZE, rng, strict=strict)
        if not background and self.background is None:
            remedy = ", so there is no background; check the input, or give --background"
            raise no_good_record(pool, columns, remedy)
        speakers = speakers_of([*names, *others[0]] if others else None, model.min_speakers)
        with Steps(quiet=settings.quiet) as report:
            model.fit_sampled(sets, background, rng, report, speakers)
        # No path: however that is spelt, the model is the same.
        own = "a background of its own"
        where = "a sample of the input: in-domain text may hide in it"
        model.figures_["background"]["source"] = own if self.background else where
        return model

    def _sets(self) -> tuple[dict[str, list[str]], list[str]]:
        """In-domain texts by the name of their set, sets in the order of first sight; speakers."""
        sets: dict[str, list[str]] = {}
        speakers: dict[str, list[str]] = {}
        columns = [self.in_domain_text]
        if self.by is not None:
            columns.append(Column.group(self.by, "--in-domain-by"))
        if self.speaker is not None:
            columns.append(self.speaker)
        for name, source in self.in_domain:
            texts, *others = read_columns(source, columns)
            groups = others.pop(0) if self.by is not None else [name] * len(texts)
            for text, own in zip(texts, groups, strict=True):
                sets.setdefault(own, []).append(text)
            for speaker, own in zip(*others, groups, strict=True) if others else ():
                speakers.setdefault(own, []).append(speaker)
            if not texts:
                sets.setdefault(name, [])
        return sets, [speaker for own in speakers.values() for speaker in own]
