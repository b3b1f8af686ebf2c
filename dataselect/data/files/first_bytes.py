"""What a file is that is no JSONL, told by its first bytes or line, and what to do with it."""

from __future__ import annotations

import json
import re

_WITH_PANDAS = "write it as JSONL with pandas: to_json(FILE, orient='records', lines=True)"
_BINARY = {
    b"PAR1": "Parquet data; name the file *.parquet, or give --from parquet",
    b"ARROW1": f"Arrow data; {_WITH_PANDAS}",
    b"\x80\x04\x95": f"a Python pickle; {_WITH_PANDAS}",
    b"Obj\x01": "Avro data; write it as JSONL",
    b"PK\x03\x04": "an Excel sheet, or zip data; save it as CSV, or unpack it before the pipe",
    b"\xd0\xcf\x11\xe0": "an Excel or Word file; save it as CSV or text",
    b"SQLite format 3": "an SQLite database; export a table as CSV",
    b"\x93NUMPY": "a NumPy array; records are lines of JSON",
    b"%PDF": "a PDF; take the text out of it first",
    b"RIFF": "audio or video; records are lines of JSON about it",
    b"fLaC": "audio; records are lines of JSON about it",
}
_NAME = re.compile(r"[^\W\d][\w .-]{0,39}", re.ASCII)
_SEMICOLONS = re.compile(r"[^\W\d]\w*(;[^\W\d]\w*)+", re.ASCII)


_RASA = re.compile(r"version *: *[\"']?[0-9.]+[\"']?|nlu *:")
_CONLL = re.compile(r"# *(id|sent_id|text|intent) *[:=].*|[^\t]+(\t[^\t]+)*\t(O|B-[^\t]+)")


def binary(first: bytes) -> str | None:
    """What a file is that is no text, and what to do; None where that is not known."""
    for magic, what in _BINARY.items():
        if first.startswith(magic):
            return what
    return None


def explained(reason: str, line: bytes, number: int) -> str:
    """Why a line was refused, or what the file is where it is the first and is no JSON."""
    if number == 1 and reason.startswith(("not JSON (", "an array,")):
        return other_format(line) or reason
    return reason


def other_format(first: bytes) -> str | None:
    """What a file is whose first line was refused as a JSON object, and what to do.

    None for a line that was meant to be one, or that is not known.

    >>> other_format(b"id,text,intent")
    'not JSON: this looks like CSV; name the file *.csv, or give --from csv'
    """
    try:
        line = first.decode().strip()
    except UnicodeDecodeError:
        return None
    match line[:1]:
        case "[":
            return "an array, not a JSON object; name the file *.json, or give --from json"
        case "{" if line == "{":
            return "not JSON: an object over several lines; put each on one: jq -c ."
        case "<":
            return "not JSON: this is XML or HTML; take the text out of it first"
    first_word = line.split()[0] if line else ""
    is_text = line[:1] == "," or first_word[:1].isalnum() or first_word[:1] in tuple("\"'¿¡([-#*")
    is_text &= line.replace("\t", " ").isprintable() and not _is_json(line)
    return f"not JSON: this looks like {_lines(line)}" if is_text else None


def is_object(first: bytes) -> bool:
    """Whether a line is a JSON object."""
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return line in ("NaN", "Infinity", "-Infinity")
    return True


def _lines(line: str) -> str:
    """What lines of text are, and what to do, by the first one."""
    if "|||" in line:
        return "an n-best list; give --from moses-nbest or marian"
    if _RASA.fullmatch(line):
        return f"training data of Rasa; {_named('rasa', 'yml')}"
    if _CONLL.fullmatch(line):
        return f"CoNLL; {_named('conll')}"
    for delimiter, kind in ("\t", "TSV"), (",", "CSV"):
        cells = line.split(delimiter)
        # pandas leaves the name of the index empty
        names = cells[1:] if not cells[0] else cells
        named = all(_NAME.fullmatch(cell.strip('"')) and cell == cell.strip() for cell in names)
        quoted = f'"{delimiter}' in line or f'{delimiter}"' in line
        if len(cells) > 1 and (named or quoted or delimiter == "\t"):
            layout = "" if named else " --no-header --columns NAME,NAME..."
            return f"{kind}; {_named(kind.lower())}{layout}"
    if _SEMICOLONS.fullmatch(line):
        return f"CSV with semicolons; {_named('csv')}"
    return f"plain text; {_named('text', 'txt')}, or moses for two files of translations"


def _named(name: str, suffix: str = "") -> str:
    return f"name the file *.{suffix or name}, or give --from {name}"
