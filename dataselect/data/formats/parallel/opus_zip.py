"""OPUS' zip archives of Moses files: `CORPUS.en-de.en` and `.de`, with `.scores` or without."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

from dataselect.data.files.line_blocks import BLOCK_BYTES, Block, blocks_of
from dataselect.data.files.raw_files import display
from dataselect.data.formats.lines import Found, Item, Layout, SourceLine, filled, lines
from dataselect.data.formats.values import finite
from dataselect.data.input_files import Inputs
from dataselect.errors import InputError, OptionError


class _Corpus(NamedTuple):
    stem: str  # CORPUS.en-de
    languages: tuple[str, ...]


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record `src`, `tgt`, and `score` where there are scores, for each pair of lines.

    The source is the language that the archive names first, unless `layout.columns` has both.
    Raises InputError for a damaged archive, and for files of unequal length.
    """
    inputs.keep_for_rereading()
    path = display(inputs.paths[0])
    try:
        with inputs.open(inputs.paths[0]) as raw, zipfile.ZipFile(raw) as archive:
            corpus = _corpus(archive.namelist(), path)
            names = [f"{corpus.stem}.{each}" for each in _order(corpus, path, layout)]
            if f"{corpus.stem}.scores" in archive.namelist():
                names.append(f"{corpus.stem}.scores")
            blocks = [partial(_blocks, archive, path, name, inputs.longest) for name in names]
            counts = [sum(block.data.count(b"\n") for block in each()) for each in blocks]
            if len(set(counts)) > 1:
                each = zip(names, counts, strict=True)
                words = ", ".join(f"{name} has {count:,} lines" for name, count in each)
                raise InputError(f"{path}: {words}; fetch the archive again")
            yield from map(_item, zip(*[lines(each()) for each in blocks], strict=True))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError(f"{path}: no zip archive that can be read ({error})") from None


def _corpus(members: list[str], path: str) -> _Corpus:
    """The one corpus of which both languages are there. Raises InputError."""
    there = set(members)
    found = {
        _Corpus(f"{stem}.{first}-{second}", (first, second))
        for stem, first, second in map(_named, members)
        if {f"{stem}.{first}-{second}.{each}" for each in (first, second)} <= there
    }
    if len(found) != 1:
        what = ", ".join(sorted(corpus.stem for corpus in found)) or "no corpus"
        raise InputError(
            f"{path}: holds {what}, not one pair such as CORPUS.en-de.en and CORPUS.en-de.de; "
            "unpack it and name the files"
        )
    return found.pop()


def _named(member: str) -> tuple[str, str, str]:
    """`CORPUS`, `en`, `de` of `CORPUS.en-de.en`; what is not so called is no member."""
    stem, languages, _ = ["", "", *member.rsplit(".", 2)][-3:]
    first, _, second = languages.partition("-")
    return stem, first, second


def _order(corpus: _Corpus, path: str, layout: Layout) -> tuple[str, ...]:
    """Source and target. Raises OptionError for other languages than those of the corpus."""
    wanted = layout.columns or corpus.languages
    if sorted(wanted) != sorted(corpus.languages):
        both = ",".join(corpus.languages)
        raise OptionError(f"{path} is of {both}; name these with --columns, source first")
    return wanted


def _blocks(archive: zipfile.ZipFile, path: str, name: str, longest: int) -> Iterator[Block]:
    with archive.open(name) as file:
        chunks = iter(partial(file.read, BLOCK_BYTES), b"")
        yield from blocks_of(f"{path}/{name}", chunks, longest, cuts=False)


def _item(found: tuple[SourceLine, ...]) -> Item:
    fields: dict[str, Any] = {}
    for name, line in zip(("src", "tgt", "score"), found, strict=False):
        try:
            text = filled(line.text(), "the line")
            fields[name] = finite(text.strip(), "the score") if name == "score" else text
        except ValueError as refusal:
            return line.bad(refusal)
    return Found(found[0], fields)
