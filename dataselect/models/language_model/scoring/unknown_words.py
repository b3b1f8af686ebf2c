"""What words that a language model does not know cost a text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dataselect.errors import OptionError
from dataselect.models.language_model.scoring.language_model import LanguageModel

_LARGEST_PENALTY = 100


@dataclass(frozen=True)
class OovPolicy:
    """What an unknown word costs: `count`, `skip` or `penalty`.

    `count`: what the model gives `<unk>`. `skip`: it is left out of both the probability and the
    number of words, but for texts of unknown words only, which would look good. `penalty`: as
    `count`, times 10 ** -`penalty`.
    """

    name: Literal["count", "skip", "penalty"] = "count"
    penalty: float = 0.0

    @classmethod
    def parse(cls, spelled: str) -> OovPolicy:
        """Read `count`, `skip` or `penalty:X`. Raises OptionError.

        >>> OovPolicy.parse("penalty:2")
        OovPolicy(name='penalty', penalty=2.0)
        """
        name, _, number = spelled.partition(":")
        try:
            penalty = float(number or 0)
        except ValueError:
            penalty = math.nan
        match name, bool(number):
            case (("count" | "skip"), False):
                return cls(name)
            case "penalty", True if 0 <= penalty <= _LARGEST_PENALTY:
                return cls("penalty", penalty)
        raise OptionError(
            f"--oov {spelled} is none of count, skip and penalty:X, X from 0 to 100 powers of ten"
        )

    def __str__(self) -> str:
        return f"penalty:{self.penalty:g}" if self.name == "penalty" else self.name

    def log_probs(
        self, model: LanguageModel, texts: Sequence[str]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """(n,) log10 probability of each text, of how many events, and how many unknown words.

        Events are words and the sentence end.
        """
        log_probs, words, oov = model.score(texts)
        events = words + 1
        if self.name == "penalty":
            log_probs -= self.penalty * oov
        elif self.name == "skip":
            skipped = np.flatnonzero((oov > 0) & (oov < words))
            log_probs[skipped] = model.known_log_probs([texts[place] for place in skipped.tolist()])
            events[skipped] -= oov[skipped]
        return log_probs, events, oov
