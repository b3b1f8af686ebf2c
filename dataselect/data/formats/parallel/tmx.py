"""TMX, translation memories in XML: `<tu>` of `<tuv xml:lang="en"><seg>...</seg></tuv>`, streamed.

Any encoding that the XML parser knows, UTF-16 among them. Entities that the file declares are
refused, and nothing outside the file is read.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers.expat import ExpatError

from dataselect.data.files.raw_files import display
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import encoded
from dataselect.errors import InputError

_CODES = frozenset({"bpt", "ept", "ph", "it", "ut"})  # what they hold is markup of the original
_LANGUAGES = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_BREAK = re.compile(r"[\r\n]+")


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `src`, `tgt` for each unit, `id` where it has a `tuid`.

    Which language is which: by `layout.columns`, else the first unit tells, where `srclang` of the
    header, if it is one of its languages, is the source. Raises InputError for what is not XML.
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    memory = _Memory()
    parser = DefusedXMLParser(target=memory)
    memory.parser = parser.parser
    pair = layout.columns
    path = display(inputs.paths[0])
    try:
        for data in _data(inputs):
            parser.feed(data)
            for unit in memory.take():
                if pair is None:
                    pair = _pair(unit, memory.source)
                yield _item(path, unit, pair)
        parser.close()
    except (ParseError, ExpatError) as error:
        line = getattr(error, "position", (1, 0))[0]
        raise InputError(f"{path}:{line}: not XML ({error}); correct it") from None
    except DefusedXmlException as error:
        line = parser.parser.CurrentLineNumber
        raise InputError(
            f"{path}:{line}: declares entities or reads other files ({type(error).__name__}); "
            "remove that"
        ) from None


def _data(inputs: Inputs) -> Iterator[bytes]:
    """The bytes of the file, without the line feed that blocks add, half a character in UTF-16."""
    size, held = 0, b""
    is_wide = False
    for block in inputs.blocks():
        is_wide = is_wide or (size == 0 and (block.data[:2] in _WIDE or b"\0" in block.data[:4]))
        yield held
        held = block.data
        size += len(held)
    yield held[:-1] if is_wide and size % 2 else held


@dataclass
class _Unit:
    line: int
    id: str | None
    segments: list[tuple[str, str]] = field(default_factory=list)  # language and text


class _Memory:
    """Collects units from what the parser meets; called by it."""

    def __init__(self) -> None:
        self.parser: Any = None
        self.source = ""
        self._done: list[_Unit] = []
        self._unit: _Unit | None = None
        self._language = ""
        self._pieces: list[str] | None = None
        self._codes = 0  # how many elements of markup are open

    def take(self) -> list[_Unit]:
        """The units that have been read since the last call."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "header":
            self.source = attributes.get("srclang", "").lower()
        elif tag == "tu":
            self._unit = _Unit(self.parser.CurrentLineNumber, attributes.get("tuid"))
        elif tag == "tuv":
            found = next((attributes[name] for name in _LANGUAGES if name in attributes), "")
            self._language = found.lower()
        elif tag == "seg":
            self._pieces = []
        elif tag in _CODES:
            self._codes += 1

    def data(self, text: str) -> None:
        if self._pieces is not None and not self._codes:
            self._pieces.append(text)

    def end(self, tag: str) -> None:
        if tag == "seg" and self._unit is not None and self._pieces is not None:
            parts = map(str.strip, _LINE_BREAK.split("".join(self._pieces)))
            self._unit.segments.append((self._language, " ".join(filter(None, parts))))
            self._pieces = None
        elif tag == "tu" and self._unit is not None:
            self._done.append(self._unit)
            self._unit = None
        elif tag in _CODES:
            self._codes -= 1

    def close(self) -> None:
        """Nothing is left over."""


def _pair(unit: _Unit, source: str) -> tuple[str, ...]:
    """The languages of source and target, by the first unit."""
    languages = [language for language, _ in unit.segments]
    return tuple(sorted(languages, key=lambda language: language != source))


def _item(path: str, unit: _Unit, pair: tuple[str, ...]) -> Item:
    line = SourceLine(path, unit.line, encoded(unit.segments))
    try:
        return Found(line, _fields(unit, pair))
    except ValueError as refusal:
        return line.bad(refusal)


def _fields(unit: _Unit, pair: tuple[str, ...]) -> dict[str, Any]:
    if len(set(pair)) != 2:
        raise ValueError(
            f"{len(set(pair))} languages ({', '.join(pair)}), not two; name source and target, "
            "such as --columns en,de"
        )
    fields = {} if unit.id is None else {"id": unit.id}
    for name, wanted in zip(("src", "tgt"), pair, strict=True):
        texts = [text for language, text in unit.segments if language == wanted.lower()]
        if len(texts) != 1:
            raise ValueError(f"{len(texts)} segments of '{wanted}', not one; correct the unit")
        fields[name] = filled(texts[0], f"the segment of '{wanted}'")
    return fields
