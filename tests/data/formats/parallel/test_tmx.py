"""TMX as OPUS, Moses' tools and translators' programs write it."""

from pathlib import Path

import pytest
from format_files import read_files

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.parallel import tmx
from dataselect.errors import InputError

pytest.importorskip("defusedxml", reason="the extra tmx is not installed")

FILE = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4">
<header creationtool="x" srclang="de" segtype="sentence" adminlang="en" datatype="PlainText"/>
<body>
<tu tuid="7">
<tuv xml:lang="en"><seg>Tea &amp; <hi>cake</hi>
   now</seg></tuv>
<tuv xml:lang="DE"><seg>Tee <bpt i="1">&lt;b&gt;</bpt>und<ept i="1">&lt;/b&gt;</ept> Kuchen</seg>
</tuv>
</tu>
<tu><tuv xml:lang="de"><seg>ja</seg></tuv><tuv xml:lang="en"><prop type="x">no</prop>
<seg>yes</seg></tuv></tu>
</body>
</tmx>
"""
RECORDS = [
    {"id": "7", "src": "Tee und Kuchen", "tgt": "Tea & cake now"},
    {"src": "ja", "tgt": "yes"},
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_any_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    content = FILE.rstrip("\n") + end
    if encoding.startswith("utf-16"):
        content = content.replace("UTF-8", "UTF-16")
    if encoding.endswith(("-le", "-be")):
        content = "\ufeff" + content
    assert read_files(tmx.read, tmp_path, {"a.tmx": content.encode(encoding)}) == RECORDS


def test_the_languages_can_be_named(tmp_path: Path) -> None:
    found = read_files(tmx.read, tmp_path, {"a.tmx": FILE}, Layout(columns=("en", "de")))
    assert found[1] == {"src": "yes", "tgt": "ja"}


def unit(*segments: tuple[str, str]) -> str:
    inner = "".join(f'<tuv lang="{lang}"><seg>{text}</seg></tuv>' for lang, text in segments)
    return f"<tu>{inner}</tu>\n"


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ([("en", "a")], "a.tmx:3: 0 segments of 'de', not one"),
        ([("en", "a"), ("en", "b"), ("de", "c")], "a.tmx:3: 2 segments of 'en', not one"),
        ([("en", "a"), ("de", " ")], "a.tmx:3: the segment of 'de' is empty"),
    ],
)
def test_one_bad_unit_costs_one_record(
    tmp_path: Path, segments: list[tuple[str, str]], message: str
) -> None:
    units = [[("en", "yes"), ("de", "ja")], segments, [("de", "nein"), ("en", "no"), ("fr", "non")]]
    content = "<tmx><body>\n" + "".join(unit(*each) for each in units) + "</body></tmx>"
    first, bad, third = read_files(tmx.read, tmp_path, {"a.tmx": content})
    assert bad.startswith(message)
    assert (first, third) == ({"src": "yes", "tgt": "ja"}, {"src": "no", "tgt": "nein"})


def test_of_three_languages_two_have_to_be_named(tmp_path: Path) -> None:
    content = f"<tmx><body>{unit(('en', 'a'), ('de', 'b'), ('fr', 'c'))}</body></tmx>"
    [bad] = read_files(tmx.read, tmp_path, {"a.tmx": content})
    assert (
        "3 languages (en, de, fr), not two; name source and target, such as --columns en,de" in bad
    )
    [record] = read_files(tmx.read, tmp_path, {"a.tmx": content}, Layout(columns=("fr", "en")))
    assert record == {"src": "c", "tgt": "a"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '<!DOCTYPE x [<!ENTITY a "b">]>\n<tmx>&a;</tmx>',
            "declares entities or reads other files",
        ),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "/etc/passwd">]>\n<tmx>&a;</tmx>',
            "declares entities or reads other files",
        ),
        ("<tmx>\n<body>\n</tmx>", "a.tmx:3: not XML (mismatched tag"),
        ("hello", "a.tmx:1: not XML (syntax error"),
        ("<tmx><body>", "not XML (no element found"),
    ],
)
def test_what_is_no_plain_xml_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_files(tmx.read, tmp_path, {"a.tmx": content})
    assert message in error.value.message
