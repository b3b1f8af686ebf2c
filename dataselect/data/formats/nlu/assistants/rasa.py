"""Rasa's training data: YAML with examples by intent, entities marked in the text.

- intent: book
  examples: |
    - to [Rome](city) from [LA]{"entity": "city", "role": "from", "value": "Los Angeles"}
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from dataselect.data.files.raw_files import open_raw
from dataselect.data.formats.lines import (
    Found,
    Item,
    Layout,
    SourceLine,
    document_of,
    unreadable,
)
from dataselect.data.formats.nlu.annotated import annotated, utterance
from dataselect.data.formats.nlu.assistants.rasa_markup import BLANKS, marked, unmarked
from dataselect.data.formats.nlu.canonical_forms import CanonicalForm, CanonicalForms, folded
from dataselect.data.formats.writers import RecordWriter
from dataselect.data.formats.yaml_document import (
    UNPRINTABLE,
    checked,
    line_of,
    mapping,
    parse_yaml,
    scalar,
    scalar_lines,
    sequence,
)
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import encoded
from dataselect.errors import InputError

_SHAPE = "a Rasa file holds 'nlu:' with '- intent:' and 'examples:'"
_NLU = re.compile(rb"^nlu[ \t]*:", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z_][\w./+-]*")
_NOT_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}  # in YAML 1.1


def recognizes(first: bytes) -> bool:
    """Whether a YAML file is of Rasa and has training data."""
    return _NLU.search(first) is not None


def files_of(folder: str) -> list[str]:
    """The YAML files below a folder that have training data; those of stories have none.

    Raises InputError for one that cannot be read.
    """
    found = []
    for path, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".yml", ".yaml")):
                whole = os.path.join(path, name)
                with open_raw(whole) as file:
                    if recognizes(file.read()):
                        found.append(whole)
    return found


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots` for each example, `metadata` where it has one.

    A value that a `synonym:` of the same file, or the markup, gives another name has that as
    `canonical`. Raises InputError for what is no YAML.
    """
    file = document_of(inputs)
    if file is None:
        return
    items = [
        mapping(item) for root in parse_yaml(file) for item in sequence(mapping(root).get("nlu"))
    ]
    if not items and not recognizes(file.raw):
        raise unreadable(file, f"another layout; {_SHAPE}")
    names = dict(_synonyms(items))
    for item in items:
        for example in _examples(item) if "intent" in item else ():
            raw = example.text.encode(errors="surrogatepass")
            line = SourceLine(file.source, example.line, raw)
            try:
                yield Found(line, _fields(item["intent"], example, names, layout.text_field))
            except ValueError as refusal:
                yield line.bad(refusal)


class _Example(NamedTuple):
    """An example with its markup, yet to be `checked`; `wrong`: why it is none.

    `metadata`: a node.
    """

    line: int
    text: str
    metadata: Any = None
    wrong: str = ""


def _examples(item: dict[str, Any]) -> Iterator[_Example]:
    """The examples of an intent, in either of their layouts."""
    node, common = item.get("examples"), item.get("metadata")
    if node is None:
        return
    if node.id == "mapping":
        wrong = "the examples are no list; write 'examples: |' and a line '- TEXT' for each"
        yield _Example(line_of(node), "", wrong=wrong)
    for each in sequence(node):
        inner = mapping(each)
        text = inner.get("text") if inner else each
        if text is not None and text.id == "scalar":
            yield _Example(line_of(each), text.value, inner.get("metadata", common))
        else:
            wrong = "an example is no text; quote it, or write 'text: ...'"
            yield _Example(line_of(each), "", wrong=wrong)
    for number, line in scalar_lines(node) if node.id == "scalar" else ():
        if line.startswith("-"):
            yield _Example(number, line[1:], common)
        elif line.strip():
            wrong = "the line does not begin with '-'; write '- TEXT'"
            yield _Example(number, line, wrong=wrong)


def _fields(
    intent_node: Any, example: _Example, names: dict[str, str], text_field: str
) -> dict[str, Any]:
    """The record of an example; `names`: of values by their synonyms. Raises ValueError."""
    if example.wrong:
        raise ValueError(example.wrong)
    intent = scalar(intent_node, "the intent")
    text, slots = unmarked(checked(example.text).strip(BLANKS))
    for each in slots:
        named = names.get(each["value"].lower())
        if named not in (None, each["value"]):
            each.setdefault("canonical", checked(named))
    metadata = _plain_value(example.metadata, set())
    more = {} if metadata is None else {"metadata": metadata}
    return utterance(text_field, text, intent, slots, **more)


def _synonyms(items: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Values in lower case, and the name that a file gives them, yet to be `checked`."""
    for item in items:
        node, name = item.get("examples"), item.get("synonym")
        if name is not None and node is not None and node.id == name.id == "scalar":
            for _, line in scalar_lines(node):
                if line.startswith("-"):
                    yield line[1:].strip(BLANKS).lower(), name.value


def _plain_value(node: Any, seen: set[int]) -> Any:
    """What a node holds, as JSON: every scalar is a string. Raises ValueError for aliases."""
    if node is None or node.id == "scalar":
        return None if node is None else checked(node.value)
    if id(node) in seen:
        raise ValueError("metadata with an alias (*); write it out")
    seen.add(id(node))
    if node.id == "sequence":
        return [_plain_value(each, seen) for each in node.value]
    return {checked(name): _plain_value(inner, seen) for name, inner in mapping(node).items()}


class RasaWriter(RecordWriter):
    """Examples by intent, in the order in which intents first appear; written at the end."""

    def __init__(self, layout: Layout) -> None:
        """Raises InputError for a table of values that gives one value several names."""
        self._text_field = layout.text_field
        self._synonyms = {} if layout.values is None else _names_in_rasa(layout.values)
        self._examples: dict[str, list[tuple[str, Any]]] = {}

    def write(self, fields: dict[str, Any]) -> bytes:
        """Hold an example back. Raises ValueError."""
        text, intent, slots = annotated(fields, self._text_field, requires_intent=True)
        example = marked(text, slots)
        if UNPRINTABLE.search(intent):
            raise ValueError(f"YAML cannot hold the intent {intent!r}; rename it")
        self._examples.setdefault(intent, []).append((example, fields.get("metadata")))
        return b""

    def finish(self) -> bytes:
        """The whole file."""
        lines = ['version: "3.1"', "nlu:"]
        for intent, examples in self._examples.items():
            lines.append(f"- intent: {_spelled(intent)}")
            if all(metadata is None for _, metadata in examples):
                lines += ["  examples: |", *[f"    - {example}" for example, _ in examples]]
                continue
            lines.append("  examples:")
            for example, metadata in examples:
                lines += ["  - text: |", f"      {example}"]
                if metadata is not None:
                    lines.append(f"    metadata: {encoded(metadata).decode()}")
        for name, values in self._synonyms.items():
            lines += [f"- synonym: {_spelled(name)}", "  examples: |"]
            lines += [f"    - {value}" for value in values]
        return "\n".join([*lines, ""]).encode()


def _spelled(name: str) -> str:
    """A name as YAML has it."""
    is_plain = _PLAIN.fullmatch(name) and name.lower() not in _NOT_TEXT
    return name if is_plain else encoded(name).decode()


def _names_in_rasa(table: CanonicalForms) -> dict[str, list[str]]:
    """Synonyms by their canonical form. Raises InputError.

    Rasa looks a value up whatever its slot, so that it has one canonical form in all of them.
    """
    named: dict[str, CanonicalForm] = {}
    for row in table.rows.values():
        known = named.setdefault(folded(row.value), row)
        if known.canonical != row.canonical:
            raise InputError(
                str(
                    row.line.bad(
                        f"value '{row.value}' is '{row.canonical}' in slot '{row.slot}', and "
                        f"'{known.canonical}' in slot '{known.slot}' in line {known.line.number}; "
                        "Rasa has one for all slots, give both the same"
                    )
                )
            )
        if wrong := UNPRINTABLE.search(row.value + row.canonical):
            raise InputError(str(row.line.bad(f"YAML cannot hold {wrong[0]!r}; remove it")))
    found: dict[str, list[str]] = {}
    for row in table.synonyms():
        values = found.setdefault(row.canonical, [])
        if row.value not in values:
            values.append(row.value)
    return found


def writer(layout: Layout) -> RecordWriter:
    """A writer of one file."""
    return RasaWriter(layout)
