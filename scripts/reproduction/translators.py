"""Translators that are trained from scratch or fine-tuned, and what they make of German text.

What is there already is not made again: a run that was stopped goes on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import Record, read, run, write

_CONVERTER = Path(sys.executable).with_name("ct2-transformers-converter")
_TOKENIZER = ("source.spm", "target.spm", "tokenizer_config.json")
FROM_SCRATCH = ("--size", "mini", "--vocabulary", 4000, "--epochs", 12)
FINE_TUNED = ("--epochs", 3, "--learning-rate", 0.0003)
GERMAN = "de"
"""Field of records that holds the German text."""


def spoken(text: str) -> str:
    """A text as a recogniser has it: in lower case, without punctuation."""
    kept = "".join(c if c.isalnum() or c == "'" else " " for c in text.lower().replace("’", "'"))
    return " ".join(kept.split())


def once(folder: Path, output: str, *command: object) -> None:
    """Run dataselect in a folder, unless the output is there, which appears whole."""
    if not (folder / output).exists():
        run(folder, *command, "-o", output)


def write_once(path: Path, records: Callable[[], Iterable[Record]]) -> None:
    """Write records, unless the file is there."""
    if not path.exists():
        write(path.with_name(f"{path.name}.part"), records()).rename(path)


@dataclass(frozen=True)
class Translator:
    """A model in a folder, and beside it the same in 8 bits (CTranslate2)."""

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """Where the model is, or is to be."""
        return self.folder / self.name

    def train(self, pairs: str, options: Sequence[object]) -> None:
        """Learn from pairs in the folder."""
        learn = ("translate", "train", "--resume", *options, "--device", "cpu")
        once(self.folder, self.name, *learn, pairs)
        if not self.quantized.exists():
            part = self.quantized.with_suffix(".part")
            command = [_CONVERTER, "--model", self.path, "--output_dir", part, "--force"]
            command += ["--quantization", "int8", "--copy_files", *_TOKENIZER]
            subprocess.run(command, check=True, capture_output=True)
            part.rename(self.quantized)

    @property
    def quantized(self) -> Path:
        """Where the same is in 8 bits."""
        return self.folder / f"{self.name}.ct2"

    def translate(self, folder: Path, source: Path, nbest: int = 10) -> str:
        """Write lists of the German of records into a folder; the file's name."""
        lists = f"{self.name}.{source.stem}.nbest.jsonl"
        search = ("--nbest", nbest, "--text-field", GERMAN)
        once(folder, lists, "translate", "--model", self.quantized, *search, source)
        return lists

    def quality(self, folder: Path, pairs: Path) -> dict[str, float]:
        """BLEU and chrF of first translations, beside the `ref` of records."""
        lists = self.translate(folder, pairs)
        asked = ("--metric", "bleu", "--metric", "chrf", "--text-field", "translation.text")
        figures = f"{self.name}.figures.json"
        once(folder, figures, "evaluate", *asked, "--format", "json", lists)
        found = json.loads((folder / figures).read_text(encoding="utf-8"))["measures"]
        return {each["metric"]: float(each["value"]) for each in found}


def first_best(lists: Path, output: Path) -> None:
    """The first translation of each list as the text; records whose text is empty are left out."""
    found = (
        {"id": each["id"], GERMAN: each[GERMAN], "text": each["translation"]["text"]}
        for each in read(lists)
    )
    write_once(output, lambda: (each for each in found if each["text"].strip()))
