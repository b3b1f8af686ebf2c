"""A recogniser: pocketsphinx with the US-English acoustic model that it comes with.

It is a program, as its decoder lets no other thread run:

    python decoding.py LM.arpa < spoken.jsonl > heard.jsonl

Records name their speech in `audio`, a WAV file of 16 kHz, mono, 16 bits; what is heard becomes
their `text`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import wave
from itertools import takewhile
from pathlib import Path

import pocketsphinx

_MODEL = Path(pocketsphinx.get_model_path()) / "en-us"
_DICTIONARY = _MODEL / "cmudict-en-us.dict"


def dictionary() -> set[str]:
    """The words that the recogniser can hear."""
    return set(map(_word, _pronunciations()))


def recognise(folder: Path, lm: str, spoken: str, heard: str) -> None:
    """Run this program on files of a folder."""
    with (folder / spoken).open("rb") as speech, (folder / heard).open("wb") as texts:
        command = (sys.executable, __file__, lm)
        subprocess.run(command, cwd=folder, stdin=speech, stdout=texts, check=True)


def main() -> None:
    """Recognise the speech of standard input with the language model that is named."""
    decoder = _decoder(sys.argv[1])
    for line in sys.stdin:
        record = json.loads(line)
        print(json.dumps({**record, "text": _heard(decoder, record["audio"])}))


def _decoder(lm: str) -> pocketsphinx.Decoder:
    """A decoder that looks up the words of a language model only.

    It hears no others, and a small model would take ten seconds to load beside all of them.
    """
    words = _vocabulary(lm)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.writelines(line for line in _pronunciations() if _word(line) in words)
        file.flush()
        return pocketsphinx.Decoder(
            hmm=str(_MODEL / "en-us"), dict=file.name, lm=lm, loglevel="FATAL"
        )


def _vocabulary(lm: str) -> set[str]:
    """The words of an ARPA file."""
    with open(lm, encoding="utf-8") as file:
        for line in file:
            if line == "\\1-grams:\n":
                break
        return {line.split("\t")[1].strip() for line in takewhile(str.strip, file)}


def _pronunciations() -> list[str]:
    """The lines of the dictionary: a word, or its second pronunciation as `word(2)`, and phones."""
    return _DICTIONARY.read_text(encoding="utf-8").splitlines(keepends=True)


def _word(line: str) -> str:
    return line.split(maxsplit=1)[0].partition("(")[0]


def _heard(decoder: pocketsphinx.Decoder, path: str) -> str:
    with wave.open(path) as speech:
        samples = speech.readframes(speech.getnframes())
    decoder.start_utt()
    decoder.process_raw(samples, full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return found.hypstr if found else ""


if __name__ == "__main__":
    main()
