"""`dataselect relevance`: keep the records most like annotated in-domain text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Option

from dataselect.command_line.ending import calibrated, finish, save
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.options import (
    Calibrate,
    InputOptions,
    ModelOptions,
    RunOptions,
    SelectionOptions,
    given,
    option,
)
from dataselect.data import records
from dataselect.data.input_files import Inputs, named
from dataselect.data.sampling import no_good_record, read_columns, sample_texts
from dataselect.errors import OptionError
from dataselect.execution.run import FAIL, Settings

if TYPE_CHECKING:
    from dataselect.operations.relevance.scorer import Relevance

_FIT, _SCORE = "Fitting", "Scoring"


@dataclass(frozen=True)
class FitOptions:
    """What relevance is learnt from."""

    in_domain: Annotated[
        list[str] | None,
        option(
            metavar="[NAME=]FILE",
            help_="Annotated in-domain records; again with other names for several sets.",
            section=_FIT,
        ),
    ] = None
    in_domain_by: Annotated[
        str | None,
        option(
            metavar="FIELD",
            help_="Split the in-domain records into one set for each value of FIELD.",
            section=_FIT,
        ),
    ] = None
    background: Annotated[
        str | None,
        option(
            metavar="FILE",
            help_="Text that is not in-domain [default: a sample of the input].",
            section=_FIT,
        ),
    ] = None
    background_size: Annotated[
        int,
        option(
            min=1,
            metavar="N",
            help_="How many background records to draw [default: 10000; 2000 to 20000 made no "
            "difference on CLINC150 beyond 2 % of precision].",
            section=_FIT,
        ),
    ] = 10_000
    ngrams: Annotated[
        int,
        option(
            min=1,
            max=9,
            metavar="N",
            help_="Longest n-gram [default: 3, as in the paper].",
            section=_FIT,
        ),
    ] = 3
    analyzer: Annotated[
        Literal["word", "char"],
        Option(
            help="N-grams of words, or of characters for text without spaces.",
            rich_help_panel=_FIT,
        ),
    ] = "word"
    lowercase: Annotated[bool, Option(help="Ignore case.", rich_help_panel=_FIT)] = True
    aggregate: Annotated[
        Literal["sqrt", "sum", "mean"],
        Option(
            help="Sum the weights of a text's n-grams, divide by their number, or by its square "
            "root, which found the most on CLINC150 and SNIPS.",
            rich_help_panel=_FIT,
        ),
    ] = "sqrt"


def command(
    inputs: InputOptions,
    fitting: FitOptions,
    selection: SelectionOptions,
    run: RunOptions,
    fitted: ModelOptions,
    engine: EngineOptions,
    explain: Annotated[
        int,
        option(
            min=0,
            metavar="K",
            help_="Add 'relevance_ngrams': the K n-grams that spoke most for and against.",
            section=_SCORE,
        ),
    ] = 0,
    calibrate: Calibrate = None,
) -> None:
    """Keep the records most like annotated in-domain text.

    Adds 'relevance': the probability that the text is in-domain rather than background, were
    both equally frequent, by a logistic regression on hashed n-grams. With several in-domain
    sets, 'relevance_for' names the best one.
    """
    settings, rule = run.build(), selection.build(calibrate=calibrate)
    if fitted.model is None and not fitting.in_domain:
        raise OptionError("give --in-domain FILE to learn from, or a saved --model FILE")
    fitted.check(settings, given(fitting))
    sources = _Sources.open(fitting)
    if fitted.fit_only and fitting.background:  # then nobody reads the pool
        pool = Inputs([os.devnull])
    else:
        pool = engine.open(inputs, run, rule, settings)
    read = [*sources.inputs(), *fitted.reads(), *selection.reads()]
    with engine.job(pool, settings, also_read=read, only_fits=fitted.fit_only) as job:
        job.open_file(fitted.save_model)
        chosen = {**vars(fitting), "model": fitted.model}
        job.facts = {**chosen, **vars(engine), "explain": explain, "calibrate": calibrate}
        if fitted.model is not None:
            scorer = _loaded(fitted.model, settings, explain)
        else:
            scorer = sources.fit(fitting, pool, settings, explain)
        if save(fitted, scorer, job):
            return
        if fitted.model is None and fitting.background is None:
            job.learnt_from = sum(scorer.figures["in_domain"].values())
        result = job.apply(scorer, calibrated(rule, scorer.held_out, scorer.direction, job))
    finish(result, settings)


def _loaded(path: str, settings: Settings, explain: int) -> Relevance:
    from dataselect.operations.relevance.scorer import Relevance

    return Relevance.load(path, text_field=settings.text_field, explain=explain)


@dataclass(frozen=True)
class _Sources:
    """The files that a fit reads, opened, in-domain ones by the name of their set."""

    in_domain: list[tuple[str, Inputs]]
    background: Inputs | None

    @classmethod
    def open(cls, fitting: FitOptions) -> _Sources:
        sets = [named(spelled) for spelled in fitting.in_domain or []]
        if fitting.in_domain_by and any(name for name, _ in sets):
            raise OptionError("--in-domain-by names the sets; leave NAME= out of --in-domain")
        if any(name for name, _ in sets) and not all(name for name, _ in sets):
            raise OptionError("give every --in-domain a name, or none: NAME=FILE")
        return cls(
            [(name, Inputs([path])) for name, path in sets],
            Inputs([fitting.background]) if fitting.background else None,
        )

    def inputs(self) -> list[Inputs]:
        return [
            *[each for _, each in self.in_domain],
            *([self.background] if self.background else []),
        ]

    def fit(self, fitting: FitOptions, pool: Inputs, settings: Settings, explain: int) -> Relevance:
        import numpy as np

        from dataselect.models.ngrams import Ngrams
        from dataselect.operations.relevance.scorer import Relevance

        rng = np.random.default_rng(settings.seed)
        sets = self._sets(fitting.in_domain_by, settings.text_field)
        source = self.background
        if source is None:
            pool.keep_for_rereading()
            source = pool
        column = records.text(settings.text_field)
        strict = self.background is not None or settings.on_error == FAIL
        background = sample_texts(source, column, fitting.background_size, rng, strict=strict)
        if not background and self.background is None:
            remedy = ", so there is no background; check the input, or give --background"
            raise no_good_record(pool, [column], remedy)
        scorer = Relevance.fit(
            sets,
            background,
            ngrams=Ngrams(fitting.ngrams, fitting.analyzer, fitting.lowercase),
            aggregation=fitting.aggregate,
            rng=rng,
            text_field=settings.text_field,
            explain=explain,
        )
        # No path: however that is spelt, the model is the same.
        own = "a background of its own"
        where = "a sample of the input: in-domain text may hide in it"
        scorer.figures["background"]["source"] = own if fitting.background else where
        return scorer

    def _sets(self, by: str | None, text_field: str) -> dict[str, list[str]]:
        """In-domain texts by the name of their set, sets in the order of first sight."""
        sets: dict[str, list[str]] = {}
        columns = [records.text(text_field)]
        if by is not None:
            columns.append(records.group(by, "--in-domain-by"))
        for name, source in self.in_domain:
            texts, *groups = read_columns(source, columns)
            for text, own in zip(texts, groups[0] if groups else [name] * len(texts), strict=True):
                sets.setdefault(own, []).append(text)
            if not texts:
                sets.setdefault(name, [])
        return sets
