"""`dataselect mask`: typed placeholders for personal data, slot offsets moved along."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from dataselect.command_line.ending import finish, note
from dataselect.command_line.engine_options import EngineOptions
from dataselect.command_line.option import given, option
from dataselect.command_line.options import InputOptions, RunOptions
from dataselect.console import Steps
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.execution.run import Settings
    from dataselect.execution.scorer import Scorer
    from dataselect.execution.scoring_run import ScoringRun

_MASKING = "Masking"


@dataclass(frozen=True)
class MaskOptions:
    """What is masked, and whether that can be taken back."""

    kinds: str | None = option(
        "KINDS",
        _MASKING,
        "Which of url, email, iban, card, phone and digits, with commas between them, and with "
        "--names of person, place and organization [default: all].",
    )
    names: str | None = option(
        "MODEL",
        _MASKING,
        "Find names too, by a spaCy pipeline with ner: a folder, or an installed package such as "
        "en_core_web_sm (needs pip install presidio-analyzer).",
    )
    slots: str | None = option(
        "NAMES",
        _MASKING,
        "Values of these slots, wherever they stand in the record's texts; '*' for all slots.",
    )
    fields: str | None = option(
        "FIELDS",
        _MASKING,
        "Texts beside --text-field, such as ref,nbest.*.text: * is every item of a list.",
    )
    slots_field: str = option(
        "FIELD", _MASKING, "Where the slots of the text are [default: slots].", "slots"
    )
    key: str | None = option(
        "FILE",
        _MASKING,
        "Write here, for nobody else to read, what takes masking back; with --restore, read it.",
    )
    restore: bool = option("", _MASKING, "Put back what --key has for each placeholder.", False)

    def check(self, engine: str) -> None:
        """Raise OptionError for options that contradict each other."""
        if self.key is not None and engine != "local":
            raise OptionError(f"--key is written and read in order; leave --engine {engine} out")
        if not self.restore:
            return
        if self.key is None:
            raise OptionError("--restore needs the --key that was written when the file was masked")
        others = [name for name in given(self) if name not in ("--key", "--restore")]
        if others:
            raise OptionError(f"{others[0]} is for masking, and the key knows; leave it out")

    def reads(self) -> list[Inputs]:
        """The key, where it is read."""
        from dataselect.data.input_files import Inputs

        return [Inputs([self.key])] if self.restore and self.key else []

    def masking(self, settings: Settings, job: ScoringRun) -> Scorer:
        """What masks, and writes the key where there is to be one."""
        from dataselect.operations.mask.key_file import header_line, new_header, refuse_existing
        from dataselect.operations.mask.names.name_finder import NameFinder
        from dataselect.operations.mask.scorer import KeyedMaskScorer, MaskScorer

        scorer = MaskScorer(
            kinds=None if self.kinds is None else _listed(self.kinds),
            slots=_listed(self.slots),
            fields=_listed(self.fields),
            names=None if self.names is None else NameFinder(self.names),
            text_field=settings.text_field,
            slots_field=self.slots_field,
        )
        if scorer.names is not None:
            with Steps(quiet=settings.quiet) as report:
                advance = report("loading the pipeline", 1)
                scorer.names.load()
                advance(1)
        if self.key is None:
            return scorer
        refuse_existing(self.key)
        job.open_file(self.key, private=True)
        write = partial(job.write_file, self.key)
        header = new_header(settings.text_field, scorer.fields, self.slots_field)
        write(header_line(header))
        return KeyedMaskScorer(**vars(scorer), key=header, write_key=write)

    def restoring(self, settings: Settings) -> Scorer:
        """What takes masking back. Raises InputError for a key that is none, OptionError."""
        from dataselect.operations.mask.key_file import Key
        from dataselect.operations.mask.restoring import RestoreScorer

        assert self.key is not None
        key = Key.read(self.key)
        if key.header.text_field != settings.text_field:
            raise OptionError(f"the text was '{key.header.text_field}'; give it with --text-field")
        return RestoreScorer(key)


def _listed(listed: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (listed or "").split(",") if name.strip())


USUAL = "kinds slots names fields slots_field key restore text_field on_error jobs report output"
EXAMPLES = r"""
dataselect mask --slots person,city -o masked.jsonl other_intents.jsonl
dataselect mask --text-field ref --fields nbest.*.text -o masked_lists.jsonl nbest.jsonl
"""


def command(
    inputs: InputOptions, masked: MaskOptions, run: RunOptions, engine: EngineOptions
) -> None:
    """Put placeholders into texts: <email_1>, <phone_1>, <card_1>, <iban_1>, <url_1>, <digits_1>.

    Digits are four or more in a row, or as many digits in words. The same value has the same
    number within a record. Offsets of slots move along; all else of a record stays as it came.
    With --names, persons, places and organizations too: <person_1>, <place_1>, <organization_1>.
    Adds 'masked', how many parts were replaced, by kind. This is no anonymisation: what people say
    of themselves stays, and so does what no pattern and no model finds.
    """
    from dataselect.operations.mask.scorer import found_kinds
    from dataselect.selection.rule import Selection

    settings, rule = run.build(), Selection()
    masked.check(engine.engine)
    pool = engine.open(inputs, run, rule, settings)
    with engine.job(pool, settings, also_read=masked.reads()) as job:
        scorer = masked.restoring(settings) if masked.restore else masked.masking(settings, job)
        result = job.apply(scorer, rule)
    finish(result, settings)
    if not masked.restore:
        kinds = found_kinds(job.statistics.remarks).items()
        found = ", ".join(f"{count:,} {kind}" for kind, count in kinds) or "nothing"
        told = f"masked {found}; this is no anonymisation, see dataselect help mask"
        note(told, quiet=settings.quiet)
