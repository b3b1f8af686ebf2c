"""The options of `dataselect translate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.command_line.option import RECORDS, option
from dataselect.errors import InputError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.models.translator.translator import Translator
    from dataselect.models.translator.word_aligner import WordAligner

_MODEL, _SEARCH, _SLOTS = "Model", "Search", "Slots"


@dataclass(frozen=True)
class TranslatorOptions:
    """The model, its languages, and how hypotheses are found."""

    source_lang: str | None = option(
        "CODE",
        _MODEL,
        "The language of the texts, for a model of many, as its card spells it: de, de_DE, "
        "deu_Latn.",
    )
    target_lang: str | None = option("CODE", _MODEL, "The language to translate into, likewise.")
    device: str | None = option(
        "NAME",
        _MODEL,
        "Where the model runs: cpu, cuda, cuda:1 [default: cuda where there is one].",
    )
    batch_size: int | None = option(
        "N", _MODEL, "Texts that are translated at once [default: 32].", min=1
    )
    cache: str | None = option(
        "DIR",
        _MODEL,
        "Keep translations in this folder, and take them from there: by model, options and text. "
        "A run that was stopped goes on there.",
    )
    nbest: int = option("N", _SEARCH, "Hypotheses of each text [default: 5].", 5, min=1)
    beam: int | None = option(
        "K",
        _SEARCH,
        "Hypotheses that are kept while searching [default: --nbest, at least 5].",
        min=1,
    )
    length_penalty: float = option(
        "X",
        _SEARCH,
        "Scores are log-probabilities divided by tokens to the power of X: 0 the sum, 1 the mean "
        "[default: 1].",
        1.0,
        min=0,
        max=5,
    )
    temperature: float | None = option(
        "X",
        _SEARCH,
        "Sample instead of searching: by 1 with the model's own probabilities, by less the likely "
        "more often. See --seed; for models of transformers.",
        min=0.01,
        max=100,
    )

    def build(self, model: str, seed: int) -> Translator:
        """The translator, whose model is loaded when it is first used. Raises OptionError."""
        from dataselect.models.translator.translator import Translator

        return Translator(model, seed=seed, **vars(self))


@dataclass(frozen=True)
class AlignmentOptions:
    """What slots are carried along by."""

    align_on: str | None = option(
        "PAIRS",
        _SLOTS,
        "Give hypotheses the slots of their records, by which words are each other's translation "
        "in these pairs, such as the translator was trained on; a few hundred do.",
    )
    src_field: str = option(
        "FIELD", RECORDS, "Where --align-on has the source text [default: src].", "src"
    )
    tgt_field: str = option(
        "FIELD", RECORDS, "Where --align-on has the translation [default: tgt].", "tgt"
    )
    slots_field: str = option(
        "FIELD",
        RECORDS,
        "Where records have slots: objects with slot, start and end [default: slots].",
        "slots",
    )

    def reads(self) -> list[Inputs]:
        from dataselect.data.formats.record_files import RecordFiles

        return [] if self.align_on is None else [RecordFiles([self.align_on])]

    def aligner(self, seed: int) -> WordAligner | None:
        """The aligner, if slots are to be carried along. Raises InputError."""
        import numpy as np

        from dataselect.data.fields import Column
        from dataselect.data.sampling import sample_columns
        from dataselect.models.translator.word_aligner import MOST_PAIRS, WordAligner

        for pairs in self.reads():
            columns = [
                Column.text(self.src_field, "--src-field"),
                Column.text(self.tgt_field, "--tgt-field"),
            ]
            rng = np.random.default_rng(seed)
            src, tgt = sample_columns(pairs, columns, MOST_PAIRS, rng, strict=True)
            if not src:
                raise InputError(f"{self.align_on}: no pair to align words on; check --align-on")
            return WordAligner(list(zip(src, tgt, strict=True)))
        return None
