"""`dataselect convert`: every format through the front door, and what must be refused."""

import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from conftest import Inside, Outcome, Shell, run_inside
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.formats import FORMATS

OUT = "out"


def write(folder: Path, files: dict[str, bytes]) -> list[str]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return list(files)


class Case(NamedTuple):
    """Files, arguments, and the whole output."""

    files: dict[str, bytes]
    arguments: str
    out: bytes


SNIPS = b"""{"PlayMusic": [
 {"data": [{"text": "play "}, {"text": "Ad\\u00e8le", "entity": "artist", "slot_name": "who"},
           {"text": " now"}]},
 {"data": [{"text": "music"}]}]}
"""
NBEST = b"""0||| a b  ||| d: 0 -7.5 lm: -41 w: -2 ||| -1.5
0||| b a  ||| d: 0 -8 lm: -42 w: -2 ||| -2
1 ||| c ||| d: 1 1 lm: 1 w: 1 ||| 1
"""
GOOD = {
    "text becomes one record a line": Case(
        {"a": b"play jazz\nplay  rock \n"},
        "--from text",
        b'{"text":"play jazz"}\n{"text":"play  rock "}\n',
    ),
    "a byte order mark and carriage returns are no text": Case(
        {"a": b"\xef\xbb\xbfa\r\nb\r\n"}, "--from text", b'{"text":"a"}\n{"text":"b"}\n'
    ),
    "only a line feed ends a line": Case(
        {"a": "a\u2028b\x0cc\x1dd\re\n".encode()},
        "--from text",
        '{"text":"a\u2028b\\fc\\u001dd\\re"}\n'.encode(),
    ),
    "a last line needs no line feed": Case({"a": b"a"}, "--from text", b'{"text":"a"}\n'),
    "compressed files are read": Case(
        {"a.gz": gzip.compress(b"a\n", mtime=0)}, "--from text", b'{"text":"a"}\n'
    ),
    "text may have another field": Case(
        {"a": b"a\n"}, "--from text --text-field words", b'{"words":"a"}\n'
    ),
    "ids run on over files": Case(
        {"a": b"a\n", "b": b"b\n"},
        "--from text --id x-",
        b'{"id":"x-0","text":"a"}\n{"id":"x-1","text":"b"}\n',
    ),
    "text of JSON": Case(
        {"a": b'{"id":1,"text":"a\\u00e9"}\n\n{"text":"b"}\n'}, "--to text", "aé\nb\n".encode()
    ),
    "text of an inner field": Case(
        {"a": b'{"meta":{"src":"a"}}\n'}, "--to text --text-field meta.src", b"a\n"
    ),
    "tsv columns by position": Case(
        {"a": b'7\t"quoted"\tx\tplay\n8\tb\t\trest\r\n'},
        "--from tsv --no-header --columns id,text,-,intent",
        b'{"id":"7","text":"\\"quoted\\"","intent":"play"}\n{"id":"8","text":"b","intent":"rest"}\n',
    ),
    "tsv columns by header, of each file": Case(
        {"a": b"text\t-\na\tb\n", "b": b"x\ttext\nc\td\n"},
        "--from tsv",
        b'{"text":"a","-":"b"}\n{"x":"c","text":"d"}\n',
    ),
    "columns go before the header": Case(
        {"a": b"\t\nb\tc\n"}, "--from tsv --columns text,y", b'{"text":"b","y":"c"}\n'
    ),
    "an empty file has no header": Case(
        {"a": b"", "b": b"text\na\n"}, "--from tsv", b'{"text":"a"}\n'
    ),
    "csv with quotes, commas and line feeds": Case(
        {"a": b'text,n\r\n"a, ""b""",1\r\n\r\n"two\nlines",2\r\n'},
        "--from csv",
        b'{"text":"a, \\"b\\"","n":"1"}\n{"text":"two\\nlines","n":"2"}\n',
    ),
    "csv cells may be long": Case(
        {"a": b"x" * 200_000 + b",1\n"},
        "--from csv --no-header --columns text,n",
        b'{"text":"' + b"x" * 200_000 + b'","n":"1"}\n',
    ),
    "tsv of JSON keeps every spelling": Case(
        {
            "a": b'{"id":12345678901234567890123,"a":{"b":1.50},"c":null,"d":[1e5,"\\t"],"e":"x"}\n'
            b'{"id":-0.0,"a":{"b":true},"c":"","d":{},"e":"null"}\n'
        },
        "--to tsv --no-header --columns id,a.b,c,d,e",
        b'12345678901234567890123\t1.50\t\t[1e5,"\\t"]\tx\n-0.0\ttrue\t\t{}\tnull\n',
    ),
    "a header is written": Case(
        {"a": b'{"text":"a","n":1}\n'}, "--to tsv --columns n,text", b"n\ttext\n1\ta\n"
    ),
    "tsv of csv": Case(
        {"a": b"a,b,c\n1,x,a\n"},
        "--from csv --to tsv --columns n,-,text",
        b"n\ttext\n1\ta\n",
    ),
    "tsv of text with ids": Case(
        {"a": b"a\nb\n"},
        "--from text --to tsv --no-header --columns id,text --id ''",
        b"0\ta\n1\tb\n",
    ),
    "moses bitext": Case(
        {"a.en": b"a\nb c\n", "a.de": b"A\r\nB C\r\n"},
        "--from moses",
        b'{"src":"a","tgt":"A"}\n{"src":"b c","tgt":"B C"}\n',
    ),
    "moses n-best lists": Case(
        {"a": NBEST},
        "--from moses-nbest",
        b'{"id":"0","nbest":[{"text":"a b","score":-1.5,"features":{"d0":0.0,"d1":-7.5,"lm0":-41.0,'
        b'"w0":-2.0}},{"text":"b a","score":-2.0,"features":{"d0":0.0,"d1":-8.0,"lm0":-42.0,'
        b'"w0":-2.0}}]}\n{"id":"1","nbest":[{"text":"c","score":1.0,"features":{"d0":1.0,"d1":1.0,'
        b'"lm0":1.0,"w0":1.0}}]}\n',
    ),
    "n-best lists of two files stay apart": Case(
        {"a": b"0 ||| a\n", "b": b"0 ||| b\n"},
        "--from moses-nbest",
        b'{"id":"0","nbest":[{"text":"a"}]}\n{"id":"0","nbest":[{"text":"b"}]}\n',
    ),
    "SNIPS": Case(
        {"a": SNIPS},
        "--from snips",
        '{"text":"play Adèle now","intent":"PlayMusic","slots":[{"slot":"who","start":5,"end":10,'
        '"value":"Adèle","entity":"artist"}]}\n{"text":"music","intent":"PlayMusic","slots":[]}\n'.encode(),
    ),
    "slots in a cell are JSON": Case(
        {"a": b'{"I": [{"data": [{"text": "a", "entity": "b"}]}]}'},
        "--from snips --to tsv --no-header --columns text,slots",
        b'a\t[{"slot":"b","start":0,"end":1,"value":"a"}]\n',
    ),
    "BIO in three files": Case(
        {
            "seq.in": b"play the  beatles \nstop\n",
            "seq.out": b"O B-artist I-artist\nO\n",
            "label": b"PlayMusic\nStop\n",
        },
        "--from bio",
        b'{"text":"play the beatles","intent":"PlayMusic","slots":[{"slot":"artist","start":5,'
        b'"end":16,"value":"the beatles"}]}\n{"text":"stop","intent":"Stop","slots":[]}\n',
    ),
    "CoNLL columns": Case(
        {
            "a": b"-DOCSTART- -X- O O\n\n# id = 7\n# intent: PlayMusic\n# note: play O\n"
            b"play\tO\nAdele\tB-artist\n\n\n# O\n1 CD B-n\n"
        },
        "--from conll",
        b'{"id":"7","text":"play Adele","intent":"PlayMusic","slots":[{"slot":"artist","start":5,'
        b'"end":10,"value":"Adele"}]}\n'
        b'{"text":"# 1","slots":[{"slot":"n","start":2,"end":3,"value":"1"}]}\n',
    ),
    "CoNLL columns with numbers and intents": Case(
        {
            "a": b"# text: play Adele\n1\tplay\tPlayMusic\tO\n2\tAdele\tPlayMusic\tB-artist\n\n"
            b"1\tstop\tStop\tO\n"
        },
        "--from conll",
        b'{"text":"play Adele","intent":"PlayMusic","slots":[{"slot":"artist","start":5,"end":10,'
        b'"value":"Adele"}]}\n{"text":"stop","intent":"Stop","slots":[]}\n',
    ),
    "CoNLL columns with numbers from 0": Case(
        {"a": b"0 play VB O\n1 it PRP O\n\n0 2 CD O\n1 one CD B-n\n"},
        "--from conll",
        b'{"text":"play it","slots":[]}\n'
        b'{"text":"2 one","slots":[{"slot":"n","start":2,"end":5,"value":"one"}]}\n',
    ),
    "CoNLL columns that are named": Case(
        {"a": b"O play it\nB-n me it\n"},
        "--from conll --columns tag,token,-",
        b'{"text":"play me","slots":[{"slot":"n","start":5,"end":7,"value":"me"}]}\n',
    ),
    "CoNLL columns named with the intent": Case(
        {"a": b"1 play Play O\n"},
        "--from conll --columns -,token,intent,tag",
        b'{"text":"play","intent":"Play","slots":[]}\n',
    ),
    "ids for JSONL": Case(
        {"a": b'{"text": "a", "x": 1.50}\n{}\n{"y":"\\ud800"}\n'},
        "--id p-",
        b'{"text": "a", "x": 1.50,"id":"p-0"}\n{"id":"p-1"}\n{"y":"\\ud800","id":"p-2"}\n',
    ),
    "joined files": Case(
        {"a": b"a\n\xef\xbb\xbfb\n"}, "--from text", b'{"text":"a"}\n{"text":"b"}\n'
    ),
}


@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD.keys())
def test_output(case: Case, inside: Inside, tmp_path: Path) -> None:
    arguments = [word.replace("''", "") for word in case.arguments.split()]
    inside("convert", *write(tmp_path, case.files), *arguments, "-o", OUT, "-q").silent()
    assert (tmp_path / OUT).read_bytes() == case.out


class Bad(NamedTuple):
    """Files with bad records, the first message, and how many good and bad records there are."""

    files: dict[str, bytes]
    arguments: str
    message: str
    kept: int = 0
    errors: int = 1


def _csv(data: bytes, message: str, kept: int = 0) -> Bad:
    return Bad({"a": data}, "--from csv --no-header --columns text,n", message, kept)


def _nbest(data: bytes, message: str, kept: int = 0) -> Bad:
    return Bad({"a": data}, "--from moses-nbest", message, kept)


def _snips(data: bytes, message: str, kept: int = 0) -> Bad:
    return Bad({"a": data}, "--from snips", message, kept)


def _conll(data: bytes, message: str, kept: int = 0) -> Bad:
    return Bad({"a": data}, "--from conll", message, kept)


def _bio(tokens: bytes, tags: bytes, label: bytes, message: str) -> Bad:
    return Bad({"seq.in": tokens, "seq.out": tags, "label": label}, "--from bio", message)


BAD = {
    "a blank line of text": Bad(
        {"a": b"a\n \nb\n\n"}, "--from text", "a:2: the line is empty", 2, 2
    ),
    "text of other blanks": Bad(
        {"a": "\u3000\n".encode()}, "--from text", "a:1: the line is empty"
    ),
    "text in Latin-1": Bad(
        {"a": b"a\nAd\xe8le\nb\n"},
        "--from text",
        "a:2: byte 0xe8 at column 3 is not UTF-8; convert the file",
        2,
    ),
    "a line feed for text": Bad(
        {"a": b'{"text":"a"}\n{"text":"b\\nc"}\n'},
        "--to text",
        "a:2: field 'text' holds a line feed or carriage return",
        1,
    ),
    "a carriage return for text": Bad(
        {"a": b'{"text":"b\\r"}\n'}, "--to text", "field 'text' holds a line feed or carriage"
    ),
    "no such field for text": Bad(
        {"a": b'{"utterance":"b"}\n'},
        "--to text",
        "a:1: field 'text' is missing; name another with",
    ),
    "half a character for text": Bad(
        {"a": b'{"text":"\\ud800"}\n'}, "--to text", "a:1: field 'text' holds half a surrogate pair"
    ),
    "a number for text": Bad({"a": b'{"text":1e3}\n'}, "--to text", "field 'text' is a number"),
    "not JSON": Bad({"a": b"a\n"}, "--to text", "a:1: not JSON"),
    "NaN": Bad(
        {"a": b'{"text":NaN}\n'}, "--to tsv --no-header --columns text", "a:1: NaN is not JSON"
    ),
    "a tab for a cell": Bad(
        {"a": b'{"text":"a\\tb"}\n'},
        "--to tsv --no-header --columns text",
        "a:1: field 'text' holds a tab",
    ),
    "a line feed for a cell": Bad(
        {"a": b'{"a":{"b":"\\n"}}\n'},
        "--to tsv --no-header --columns a.b",
        "a:1: field 'a.b' holds a line feed",
    ),
    "a carriage return for a cell": Bad(
        {"a": b'{"n":"\\r"}\n'},
        "--to tsv --no-header --columns n",
        "field 'n' holds a carriage return",
    ),
    "half a character for a cell": Bad(
        {"a": b'{"n":"\\udfff"}\n'},
        "--to tsv --no-header --columns n",
        "field 'n' holds half a surrogate pair",
    ),
    "half a character inside a cell": Bad(
        {"a": b'{"n":["\\udfff"]}\n'},
        "--to tsv --no-header --columns n",
        "field 'n' is not correct JSON",
    ),
    "no such field for a cell": Bad(
        {"a": b'{"n":1}\n{"m":{"o":1}}\n'},
        "--to tsv --no-header --columns m.o",
        "a:1: field 'm.o' is missing",
        1,
    ),
    "a cell too many": Bad(
        {"a": b"a\tb\na\tb\tc\n"},
        "--from tsv --no-header --columns text,n",
        "a:2: the number of cells is 3, of columns 2 (text,n)",
        1,
    ),
    "a cell too few": Bad(
        {"a": b"x\ttext\na\n"}, "--from tsv", "a:2: the number of cells is 1, of columns 2"
    ),
    "tsv in Latin-1": Bad(
        {"a": b"\xe8\n"}, "--from tsv --no-header --columns text", "a:1: byte 0xe8"
    ),
    "csv with too many cells": _csv(b'"a\nb",1\na,b,c\nd,1\n', "a:3: the number of cells is 3", 2),
    "csv with text after a quote": _csv(b'a,1\n"b"c,2\nd,3\n', "a:2: not CSV (", 2),
    "csv whose quote stays open": _csv(b'a,1\n"b,2\nc,3\n', "a:2: not CSV (unexpected end", 2),
    "csv whose quote is closed by the next": _csv(b'a,1\n"b,2\nc,3\nd,"4"\n', "a:2: not CSV (", 3),
    "csv with a carriage return": _csv(b"a\rb,2\nc,3\n", "not CSV (a carriage return outside", 1),
    "csv in Latin-1": _csv(
        b'a,1\n"b\n\xe8",2\nc,3\n', "a:2: byte 0xe8 at column 1 is not UTF-8", 2
    ),
    "moses with a blank line": Bad(
        {"a.en": b"a\n\nc\n", "a.de": b"A\nB\nC\n"}, "--from moses", "a.en:2: the line is empty", 2
    ),
    "moses with a blank target": Bad(
        {"a.en": b"a\n", "a.de": b" \n"}, "--from moses", "a.de:1: the line is empty"
    ),
    "moses in Latin-1": Bad(
        {"a.en": b"a\n", "a.de": b"\xe8\n"}, "--from moses", "a.de:1: byte 0xe8"
    ),
    "n-best without bars": _nbest(b"a\n", "a:1: no '|||'"),
    "a bad candidate spoils its list": _nbest(
        b"0 ||| a ||| ||| 1\n0 ||| b ||| ||| x\n0 ||| c ||| ||| 2\n1 ||| d\n",
        "a:2: score 'x' is not a finite number",
        1,
    ),
    "a line without id spoils its list": _nbest(
        b"0 ||| a\n ||| b\n0 ||| c\n1 ||| d\n", "a:2: no id before the first '|||'", 1
    ),
    "a line without bars spoils its list": _nbest(b"0 ||| a\nb\n0 ||| c\n", "a:2: no '|||'"),
    "an infinite feature": _nbest(b"0 ||| a ||| d: -inf ||| 1\n", "feature '-inf' is not a finite"),
    "a huge score": _nbest(b"0 ||| a ||| d: 1 ||| 1e999\n", "score '1e999' is not a finite"),
    "features without names": _nbest(b"0 ||| a ||| 1 2 ||| 1\n", "'1' stands before any feature"),
    "a feature twice": _nbest(b"0 ||| a ||| b=1 b=2 ||| 1\n", "a feature name stands twice"),
    "a feature in two spellings": _nbest(b"0 ||| a ||| d: 1 d0= 2 ||| 1\n", "name stands twice"),
    "n-best in Latin-1": _nbest(b"0 ||| \xe8\n1 ||| a\n", "a:1: byte 0xe8 at column 7", 1),
    "SNIPS in Latin-1": _snips(
        b'{"I": [{"data": [{"text": "a"}]},\n{"data": [{"text": "Ad\xe8"}]}]}',
        "a:2: byte 0xe8 after 'Ad' is not UTF-8; convert the file",
        1,
    ),
    "half a surrogate pair in SNIPS": _snips(
        b'{"I": [{"data": [{"text": "a"}]},\n{"data": [{"text": "b \\ud83d"}]}]}',
        "a:2: holds half a surrogate pair; correct its",
        1,
    ),
    "half a surrogate pair in a SNIPS slot": _snips(
        b'{"I": [{"data": [{"text": "a", "entity": "\\udc00"}]}, {"data": [{"text": "b"}]}]}',
        "a:1: holds half a surrogate pair",
        1,
    ),
    "NULs in text": Bad(
        {"a": "ab\ncd\n".encode("utf-16-le")},
        "--from text",
        "a:1: holds NUL bytes, looks like UTF-16; convert it with iconv -f UTF-16LE -t UTF-8",
        0,
        3,
    ),
    "UTF-16 text": Bad(
        {"a": "\ufeffab\n".encode("utf-16-le")}, "--from text", "a:1: is UTF-16; convert it", 0, 2
    ),
    "NULs in tsv": Bad(
        {"a": b"a\tb\nc\0\td\n"},
        "--from tsv --no-header --columns text,n",
        "a:2: holds NUL bytes",
        1,
    ),
    "NULs in csv": _csv(b"a,1\n\0b,2\n", "a:2: holds NUL bytes", 1),
    "NULs in moses": Bad(
        {"a": b"a\nb\n", "b": b"a\n\0b\n"}, "--from moses", "b:2: holds NUL bytes", 1
    ),
    "NULs in n-best lists": _nbest(b"0 ||| a\n1 ||| \0\n", "a:2: holds NUL bytes", 1),
    "NULs in JSONL": Bad(
        {"a": '{"text":"a"}\n'.encode("utf-16-le")}, "--to text", "a:1: holds NUL bytes", 0, 2
    ),
    "a joined file": Bad(
        {"a": b'{"text":"a"}\n\xef\xbb\xbf[]\n'}, "--to text", "a:2: an array, not a JSON", 1
    ),
    "a SNIPS utterance without text": _snips(
        b'{"A": [\n{"data": [{"text": "[{"}]},\n{"data": [{}]}],\n"B": [{"data": [{"text":"b"}]}]}',
        "a:3: another layout; a SNIPS file holds",
        2,
    ),
    "a SNIPS utterance of nothing": _snips(b'{"A": [\n{"data": []}]}', "a:2: the text is empty"),
    "more tokens than tags": _bio(b"a b\n", b"O\n", b"i\n", "seq.out:1: 2 tokens, but 1 tags"),
    "tags of another scheme": _bio(b"a\n", b"U-x\n", b"i\n", "seq.out:1: tag 'U-x' is none"),
    "a tag without slot": _bio(b"a\n", b"B-\n", b"i\n", "seq.out:1: tag 'B-' is none"),
    "no label": _bio(b"a\n", b"O\n", b"\n", "label:1: the label is empty"),
    "no tokens": _bio(b"\n", b"\n", b"i\n", "seq.in:1: the line is empty"),
    "tags in Latin-1": _bio(b"a\n", b"\xe8\n", b"i\n", "seq.out:1: byte 0xe8"),
    "a CoNLL token without tag": _conll(
        b"a O\nb\nc O\n\nd O\n", "a:2: 1 token, 'b', but 0 tags; write TOKEN TAG", 1
    ),
    "CoNLL tokens of another text": _conll(
        b"# text: play it\n1 play VB O\n2 me PRP O\n\n1 a B O\n2 c D O\n",
        "a:1: the text is 'play it', but the tokens 'play me'; correct one",
        1,
    ),
    "CoNLL tokens that are misnumbered": _conll(
        b"1 a B O\n3 c D O\n\n1 a B O\n2 c D O\n\n1 a B O\n2 c D O\n",
        "a:2: token 2 is numbered '3'",
        2,
    ),
    "CoNLL tokens of two intents": _conll(
        b"# intent: A\n1 a A O\n2 b A O\n\n# intent: B\n1 a A O\n2 b A O\n",
        "a:6: intent 'A', but 'B' before",
        1,
    ),
    "CoNLL lines of other columns": _conll(
        b"1 a x O\n2 b y O\n\n1 a O\n2 b O\n\n1 c z O\n2 d x O\n",
        "a:4: 3 columns, where the lines before have 4",
        2,
    ),
    "a CoNLL tag of another scheme": _conll(b"a\tO\nb\tX\n", "a:2: tag 'X' is none of O"),
    "CoNLL sentences without blank line": _conll(
        b"# intent: A\na O\n# intent: B\nb O\n", "a:3: a second sentence begins here"
    ),
    "an intent without sentence": _conll(
        b"# intent: A\n\na O\n", "a:1: an intent without tokens", 1
    ),
    "an empty intent": _conll(b"# intent:\na O\n", "a:1: the intent is empty"),
    "CoNLL in Latin-1": _conll(b"\xe8 O\n", "a:1: byte 0xe8"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_record_stops_the_run(bad: Bad, inside: Inside, tmp_path: Path) -> None:
    files = write(tmp_path, bad.files)
    inside("convert", *files, *bad.arguments.split(), "-o", OUT).refused(1, bad.message, "; ")
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(files)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_record_is_collected_and_counted(bad: Bad, inside: Inside, tmp_path: Path) -> None:
    run = ["convert", *write(tmp_path, bad.files), *bad.arguments.split(), "--allow-empty", "-q"]
    inside(*run, "-o", OUT, "--on-error", "bad.jsonl", "--report", "report.json").silent()
    counts = json.loads((tmp_path / "report.json").read_bytes())["counts"]
    assert counts == {
        "read": bad.kept + bad.errors,
        "kept": bad.kept,
        "dropped": 0,
        "errors": bad.errors,
    }
    first, *others = [
        json.loads(line) for line in (tmp_path / "bad.jsonl").read_bytes().splitlines()
    ]
    assert bad.message in f"{first['file']}:{first['line']}: {first['reason']}"
    assert {"raw", "raw_base64"} & set(first)
    assert len(others) == bad.errors - 1
    inside(*run, "-o", "skipped", "--on-error", "skip").silent()
    assert (tmp_path / "skipped").read_bytes() == (tmp_path / OUT).read_bytes()
    assert (tmp_path / OUT).read_bytes().count(b"\n") == bad.kept


UNUSABLE = {
    "nothing to convert": (
        "a",
        2,
        "from jsonl to jsonl changes nothing; give --from, --to or --id",
    ),
    "tsv without names": ("a --from tsv --no-header", 2, "give --columns"),
    "csv without names": ("a --from csv --no-header", 2, "give --columns"),
    "columns of text": ("a --from text --columns a", 2, "--columns, --no-header and --delimiter"),
    "no header of text": ("a --from text --no-header", 2, "are for csv, tsv and such"),
    "a delimiter of two characters": ("a --from csv --delimiter ::", 2, "no single character"),
    "a column twice": ("a --from tsv --columns a,a", 2, "--columns names a column twice"),
    "a column without name": ("a --from tsv --columns a,", 2, "--columns has an empty name"),
    "no column left": ("a --from tsv --columns -,-", 2, "--columns passes over every column"),
    "no columns": ("a --from tsv --columns=", 2, "--columns has an empty name"),
    "an unknown format": ("a --from xml", 2, "--from xml: no such format"),
    "one file of bitext": (
        "a --from moses",
        2,
        "--from moses reads 2 files that belong together",
        "1 given",
    ),
    "a header twice the same": (
        "twice --from tsv",
        1,
        "twice:1: column 2 of the header r",
    ),
    "a header with a gap": ("gap --from csv", 1, "gap:1: column 2 of the header has no name"),
    "a record for a header": ("record --from csv", 1, "record:1: column 1 of the header is 7, whi"),
    "a header in Latin-1": ("latin --from csv", 1, "latin:1: byte 0xe8"),
    "ids of tsv": (
        "a --from tsv --no-header --columns id --id x",
        2,
        "a has ids of its own; leave out --id",
    ),
    "ids of n-best lists": ("nbest --from moses-nbest --id x", 2, "nbest has ids of its own"),
    "bitext of unequal length": (
        "a b --from moses",
        1,
        "a has 1 lines, b has 2 lines; give files that correspond line by line",
    ),
    "bitext of unequal length is never skipped": (
        "a b --from moses --on-error skip",
        1,
        "a has 1 lines, b has 2 lines",
    ),
    "a SNIPS file that is not JSON": (
        "half --from snips --on-error skip",
        1,
        "half:2: not JSON (",
        "(the whole file is lost)",
    ),
    "a SNIPS file of another tool": (
        "other --from snips --on-error skip",
        1,
        "other:1: another layout; a SNIPS file holds",
    ),
    "a SNIPS intent twice": ("again --from snips", 1, "again:1: 'A' stands twice in one object"),
    "a SNIPS file in UTF-16": ("wide --from snips --on-error skip", 1, "wide:1: holds NUL bytes"),
    "a quote that stays open in one column": (
        "open --from csv --no-header --columns text --on-error skip",
        1,
        "open:2: not CSV (",
    ),
    "n-best lists in pieces": (
        "pieces --from moses-nbest --on-error skip",
        1,
        "pieces:3: the lines of id '0' are not together; sort them with sort -s -n -k1,1",
    ),
    "CoNLL columns that could be two things": (
        "pos --from conll",
        1,
        "pos:1: a column could be intent or something else",
        "--columns",
    ),
    "CoNLL tokens that may be numbers": (
        "ones --from conll",
        1,
        "ones:1: a column could be number",
    ),
    "CoNLL columns of other names": ("a --from conll --columns word,tag", 2, "are token, tag and"),
    "BIO of unequal length": (
        "a b b --from bio",
        1,
        "a has 1 lines, b has 2 lines, b has 2 lines",
    ),
    "an empty file": (
        "empty --from text",
        3,
        "nothing was kept of 0 records; look at what is read",
    ),
    "too few records": ("a --from text --min-records 2", 3, "fewer than --min-records 2"),
}


@pytest.mark.parametrize(
    ("line", "code", "messages"),
    [(line, code, messages) for line, code, *messages in UNUSABLE.values()],
    ids=UNUSABLE.keys(),
)
def test_refused(line: str, code: int, messages: list[str], inside: Inside, tmp_path: Path) -> None:
    files = {
        "a": b"a\n",
        "b": b"a\nb\n",
        "empty": b"",
        "twice": b"a\ta\n",
        "gap": b"a,,b\n",
        "record": b"7,play jazz\n",
        "latin": b"\xe8\n",
        "nbest": b"0 ||| a\n",
        "pieces": b"0 ||| a\n1 ||| b\n0 ||| c\n",
        "half": b'{"I": [\n{]\n',
        "other": b'{"intents": 1}',
        "again": b'{"A": [{"data": []}], "A": [{"data": []}, {}]}',
        "wide": '{"A": []}'.encode("utf-16-le"),
        "open": b'a\n"b\nc\n',
        "pos": b"a X O\nb X O\n\na Y O\nb Y O\n",
        "ones": b"1 X O\n\n1 Y O\n",
    }
    write(tmp_path, files)
    inside("convert", *line.split(), "-o", OUT).refused(code, *messages)
    assert not (tmp_path / OUT).exists()


def test_ids_do_not_depend_on_what_is_skipped(inside: Inside, tmp_path: Path) -> None:
    write(tmp_path, {"a": b"a\n\nb\n"})
    inside("convert", "a", "--from", "text", "--id", "", "--on-error", "skip", "-qo", OUT).silent()
    assert (tmp_path / OUT).read_bytes() == b'{"id":"0","text":"a"}\n{"id":"2","text":"b"}\n'


def test_standard_input_to_standard_output(shell: Shell) -> None:
    script = r"printf 'a\nb\n' | dataselect convert --from text | dataselect convert --to text -"
    outcome: Outcome = shell(script)
    assert (outcome.code, outcome.out) == (0, b"a\nb\n")
    assert outcome.err.count("dataselect: kept 2 of 2 records (100.0 %)") == 2


def test_bitext_through_pipes(shell: Shell) -> None:
    script = r"dataselect convert -q --from moses <(printf 'a\nb\n') - < <(printf 'A\nB\n')"
    assert shell(script).silent() == b'{"src":"a","tgt":"A"}\n{"src":"b","tgt":"B"}\n'


def test_unequal_pipes_reach_no_reader(shell: Shell) -> None:
    outcome = shell(r"dataselect convert --from moses <(yes | head -9999) <(yes | head -9998)")
    outcome.refused(1, "has 9,999 lines", "has 9,998 lines")
    assert outcome.out == b""


def test_reader_that_leaves_is_success(shell: Shell, tmp_path: Path) -> None:
    write(tmp_path, {"pool": b"play some jazz\n" * 300_000})
    script = "dataselect convert --from text -q pool | head -1"
    assert shell(script).silent() == b'{"text":"play some jazz"}\n'


def test_report_says_what_was_done(inside: Inside, tmp_path: Path) -> None:
    write(tmp_path, {"a": b"a\n", "b": b"A\n"})
    inside("convert", "a", "b", "--from", "moses", "-o", OUT, "--report", "r.json", "-q").silent()
    report = json.loads((tmp_path / "r.json").read_bytes())
    assert report["command"] == "convert"
    assert report["options"]["from"] == "moses"
    assert report["inputs"].keys() == {"a", "b"}


def test_command_starts_without_numpy() -> None:
    probe = "import sys, dataselect.operations.convert.command; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", probe], check=True)


# -- there and back -----------------------------------------------------------------------------

line_characters = st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0")
# A byte order mark at the start of a line is that of a file which others were joined to.
lines = st.text(line_characters, min_size=1).filter(
    lambda line: line.strip() != "" and line[0] != "\ufeff"
)
cells = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\t\0"), min_size=1
).filter(lambda cell: cell.strip() != "")


def round_trip(data: bytes, there: list[str], back: list[str]) -> tuple[list[Any], bytes]:
    """The records in the middle, and what comes back."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, {"before": data})
        run_inside("convert", folder / "before", *there, "-o", folder / "middle", "-q").silent()
        run_inside("convert", folder / "middle", *back, "-o", folder / "after", "-q").silent()
        middle = (folder / "middle").read_bytes().split(b"\n")[:-1]
        return [orjson.loads(line) for line in middle], (folder / "after").read_bytes()


@given(st.lists(lines, min_size=1))
def test_text_comes_back_as_it_was(texts: list[str]) -> None:
    # A byte order mark at the very start of a file belongs to the file, not to its first text.
    texts[0] = "x" + texts[0]  # nor may a text file begin like a compressed one
    data = "".join(f"{text}\n" for text in texts).encode()
    records, after = round_trip(data, ["--from", "text"], ["--to", "text"])
    assert [record["text"] for record in records] == texts
    assert after == data


@given(st.lists(st.tuples(cells, cells | st.just(""), cells), min_size=1))
def test_tsv_comes_back_as_it_was(rows: list[tuple[str, str, str]]) -> None:
    rows = [("x" + first.lstrip("\ufeff"), second, third) for first, second, third in rows]
    data = "".join("\t".join(row) + "\n" for row in rows).encode()
    columns = ["--no-header", "--columns", "id,intent,text"]
    records, after = round_trip(data, ["--from", "tsv", *columns], ["--to", "tsv", *columns])
    assert [tuple(record.values()) for record in records] == rows
    assert after == data


WORDS = 'intent: d: = 1 a O B-a # , " ||| { } [ ] "data": "text":"a" \u3000'
scraps = st.sampled_from([b"\n", b"\r", b"\t", b" ", b"\xe8", *WORDS.encode().split()])


@given(st.lists(scraps).map(b"".join) | st.binary().map(b"a".__add__))
def test_any_bytes_are_counted_or_refused(data: bytes) -> None:
    """Whatever a file holds, every record of it is kept or an error, and nothing crashes.

    A file whose records cannot be told apart is refused as a whole, whatever `--on-error` says.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, {"a": data})
        for source, each in FORMATS.items():
            run = ["convert", *(each.files * [folder / "a"]), "--from", source, "-q"]
            run += ["--id", ""] if source == "jsonl" else []
            run += ["--list-size", "1"] if each.takes_list_size else []
            done = run_inside(*run, "--on-error", "skip", "--allow-empty", "-o", folder / OUT)
            if done.code == 1 and source not in ("jsonl", "text", "moses"):
                done.refused(1, "a:")
            else:
                done.silent()
