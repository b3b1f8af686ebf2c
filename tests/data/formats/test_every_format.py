"""Every format of the table: what it writes it reads, and any other format's records, too."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.formats import FORMATS, Layout
from dataselect.data.formats.format import Format
from dataselect.data.formats.lines import Found
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.json_lines.json_values import encoded

TEXT = "play some jazz now"
RICH = {
    "id": "a1",
    "text": TEXT,
    "intent": "PlayMusic",
    "slots": [{"slot": "genre", "start": 10, "end": 14, "value": "jazz"}],
    "src": "ein Haus",
    "tgt": "a house",
    "nbest": [{"text": "a house", "score": -1.5, "features": {"lm0": -4.0}}],
    "ref": "a house",
    "recording": "r1",
    "speaker": "s1",
    "channel": 0,
    "start": 0.5,
    "duration": 1.25,
}
"""A record with what any format has a place for."""
WHOLE = ("jsonl", "json", "csv", "tsv", "parquet")
"""Formats with a place for every field."""
TEMPLATES = ("alexa",)
"""Formats of templates, each of which stands once."""
OF_STRINGS = ("csv", "tsv")
WRITTEN = [name for name, each in FORMATS.items() if each.writers]

HARD = [
    *("a", "Übergrößenträger", "日本語 テキスト", "e\u0301 \u00e9", "\U0001f44d\U0001f3fd ok"),
    *("שלום עולם", "a\u200db\u200c\u00ad", "a\u2028b\u2029c\x85d\x0be\x0cf", "\u202ea\u202c"),
    *("007", "1.50", "1e5", "-0", "NaN", "null", "NA", "true", "", " ", "\u3000", "\ufeffa"),
    *('"', '""', '"a", b', "a,b", "a;b", "a\tb", "a\nb", "a\r\nb", "\r", "'", "\\", "\\n"),
    *("=1+1", "@x", "# text: x", "- a", "a: b", "[a](b)", "[a : b]", "{a}", "|||", "a ||| b"),
    *("  two  spaces ", "\t", "\0", "a\0", "\ud800", "x" * 70_000, "B-x", "O", "<seg>&amp;"),
]


def written(each: Format, records: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Files of a format. Raises ValueError for records that it cannot hold."""
    writers = each.writer(Layout())
    pieces = [[writer.write_line(encoded(record)) for writer in writers] for record in records]
    pieces.append([writer.finish() for writer in writers])
    suffix = each.suffixes[0] if each.suffixes else ""
    paths = [folder / f"{each.name}{number}{suffix}" for number in range(len(writers))]
    for path, own in zip(paths, zip(*pieces, strict=True), strict=True):
        path.write_bytes(b"".join(own))
    return paths


def read(paths: Iterable[Path], source: str | None = None) -> list[dict[str, Any]]:
    """The records of files, none of which may be bad."""
    found = list(RecordFiles([str(path) for path in paths], source=source).items())
    assert all(isinstance(item, Found) for item in found), found
    return [json.loads(encoded(item.fields)) for item in found if isinstance(item, Found)]


def cell(value: Any) -> str:
    """A value as a cell has it."""
    return value if isinstance(value, str) else encoded(value).decode()


def test_every_function_of_the_table_is_there() -> None:
    for each in FORMATS.values():
        each.check_installed()
        assert each.recognizes(b"") is False, each.name
        assert each.recognizes(b"\xff\0{[") is False, each.name
        for _ in range(2):
            assert len(each.writer(Layout())) == len(each.writers)


def test_a_suffix_is_that_of_one_format() -> None:
    suffixes = [suffix for each in FORMATS.values() for suffix in each.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    for each in FORMATS.values():
        assert each.recognizer or not (each.shared_suffixes or each.by_content)


def test_the_manual_has_every_format() -> None:
    topic = Path(__file__).parents[3] / "dataselect" / "command_line" / "help" / "formats.md"
    rows = [line for line in topic.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert {row.split("`")[1] for row in rows} >= FORMATS.keys()


@pytest.mark.parametrize("target", [each for each in WRITTEN if each not in TEMPLATES])
@pytest.mark.parametrize("source", WRITTEN)
def test_every_pair_of_formats(source: str, target: str, inside: Inside, tmp_path: Path) -> None:
    """What the second format has a place for arrives as it was; `WHOLE` ones lose nothing."""
    before = written(FORMATS[source], [RICH, {**RICH, "id": "a2"}], tmp_path)
    records = read(before, source)
    after = [tmp_path / f"after{number}" for number in range(len(FORMATS[target].writers))]
    done = inside(
        *("convert", *before, "--from", source, "--to", target, "--id", "b", "-q"),
        *("-o", ",".join(map(str, after))),
    )
    if done.code == 2 and "has ids of its own" in done.err:
        done = inside(
            *("convert", *before, "--from", source, "--to", target, "-q"),
            *("-o", ",".join(map(str, after))),
        )
        if "changes nothing" in done.err:
            return
    else:
        records = [{**each, "id": f"b{number}"} for number, each in enumerate(records)]
    if done.code:  # a text alone is no pair of sentences
        done.refused(1, "; ")
        assert not any(path.exists() for path in after)
        return
    arrived = read(after, target)
    assert len(arrived) == len(records)
    for own, other in zip(records, arrived, strict=True):
        common = own.keys() & other.keys()
        assert common, (own, other)
        if target in WHOLE:
            assert own.keys() == other.keys()
        for name in common:
            if target in OF_STRINGS or source in OF_STRINGS:
                assert cell(own[name]) == cell(other[name])
            elif name != "slots":  # of which formats have more or less
                assert own[name] == other[name]


def is_refused(name: str, text: str) -> bool:
    """Whether a format has no way to spell a text."""
    if name in ("jsonl", "json"):
        return False
    without = {"text": "\n\r\0", "tsv": "\n\r\t\0", "csv": "\0", "parquet": ""}[name]
    is_blank = name == "text" and (not text.strip() or text.startswith("\ufeff"))
    has_half = any("\ud800" <= character <= "\udfff" for character in text)
    return is_blank or has_half or any(character in without for character in text)


@pytest.mark.parametrize("name", [*WHOLE, "text"])
@given(st.lists(st.sampled_from(HARD) | st.text(max_size=8), min_size=1, max_size=4))
def test_hard_texts_come_back_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("hard")
    records = [{"text": text, "n": str(number)} for number, text in enumerate(texts)]
    if name == "text":
        records = [{"text": text} for text in texts]
    if any(is_refused(name, text) for text in texts):
        with pytest.raises(ValueError, match="; "):
            written(FORMATS[name], records, folder)
        return
    files = written(FORMATS[name], records, folder)
    assert read(files, name) == records
    again = folder / "again"
    again.mkdir()
    for path, other in zip(files, written(FORMATS[name], read(files), again), strict=True):
        assert path.read_bytes() == other.read_bytes()
