"""The options of commands that normalise texts before they compare or score them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from dataselect.command_line.option import option
from dataselect.errors import OptionError

if TYPE_CHECKING:
    from dataselect.models.normalization import Normalization

SECTION = "Normalisation"


@dataclass(frozen=True)
class NormalizationOptions:
    """What is done to texts before a language model sees them; they are written as they were."""

    lowercase: bool = option("", SECTION, "Put texts in lower case first.", False)
    remove_punctuation: bool = option(
        "", SECTION, "Keep letters, marks, digits and apostrophes inside words only.", False
    )

    def build(self) -> Normalization:
        """The normalisation, checked. Raises OptionError."""
        from dataselect.models.normalization import Normalization

        punctuation: Literal["keep", "remove"] = "remove" if self.remove_punctuation else "keep"
        return Normalization(self.lowercase, punctuation)


@dataclass(frozen=True)
class HypothesisOptions(NormalizationOptions):
    """What is done to hypotheses and references before they are compared or scored."""

    unknown: str | None = option(
        "TOKEN",
        SECTION,
        "A token such as <unk> that stands for an unknown word: to a language model it "
        "is one, to wer a wrong one.",
    )

    spell_numbers: str | None = option(
        "LANG",
        SECTION,
        "Write numbers in the words of a language, such as en, as recognisers do (needs pip "
        "install num2words).",
    )

    def build(self) -> Normalization:
        """The normalisation, checked. Raises OptionError."""
        try:
            return replace(super().build(), unknown=self.unknown, numbers=self.spell_numbers)
        except ValueError as refusal:
            raise OptionError(f"--unknown: {refusal}") from None


@dataclass(frozen=True)
class NamedNormalizationOptions(HypothesisOptions):
    """The same, or what is done by its name."""

    normalise: Literal["none", "basic", "english"] | None = option(
        "",
        SECTION,
        "basic is --lowercase --remove-punctuation; english is Whisper's: numbers as digits, "
        "contractions, American spelling (needs pip install whisper-normalizer).",
    )

    def build(self) -> Normalization:
        """The normalisation, checked. Raises OptionError."""
        from dataselect.models.metrics.english_normalization import EnglishNormalization

        normalization = super().build()
        if self.normalise is None:
            return normalization
        if self.lowercase or self.remove_punctuation or self.spell_numbers:
            raise OptionError("--normalise says what is done; leave the other options for it out")
        if self.normalise == "none":
            return normalization
        if self.normalise == "basic":
            return replace(normalization, lowercase=True, punctuation="remove")
        if self.unknown is not None:
            raise OptionError("--normalise english takes all in brackets away; leave --unknown out")
        return EnglishNormalization()
