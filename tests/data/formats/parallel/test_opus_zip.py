"""OPUS' archives of Moses files."""

import io
import zipfile
from pathlib import Path

import pytest
from format_files import read_files

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.parallel import opus_zip
from dataselect.errors import InputError, OptionError

MEMBERS = {
    "README": "OPUS\n",
    "Tatoeba.de-en.de": "Guten Morgen\u2028!\nja\n",
    "Tatoeba.de-en.en": "good morning\nyes\n",
    "Tatoeba.de-en.xml": "<x/>",
}


def packed(members: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return held.getvalue()


def test_the_pairs_of_an_archive(tmp_path: Path) -> None:
    files = {"de-en.txt.zip": packed(MEMBERS)}
    assert read_files(opus_zip.read, tmp_path, files) == [
        {"src": "Guten Morgen\u2028!", "tgt": "good morning"},
        {"src": "ja", "tgt": "yes"},
    ]
    found = read_files(opus_zip.read, tmp_path, files, Layout(columns=("en", "de")))
    assert found[1] == {"src": "yes", "tgt": "ja"}
    with pytest.raises(OptionError, match=r"is of de,en; name these"):
        read_files(opus_zip.read, tmp_path, files, Layout(columns=("fr", "de")))


def test_scores_come_along(tmp_path: Path) -> None:
    content = packed({**MEMBERS, "Tatoeba.de-en.scores": "1.25\nx\n"})
    assert read_files(opus_zip.read, tmp_path, {"a.zip": content}) == [
        {"src": "Guten Morgen\u2028!", "tgt": "good morning", "score": 1.25},
        "a.zip/Tatoeba.de-en.scores:2: the score 'x' is not a finite number; correct it",
    ]


def test_a_bad_line_costs_its_pair(tmp_path: Path) -> None:
    content = packed({**MEMBERS, "Tatoeba.de-en.en": " \nyes\n"})
    bad, record = read_files(opus_zip.read, tmp_path, {"a.zip": content})
    assert bad.startswith("a.zip/Tatoeba.de-en.en:1: the line is empty")
    assert record == {"src": "ja", "tgt": "yes"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed({"README": ""}), "holds no corpus, not one pair such as CORPUS.en-de.en"),
        (packed({**MEMBERS, "A.b-c.b": "", "A.b-c.c": ""}), "holds A.b-c, Tatoeba.de-en, not one"),
        (
            packed({**MEMBERS, "Tatoeba.de-en.en": "yes\n"}),
            "Tatoeba.de-en.de has 2 lines, Tatoeba.de-en.en has 1 lines",
        ),
        (packed(MEMBERS)[:-30], "no zip archive that can be read"),
        (packed(MEMBERS)[:90] + b"\0\0\0\0" + packed(MEMBERS)[94:], "no zip archive that can be"),
        (b"some text\n", "no zip archive that can be read (File is not a zip file)"),
    ],
)
def test_what_is_no_such_archive_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_files(opus_zip.read, tmp_path, {"a.zip": content})
    assert message in error.value.message
