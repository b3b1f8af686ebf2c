"""Records that are odd, hostile or broken: they leave as they came, or are refused by line."""

import base64
import contextlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, run_inside
from hypothesis import given
from hypothesis import strategies as st

from dataselect.data.json_lines.json_bytes import annotate, without
from dataselect.data.json_lines.json_values import _room_to_recurse

# -- any JSON, spelt in any way ---------------------------------------------------------------

SPACE = st.sampled_from([b"", b"", b"", b" ", b"\t", b" \r ", b"  "])
SHORT = dict(zip('"\\/\b\f\n\r\t', '"\\/bfnrt', strict=True))
# A text is one draw, and how its characters are spelt another: a draw for each of both takes longer
# than the program. Half of them are of what is often spelt otherwise.
CHARACTERS = st.text(max_size=8) | st.text(
    [*SHORT, "\0", "a", "\u2028", "\ud800", "\U0001f600"], max_size=8
)
WAYS = 4


def spelt(character: str, how: int) -> bytes:
    """A character within a JSON string: by itself, shortly escaped, or by its number."""
    if how == 0 and character >= " " and character not in '"\\':
        with contextlib.suppress(UnicodeEncodeError):  # half a surrogate pair
            return character.encode()
    if how <= 1 and character in SHORT:
        return b"\\" + SHORT[character].encode()
    numbers = character.encode("utf-16-be", "surrogatepass").hex()
    digits = numbers if how == 2 else numbers.upper()
    return b"".join(b"\\u" + digits[i : i + 4].encode() for i in range(0, len(digits), 4))


def string(characters: str, spelling: int) -> bytes:
    ways = (spelling // WAYS**place % WAYS for place in range(len(characters)))
    return b'"' + b"".join(map(spelt, characters, ways)) + b'"'


STRING = st.builds(string, CHARACTERS, st.integers(0, WAYS**8 - 1))
DIGITS = st.text("0123456789", min_size=1, max_size=20)
EXPONENT = st.builds(
    "{}{}{}".format,
    st.sampled_from("eE"),
    st.sampled_from(["", "+", "-"]),
    st.text("0123456789", min_size=1, max_size=4),
)
NUMBER = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    DIGITS.map(lambda digits: digits.lstrip("0") or "0"),
    st.just("") | DIGITS.map(lambda digits: "." + digits),
    st.just("") | EXPONENT,
).map(str.encode) | st.integers(300, 5000).map(lambda digits: b"9" * digits)
SCALAR = STRING | NUMBER | st.sampled_from([b"true", b"false", b"null"])


@st.composite
def spaced(draw: st.DrawFn, value: st.SearchStrategy[bytes]) -> bytes:
    return draw(SPACE) + draw(value) + draw(SPACE)


def member(value: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(lambda key, val: key + b":" + val, spaced(STRING), spaced(value))


VALUE = st.recursive(
    SCALAR,
    lambda inner: st.one_of(
        st.lists(spaced(inner), max_size=4).map(lambda each: b"[" + b",".join(each) + b"]"),
        st.lists(member(inner), max_size=4).map(lambda each: b"{" + b",".join(each) + b"}"),
    ),
    max_leaves=10,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip())
)
OURS = {"text", "x", "relevance", "dropped"}


def key_of(spelt: bytes) -> str:
    key: str = json.JSONDecoder(strict=False).raw_decode(spelt.strip().decode())[0]
    return key


@st.composite
def members(draw: st.DrawFn) -> list[bytes]:
    """The members of one record: anything, with a text and a number somewhere among them."""
    others = st.lists(member(VALUE).filter(lambda spelt: key_of(spelt) not in OURS), max_size=5)
    found = draw(others)
    text = json.dumps(draw(TEXT), ensure_ascii=draw(st.booleans())).encode()
    number = str(draw(st.integers(-(10**20), 10**20))).encode()
    for own in (b'"text":' + text, b'"x":' + number):
        found.insert(draw(st.integers(0, len(found))), own)
    return found


def record(found: list[bytes], before: bytes = b"", after: bytes = b"") -> bytes:
    return before + b"{" + b",".join(found) + b"}" + after


RECORDS = st.lists(st.builds(record, members(), SPACE, SPACE), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hard")


def through(folder: Path, data: bytes, *arguments: object) -> bytes:
    """What a command that is expected to work makes of some lines."""
    (folder / "in").write_bytes(data)
    run_inside(*arguments, folder / "in", "-o", folder / "out", "-q").silent()
    return (folder / "out").read_bytes()


def added(line: bytes, scored: bytes) -> bytes:
    """What stands before the last brace of `scored` and not of `line`; the rest must be equal."""
    end = line.rindex(b"}")
    rest = line[end:]
    assert scored.startswith(line[:end])
    assert scored.endswith(rest)
    return scored[end : len(scored) - len(rest)]


@given(lines=RECORDS)
def test_any_record_leaves_select_as_it_came(folder: Path, lines: list[bytes]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    assert through(folder, data, "select", "--by", "x") == data
    assert through(folder, data, "select", "--by", "x", "--top-k", 99) == data
    best = through(folder, data, "select", "--by", "x", "--sort")
    assert sorted(best.split(b"\n")) == sorted(data.split(b"\n"))


@given(lines=RECORDS)
def test_any_record_leaves_relevance_with_one_field_more(
    folder: Path, model: Path, lines: list[bytes]
) -> None:
    data = b"".join(line + b"\n" for line in lines)
    once = through(folder, data, "relevance", "--model", model)
    for line, scored in zip(lines, once.split(b"\n")[:-1], strict=True):
        name, value = added(line, scored).split(b":")
        assert name == b',"relevance"'
        assert 0 <= float(value) <= 1
    assert through(folder, once, "relevance", "--model", model) == once
    spooled = through(folder, data, "relevance", "--model", model, "--share", "100%")
    assert spooled == once


@given(lines=RECORDS, drop=st.booleans())
def test_any_record_is_dropped_with_one_field_more(
    folder: Path, lines: list[bytes], drop: bool
) -> None:
    data = b"".join(line + b"\n" for line in lines)
    threshold = ["--threshold", "1e300"] if drop else ["--top-k", "1"]
    options = [*threshold, "--allow-empty", "--rejects", folder / "rejects"]
    kept = through(folder, data, "select", "--by", "x", *options).split(b"\n")[:-1]
    dropped = (folder / "rejects").read_bytes().split(b"\n")[:-1]
    rest = list(lines)
    for line in kept:
        rest.remove(line)
    for line, reject in zip(rest, dropped, strict=True):
        assert added(line, reject).startswith(b',"dropped":"')


SPELLINGS = st.lists(st.booleans(), min_size=9, max_size=9).map(
    lambda escaped: (
        '"'
        + "".join(
            f"\\u{ord(letter):04x}" if each else letter
            for letter, each in zip("relevance", escaped, strict=True)
        )
        + '"'
    )
)


@given(
    found=members(),
    old=st.lists(st.tuples(SPELLINGS, spaced(VALUE), st.integers(0, 9)), min_size=1, max_size=3),
)
def test_an_older_score_is_replaced_however_it_is_spelt(
    folder: Path, model: Path, found: list[bytes], old: list[tuple[str, bytes, int]]
) -> None:
    scored = list(found)
    for spelling, value, place in old:
        scored.insert(place, spelling.encode() + b" :" + value)
    lines = [record(found), record(scored), record([*found, b'"relevance":0.25'])]
    results = [through(folder, line + b"\n", "relevance", "--model", model) for line in lines]
    assert results[0] == results[1] == results[2]


@given(found=st.lists(member(VALUE), max_size=6), names=st.sets(STRING, max_size=2))
def test_fields_are_taken_out_of_any_object(found: list[bytes], names: set[bytes]) -> None:
    unwanted = {key_of(name) for name in names} | {key_of(each) for each in found[:1]}
    rest = [each for each in found if key_of(each) not in unwanted]
    line, less = record(found, b" ", b"\r"), record(rest, b" ", b"\r")
    if unwanted:
        assert without([b"{}", line, b" {} ", line], unwanted) == [b"{}", less, b" {} ", less]


@pytest.mark.parametrize("line", [b"{}", b"{ }", b" {\t} ", b"{}\r", b'{"a":{}}', b'{"a":{ } }\r'])
def test_fields_are_added_to_empty_objects(line: bytes) -> None:
    made = b"".join([annotate([line], {"new": [b"1"]})])
    assert made.endswith(b"\n")
    assert json.loads(made) == json.loads(line) | {"new": 1}


# -- lines that are JSON, and lines that are nearly so ----------------------------------------

WHOLE_LINES = (
    """
{}|{"x":1}| {"x":1} |{"x":1}{"x":2}|{"x":1},|{"x":1}]|{"x":1}x|[{"x":1}]|"x"|1|null|true|{|}|{"x"
{"x"}|{"x":}|{"x":1|{"x":1,}|{,"x":1}|{"x":1 "y":2}|{"x" 1}|{x:1}|{'x':1}|{1:1,"x":1}|{"x"::1}
{null:1,"x":1}|{"x":1;"y":2}|{"x":1}#|{"x":1}/**/|/**/{"x":1}|{"x":1,"x":2}|{"x":1,"x":"a"}
{"x":1,"":0}|{"x":1,"y":1,"y":2}|{"x":"1"}|{"x":true}|{"x":null}|{"x":[1]}|{"x":1e999}|{"x":-1e999}
{"x":1e308}|{"x":0.1e-999}|{"X":1}|"{\\"x\\":1}"|{"\\u0078":1}|\\u007b"x":1}|x|*|<x>|-|[|]|[]|,|:
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
WHOLE = [line.encode() for line in WHOLE_LINES] + [
    b'{"x":1}\0',
    b'\0{"x":1}',
    b'\x0c{"x":1}',
    b'{"x":1}\x0b',
    b'{"x":1}\xc2\xa0',
    b'\xef\xbb\xbf{"x":1}',
    b'\xff\xfe{\0"\0x\0"\0:\0001\0}\0',
    b'{"x":' + b"9" * 5000 + b"}",
    b'{"x":1' + b"0" * 400 + b"}",
]
VALUES_LINES = (
    """
0|-0|-0.0|1|-1|01|-01|00|+1|1.|.5|-.5|1.5|1.50|1e5|1E5|1e+5|1e-5|1e|1e+|1e5.5|1ee5|0e0|0x1F|1_000
1 000|--1|-|- 1|1a|1.2.3|1e400|-1e400|1e-400|123456789012345678901234567890
0.1234567890123456789012345
Infinity|-Infinity|NaN|nan|inf|-NaN|None|True|FALSE|nul|nulll|undefined|tru|true1
""|" "|"a|a"|'a'|"a"b"|"\\"|"\\\\"|"\\a"|"\\x41"|"\\'"|"\\0"|"\\u"|"\\u1"|"\\u12"|"\\u123"|"\\u1234"
"\\uABCD"|"\\uabcd"|"\\u12G4"|"\\U1234"|"\\u 123"|"\\u+123"|"\\u0000"|"\\ud83d\\ude00"|"\\ud83d"
"\\ude00"|"\\ude00\\ud83d"|"\\ud83dx"|"\\ud83d\\u0041"|"\\ud83d\\n"|"\\/"|"/"|"\\u002f"|"\\u2028"
[]|[ ]|[1]|[1,]|[,1]|[1,,2]|[1 2]|[1;2]|[1|[[[]]|]|[1]]|["a":1]|[{}]|[{]}|[}|[nan]|[-]|["a",]
{}|{ }|{"a":1}|{"a":1,}|{"a"}|{a:1}|{"a":1 "b":2}|{"a":{"a":{}}}|{"a":1,"a":2}|{"":0}|{"\\ud800":1}
/**/1|1/**/|//|#|@|(1)|<1>|`a`|1;|1:|:1|$|\\n|\\|"\\\\\\"|"\\\\\\""
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
VALUES = [value.encode() for value in VALUES_LINES] + [
    b"",
    b" ",
    b'"|"',
    *[b'"' + bytes([code]) + b'"' for code in (0, 1, 8, 9, 11, 12, 13, 27, 31, 127)],
    *[bytes([code]) + b"1" for code in (0, 9, 11, 12, 13, 32)],
    b"1\xe2\x80\x83",
    "\uff11".encode(),
    "\u0661".encode(),
    '"\u2028\u2029\x85"'.encode(),
    b"[" * 500 + b"]" * 500,
    b'{"a":' * 500 + b"1" + b"}" * 500,
    b"[" * 1023 + b"]" * 1023,
    b"[" * 1024 + b"]" * 1024,
    b"[" * 1023 + b'"\\ud800"' + b"]" * 1023,
    b"[" * 1024 + b'"\\ud800"' + b"]" * 1024,
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b"9" * 5000,
    b"-" + b"9" * 5000,
    b"1e" + b"9" * 5000,
    b"0." + b"0" * 5000 + b"1",
]


def depth(line: bytes) -> int:
    deepest = level = 0
    for byte in line:
        level += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, level)
    return deepest


def refuse(constant: str) -> Any:
    raise ValueError(constant)


def is_good(line: bytes) -> bool:
    """Whether a line is an object in JSON with a finite number `x`, by Python's own reader.

    The number may be a string, as those of CSV are.
    """
    if depth(line) > 1024:
        return False
    try:
        with _room_to_recurse():
            found = json.loads(line.decode(), parse_constant=refuse, parse_int=float)
    except ValueError:
        return False
    if not isinstance(found, dict) or type(found.get("x")) not in (float, str):
        return False
    try:
        return math.isfinite(float(found["x"]))
    except ValueError:
        return False


def shown(line: bytes) -> str:
    return ascii(line[:40])[2:-1] + (f"...({len(line)})" if len(line) > 40 else "")


def judged(folder: Path, line: bytes) -> None:
    """Assert that a line among others passes, or is refused, as Python's own reader says."""
    path = folder / "lines"
    lines = [b'{"x":0}', line, b'{"x":2}']
    path.write_bytes(b"\n".join(lines))
    found = run_inside("select", "--by", "x", path, "-o", folder / "kept", "-q")
    if is_good(line):
        found.silent()
        assert (folder / "kept").read_bytes() == b"\n".join([*lines, b""])
    else:
        found.refused(1, f"{path}:2: ")
        assert "; " in found.err


@pytest.mark.parametrize("line", WHOLE, ids=shown)
def test_a_line_is_a_record_or_is_refused(folder: Path, line: bytes) -> None:
    judged(folder, line)


@pytest.mark.parametrize("value", VALUES, ids=shown)
def test_a_value_is_json_or_its_line_is_refused(folder: Path, value: bytes) -> None:
    judged(folder, b'{"x":1,"v":' + value + b"}")


@given(found=members(), place=st.integers(0, 400), byte=st.binary(max_size=2))
def test_a_damaged_record_is_judged_as_python_judges_it(
    folder: Path, found: list[bytes], place: int, byte: bytes
) -> None:
    line = record(found)
    place %= len(line)
    damaged = line[:place] + byte.replace(b"\n", b"") + line[place + 1 :]
    if damaged.strip():
        judged(folder, damaged)


REASONS = {
    "not an object": (b"[1]", "an array, not a JSON object; write one object on each line"),
    "not JSON": (b'{"text":}', ", column 9); write one JSON object on each line"),
    "not a number": (b'{"text":"a","y":NaN}', "NaN is not JSON; write null or leave the field out"),
    "endless": (b'{"text":"a","y":-Infinity}', "-Infinity is not JSON; write null"),
    "not UTF-8": (b'{"text":"\xe4"}', "byte 0xe4 at column 10 is not UTF-8; convert the file"),
    "nested": (
        b'{"text":"a","y":' + b"[" * 2000 + b"]" * 2000 + b"}",
        "nested more than 1,024 deep",
    ),
    "missing": (b'{"id":1}', "field 'text' is missing; name another with --text-field"),
    "null": (b'{"text":null}', "field 'text' is null, not a string; correct it or skip it"),
    "a number": (b'{"text":5}', "field 'text' is a number, not a string"),
    "a boolean": (b'{"text":true}', "field 'text' is a boolean, not a string"),
    "an array": (b'{"text":["a"]}', "field 'text' is an array, not a string"),
    "an object": (b'{"text":{"a":"b"}}', "field 'text' is an object, not a string"),
    "empty": (b'{"text":""}', "field 'text' is empty; correct it or skip it with --on-error skip"),
    "blank": (b'{"text":" \\t\\u2003\\n"}', "field 'text' is empty"),
    "half a pair": (b'{"text":"a\\ud800"}', "field 'text' holds half a surrogate pair; correct"),
    "wrong at last": (b'{"text":"a","text":1}', "field 'text' is a number, not a string"),
    "an object without its end": (b'{"text":"a"', "not JSON"),
}


@pytest.mark.parametrize("name", REASONS)
def test_the_reason_names_what_is_wrong_with_a_text_that_is(
    tmp_path: Path, model: Path, inside: Inside, name: str
) -> None:
    line, reason = REASONS[name]
    good = b'{"text":"play jazz"}\n'
    (tmp_path / "in").write_bytes(good * 3 + line + b"\n" + good)
    (tmp_path / "out").write_bytes(b"old\n")
    score = ["relevance", "--model", model, "in", "-o", "out", "-q"]
    inside(*score).refused(1, "in:4: ", reason)
    assert (tmp_path / "out").read_bytes() == b"old\n"
    inside(*score, "--on-error", "skip").silent()
    assert (tmp_path / "out").read_bytes().count(b"\n") == 4
    inside(*score, "--on-error", "errors").silent()
    (error,) = map(json.loads, (tmp_path / "errors").read_bytes().splitlines())
    raw = error["raw"].encode() if "raw" in error else base64.b64decode(error["raw_base64"])
    assert (error["file"], error["line"], raw) == ("in", 4, line)
    assert reason in error["reason"]
    assert ("raw" in error) == (name != "not UTF-8")


FIELDS = {
    "a group of half a pair": ('"\\ud800"', "--per", "holds half a surrogate pair"),
    "a group of several values": ("[1]", "--per", "is an array, not one value"),
    "a group too large to tell": ("9" * 400, "--per", "is too large to tell from its neighbours"),
    "a cost of words": ('"two"', "--cost", "is a string, not a number"),
    "a cost under nothing": ("-1", "--cost", "is a negative cost"),
    "a cost without end": ("1e999", "--cost", "is too large for a double; scale it down"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_refused_that_is(tmp_path: Path, inside: Inside, name: str) -> None:
    value, option, reason = FIELDS[name]
    (tmp_path / "in").write_text('{"x":1,"f":1}\n{"x":1,"f":' + value + "}\n")
    rule = ["--top-k", "9"] if option == "--per" else ["--budget", "9"]
    found = inside("select", "--by", "x", "in", "-o", "out", option, "f", *rule)
    found.refused(1, f"in:2: field 'f' {reason}")


def test_numbers_beyond_a_double_travel_but_are_no_score(tmp_path: Path, inside: Inside) -> None:
    line = b'{"x":1,"big":' + b"7" * 5000 + b',"far":1e999,"same":{"a":1,"a":2},"a":1,"a":2}\n'
    (tmp_path / "in").write_bytes(line)
    inside("select", "--by", "x", "in", "-o", "out", "-q").silent()
    assert (tmp_path / "out").read_bytes() == line
    for field in ("big", "far"):
        inside("select", "--by", field, "in", "-o", "out").refused(
            1, f"in:1: field '{field}' is too large for a double; scale it down"
        )


# -- bytes ------------------------------------------------------------------------------------


def encoded(code: int, size: int) -> bytes:
    """A code point in `size` bytes by the bit pattern of UTF-8, whether that is allowed or not."""
    lead = {1: 0, 2: 0xC0, 3: 0xE0, 4: 0xF0, 5: 0xF8, 6: 0xFC}[size]
    tail = [0x80 | (code >> shift) & 0x3F for shift in range(6 * (size - 2), -1, -6)]
    return bytes([lead | code >> 6 * (size - 1), *tail])


EDGES = [0x20, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x10FFFF]


def malformed() -> Iterator[bytes]:
    """Byte sequences that are not UTF-8."""
    for code in (0, 0x22, 0x2F, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF):
        shortest = len(chr(code).encode())
        yield from (encoded(code, size) for size in range(shortest + 1, 7))
    for code in (0xD800, 0xDB7F, 0xDBFF, 0xDC00, 0xDF80, 0xDFFF):
        yield encoded(code, 3)
    yield encoded(0xD83D, 3) + encoded(0xDE00, 3)  # CESU-8
    yield from (encoded(code, 4) for code in (0x110000, 0x13FFFF, 0x1FFFFF))
    yield from (encoded(0x3FFFFFF, 5), encoded(0x7FFFFFFF, 6))
    for code in EDGES[2:]:
        whole = chr(code).encode()
        yield from (whole[:end] for end in range(1, len(whole)))
        yield from (whole[start:] for start in range(1, len(whole)))
        yield whole + whole[-1:]
    yield from (bytes([byte]) for byte in range(0x80, 0x100))


@pytest.mark.parametrize("place", ["text", "other", "key"])
def test_what_is_not_utf8_is_refused_wherever_it_is(
    tmp_path: Path, model: Path, inside: Inside, place: str
) -> None:
    spell: Callable[[bytes], bytes] = {
        "text": lambda data: b'{"text":"a' + data + b'"}',
        "other": lambda data: b'{"text":"a","o":["' + data + b'"]}',
        "key": lambda data: b'{"text":"a","' + data + b'":1}',
    }[place]
    lines = list(map(spell, malformed()))
    good = [spell(chr(code).encode()) for code in EDGES]
    (tmp_path / "in").write_bytes(b"\n".join([*lines, *good]))
    inside(
        *["relevance", "--model", model, "in", "-o", "out", "--on-error", "errors", "-q"]
    ).silent()
    errors = list(map(json.loads, (tmp_path / "errors").read_bytes().splitlines()))
    assert [error["line"] for error in errors] == list(range(1, len(lines) + 1))
    assert all("is not UTF-8; convert the file" in error["reason"] for error in errors)
    assert [base64.b64decode(error["raw_base64"]) for error in errors] == lines
    kept = (tmp_path / "out").read_bytes().split(b"\n")[:-1]
    assert all(added(*each) for each in zip(good, kept, strict=True))


def test_a_line_ends_at_a_line_feed_and_nowhere_else(
    tmp_path: Path, model: Path, inside: Inside
) -> None:
    texts = [f"play{character}jazz" for character in "\u2028\u2029\x85\x7f\ufeff\u200b\u00a0"]
    texts += ["play\0jazz", "play\vjazz", "play\x1cjazz", "play\njazz", "play\r\njazz"]
    lines = [json.dumps({"text": text}, ensure_ascii=False).encode() for text in texts]
    data = b"".join(line + b"\n" for line in lines)
    (tmp_path / "in").write_bytes(data)
    inside("relevance", "--model", model, "in", "-o", "out", "-q").silent()
    scored = (tmp_path / "out").read_bytes().split(b"\n")[:-1]
    assert all(added(*each) for each in zip(lines, scored, strict=True))


FORMS = {
    "a byte order mark": b'\xef\xbb\xbf{"x":1}\n{"x":2}\n',
    "a byte order mark alone": b"\xef\xbb\xbf",
    "carriage returns": b'{"x":1}\r\n{"x":2}\r\n',
    "blank lines": b'\n\n{"x":1}\n \n\t\r\n{"x":2}\n\n',
    "no last line feed": b'{"x":1}\n{"x":2}',
    "a line of white space without an end": b'{"x":1}\n{"x":2}\n  ',
    "all at once": b'\xef\xbb\xbf\r\n{"x":1}\r\n\r\n {"x":2}\t',
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_may_have(tmp_path: Path, inside: Inside, name: str) -> None:
    data = FORMS[name]
    lines = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    (tmp_path / "in").write_bytes(data)
    # A second file, so that what the first one ends with shows.
    (tmp_path / "in2").write_bytes(b'\xef\xbb\xbf{"x":3}\n')
    inside("select", "--by", "x", "in", "in2", "-o", "out", "-q").silent()
    assert (tmp_path / "out").read_bytes() == b"\n".join([*lines, b'{"x":3}', b""])


def test_lines_are_counted_with_blank_ones(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "one").write_bytes(b'\xef\xbb\xbf\n{"x":1}\n\n')
    (tmp_path / "two").write_bytes(b'\n{"x":1}\r\n\r\n\n{"x":}')
    inside("select", "--by", "x", "one", "two").refused(1, "two:5: not JSON")


@pytest.mark.parametrize(
    "text",
    ["a" * 2_000_000, "jazz " * 400_000, '"\n' * 500_000, "\u00e4\u2028" * 400_000],
    ids=["one word", "words", "escapes", "other scripts"],
)
def test_a_line_may_be_long(tmp_path: Path, model: Path, inside: Inside, text: str) -> None:
    old = {"text": text, "relevance": 1, "x": 2}
    lines = [json.dumps(each, ensure_ascii=False).encode() for each in (old, {"text": "a"}, old)]
    (tmp_path / "in").write_bytes(b"\n".join(lines))
    inside("relevance", "--model", model, "in", "-o", "out", "--sort", "-q").silent()
    (tmp_path / "out").rename(tmp_path / "once")
    inside("relevance", "--model", model, "once", "-o", "out", "--sort", "-q").silent()
    assert (tmp_path / "once").read_bytes() == (tmp_path / "out").read_bytes()
    found = [json.loads(line) for line in (tmp_path / "out").read_bytes().splitlines()]
    assert sorted(len(each["text"]) for each in found) == [1, len(text), len(text)]


@pytest.mark.parametrize(
    "line", [b'{"x":"' + b'\\"' * 3_000_000, b"[" * 5_000_000, b"x" * 9_000_000]
)
def test_a_long_line_that_is_wrong_is_refused_in_no_time(
    tmp_path: Path, inside: Inside, line: bytes
) -> None:
    (tmp_path / "in").write_bytes(line + b"\n")
    found = inside("select", "--by", "x", "in")
    found.refused(1, "in:1: ")
    assert len(found.err) < 300


@pytest.mark.parametrize("jobs", [1, 2])
def test_depth_is_judged_the_same_in_a_worker(tmp_path: Path, inside: Inside, jobs: int) -> None:
    odd = b'{"x":1,"v":%b"\\ud800"%b}\n' % (b"[" * 1023, b"]" * 1023)
    (tmp_path / "in").write_bytes(odd)
    inside("select", "--by", "x", "in", "-o", "out", "-q", "--jobs", jobs).silent()
    assert (tmp_path / "out").read_bytes() == odd


# -- fields -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b'{"meta":{"text":"play"}}', "meta.text"),
        (b'{"meta.text":"play","meta":{"text":5}}', "meta.text"),
        (b'{"a":{"b":{"c":"play"}}}', "a.b.c"),
        ('{"\u00e4":"play"}'.encode(), "\u00e4"),
        (b'{"\\u00e4":"play"}', "\u00e4"),
        (b'{"":"play"}', ""),
    ],
)
def test_a_text_is_found_by_its_field(
    tmp_path: Path, model: Path, inside: Inside, line: bytes, field: str
) -> None:
    (tmp_path / "in").write_bytes(line)
    inside("relevance", "--model", model, "in", "-o", "out", "-q", "--text-field", field).silent()
    assert added(line, (tmp_path / "out").read_bytes().removesuffix(b"\n"))


@pytest.mark.parametrize(
    "line", [b'{"a":1}', b'{"a":"b"}', b'{"a":["b"]}', b'{"a":null}', b'{"a":{}}', b'"a.b"', b"[]"]
)
def test_a_field_that_leads_nowhere_is_missing(tmp_path: Path, inside: Inside, line: bytes) -> None:
    (tmp_path / "in").write_bytes(line)
    found = inside("select", "--by", "a.b", "in")
    found.refused(1, "in:1: ")
    assert "field 'a.b' is missing" in found.err or "not a JSON object" in found.err


def test_scores_that_add_up_to_infinity_are_numbers_all_the_same(
    tmp_path: Path, inside: Inside
) -> None:
    lines = b'{"x":1e308}\n{"x":1.7e308}\n{"x":1e308}\n'
    (tmp_path / "in").write_bytes(lines)
    inside("select", "--by", "x", "in", "-o", "out", "-q", "--top-k", 1).silent()
    assert (tmp_path / "out").read_bytes() == b'{"x":1.7e308}\n'
