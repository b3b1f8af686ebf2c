"""KenLM's `lmplz` as a process that takes text and gives an ARPA file."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from dataselect.data.input_files import reason
from dataselect.errors import DataselectError, InputError
from dataselect.models.language_model.kneser_ney import FALLBACK, Discounts, doubts
from dataselect.models.language_model.vocabulary import split

PROGRAM = "lmplz"
_CHUNK_BYTES = 1 << 20
_NGRAMS = re.compile(rb"^ngram \d+=(\d+)$", re.MULTILINE)
_DISCOUNTS = re.compile(rb"^\d+ [\d/]+ D1=(\S+) D2=(\S+) D3\+=(\S+)$", re.MULTILINE)


class Lmplz:
    """One run of the program, which sorts on disk; `close` ends it and removes its files.

    Discounts that it cannot estimate are FALLBACK. Raises InputError where it does not start, and
    from any method where it fails, with its own words.
    """

    def __init__(self, program: str, order: int, prune: Sequence[int], memory: str) -> None:
        """`memory` is how much it may use to sort, as `sort -S` has it: 50%, 4G."""
        self._words = self._sentences = 0
        self._ngrams: list[int] = []
        self._discounts: list[Discounts] = []
        self._folder = TemporaryDirectory(prefix="dataselect-")
        self._messages_path = os.path.join(self._folder.name, "messages")
        discounting = ["--discount_fallback", *[f"{discount:g}" for discount in FALLBACK]]
        command = [
            *[program, "-o", str(order), "-S", memory, "-T", self._folder.name, *discounting],
            *(["--prune", *map(str, prune)] if any(prune) else []),
        ]
        try:
            with open(self._messages_path, "wb") as messages:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=messages
                )
        except OSError as error:
            self._folder.cleanup()
            raise InputError(
                f"{program}: {reason(error)}; mend it, or use --estimator builtin"
            ) from None

    def add(self, texts: Iterable[str]) -> None:
        """Take some texts, a sentence each."""
        self.add_sentences(map(split, texts))

    def add_sentences(self, sentences: Iterable[Sequence[bytes]]) -> None:
        """Take sentences as words that are no markers."""
        lines = []
        for words in sentences:
            self._words += len(words)
            lines.append(b" ".join(words) + b"\n")
        self._sentences += len(lines)
        assert self._process.stdin is not None
        try:
            self._process.stdin.writelines(lines)
        except BrokenPipeError:
            self._fail()

    def arpa(self) -> Iterator[bytes]:
        """Yield the model, once, after the last text."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # its exit code will tell
            self._process.stdin.close()
        while chunk := self._process.stdout.read(_CHUNK_BYTES):
            self._ngrams = self._ngrams or [int(count) for count in _NGRAMS.findall(chunk)]
            yield chunk
        if self._process.wait() != 0:
            self._fail()
        found = _DISCOUNTS.findall(self._messages())
        self._discounts = [Discounts(*map(float, values)) for values in found]

    def _messages(self) -> bytes:
        with open(self._messages_path, "rb") as messages:
            return messages.read()

    def _fail(self) -> NoReturn:
        code = self._process.wait()
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        last = self._messages().decode(errors="replace").strip().rpartition("\n")[2].rstrip(".")
        raise DataselectError(
            f"{PROGRAM} failed ({how}): {last or 'it said nothing'}; give it another --memory, or "
            "use --estimator builtin"
        )

    def describe(self) -> dict[str, Any]:
        """Figures of the model for the run report, after `arpa`."""
        return {
            "estimator": PROGRAM,
            "words": self._words,
            "sentences": self._sentences,
            "ngrams": self._ngrams,
            "discounts": list(map(list, self._discounts)),
            "discount_fallbacks": self._fallbacks,
        }

    def warnings(self) -> list[str]:
        """What a person should know of the model, after `arpa`."""
        return doubts(self._fallbacks)

    @property
    def _fallbacks(self) -> list[int]:
        return [n for n, each in enumerate(self._discounts, start=1) if each == FALLBACK]

    def close(self) -> None:
        """End the process, if it still runs, and remove its files."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._process.poll() is None:
            self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._folder.cleanup()
