"""An ARPA file read once from top to bottom: headings, lines between them, every refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from dataselect.data.files.line_blocks import Block
from dataselect.data.files.raw_files import display
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError

_DATA = re.compile(rb"^\s*\\data\\\s*$", re.MULTILINE)
_HEADING = re.compile(rb"^(\\.*\n)", re.MULTILINE)
# IRSTLM writes `ngram  1=        61`.
_COUNT = re.compile(rb"[ \t]*ngram[ \t]+(\d{1,18})[ \t]*=[ \t]*(\d{1,18})\s*")
BINARY = b"mmap lm "
"""How KenLM's own format begins."""
_LONGEST = 32  # n-grams; models in use have 3 to 7
_HEADER_BYTES = 1 << 16  # of text before \data\, which toolkits write for people
REMEDY = "make the file anew"
_NO_DATA = "no \\data\\ where an ARPA file has it; name a language model"


def begins(data: bytes) -> bool:
    r"""Whether some lines begin an ARPA file: \data\ after no more than text for people."""
    for heading in _DATA.finditer(data[: _HEADER_BYTES + len(BINARY)]):
        return _is_text(data[: heading.start()])
    return False


class Part(NamedTuple):
    """A heading, or lines without blank ones around them; `line` is the number of the first."""

    line: int
    text: bytes


def _split(blocks: Iterator[Block]) -> Iterator[Part]:
    for block in blocks:
        line = block.first_line
        headed = block.data.startswith(b"\\") or b"\n\\" in block.data
        for text in _HEADING.split(block.data) if headed else [block.data]:
            inner = text.lstrip()
            if inner:
                blank = text.count(b"\n", 0, len(text) - len(inner))
                yield Part(line + blank, inner.rstrip() + b"\n")
            line += text.count(b"\n")


class ArpaFile:
    """An ARPA file, read once from top to bottom."""

    def __init__(self, path: str) -> None:
        self._source = display(path)
        self._rest = _split(Inputs([path]).blocks())
        self._next: Part | None = None
        self._line = 1
        self._advance()

    def _advance(self) -> None:
        if self._next is not None:
            self._line = self._next.line + self._next.text.count(b"\n") - 1
        self._next = next(self._rest, None)
        if self._next is not None:
            self._line = self._next.line

    def refuse(self, line: int | None, what: str) -> NoReturn:
        """Raise InputError; None for the line where reading stands."""
        raise InputError(f"{self._source}:{line or self._line}: {what}")

    def parts(self) -> Iterator[Part]:
        """What stands before the next heading."""
        while self._next is not None and not self._next.text.startswith(b"\\"):
            yield self._next
            self._advance()

    def skip_header(self) -> None:
        r"""Pass over text before \data\; refuse what is no beginning of an ARPA file."""
        begin, size = self._line, 0
        for line, text in self.parts():
            size += len(text)
            if text.startswith(BINARY):
                self.refuse(
                    line, "a KenLM binary; name the ARPA file that it was made from, or unpack it"
                )
            if text.startswith(b"iARPA"):
                self.refuse(
                    line, "IRSTLM's own iARPA; make it ARPA: compile-lm FILE --text=yes OUT"
                )
            if size > _HEADER_BYTES or not _is_text(text):
                self.refuse(begin, _NO_DATA)
        if size and self._next is None:
            self.refuse(begin, _NO_DATA)

    def expect(self, heading: str) -> None:
        """Pass over a heading that must be next."""
        if self._next is None:
            self.refuse(None, f"the file ends before {heading}; {REMEDY}")
        found = self._next.text.rstrip().decode(errors="replace")
        if found != heading:
            self.refuse(None, f"{found} where {heading} is due; {REMEDY}")
        self._advance()

    def counts(self) -> list[int]:
        """How many n-grams of each order the file promises."""
        counts: list[int] = []
        for part in self.parts():
            for line, text in enumerate(part.text.splitlines(), start=part.line):
                found = _COUNT.fullmatch(text)
                if found is None or int(found[1]) != len(counts) + 1:
                    self.refuse(line, f"not a count 'ngram {len(counts) + 1}=N'; {REMEDY}")
                counts.append(int(found[2]))
                if len(counts) > _LONGEST:
                    self.refuse(line, f"n-grams of order {len(counts)}; the longest are {_LONGEST}")
        if not counts:
            self.refuse(None, f"no counts after \\data\\; {REMEDY}")
        return counts


def _is_text(text: bytes) -> bool:
    r"""Whether some bytes may stand before \data\: text in UTF-8 without control characters."""
    if _CONTROL.search(text):
        return False
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
