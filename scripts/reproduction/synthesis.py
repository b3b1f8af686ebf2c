"""Speech of utterances by espeak-ng, as pocketsphinx wants it: 16 kHz, mono, 16 bits."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

# The default voice, and variants that the recogniser follows better: with a language model of all
# of SNIPS it made up to 34 errors in 100 words of 15 validation utterances.
_VARIANTS = ("f1", "f2", "f5", "klatt", "klatt2", "m1", "m5")
_VOICES = ("en-us", *(f"en-us+{variant}" for variant in _VARIANTS))
_RATES = (130, 150, 170)  # words a minute
_FORMAT = ("-r", "16000", "-c", "1", "-b", "16", "-e", "signed-integer")


@dataclass(frozen=True)
class Speaker:
    """Who speaks, and how fast: in words a minute."""

    voice: str
    rate: int

    @classmethod
    def draw(cls, rng: random.Random) -> Speaker:
        """One at random."""
        return cls(rng.choice(_VOICES), rng.choice(_RATES))

    def speak(self, text: str, path: Path) -> None:
        """Write a WAV file. Raises subprocess.CalledProcessError where a program fails."""
        said = ("espeak-ng", "-v", self.voice, "-s", str(self.rate), "--stdout", text)
        speech = subprocess.run(said, capture_output=True, check=True).stdout
        # What comes through a pipe has no length in its header. -R: the same dither every time.
        resampled = ("sox", "-R", "--ignore-length", "-V1", "-t", "wav", "-", *_FORMAT, path)
        subprocess.run(resampled, input=speech, check=True)
