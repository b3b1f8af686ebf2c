"""Exports of Dialogflow ES: utterances in pieces, a file for each intent and language.

intents/Book.json: {"name": "Book", ...}
intents/Book_usersays_en.json: [{"data": [{"text": "to "}, {"text": "Rome", "alias": "city",
"meta": "@city"}], "isTemplate": false}]
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from dataselect.data.formats.json_document import parse_document
from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.nlu.annotated import in_pieces, utterance
from dataselect.data.formats.nlu.assistants.exported_files import ZIP, exported_files
from dataselect.data.input_files import Inputs

_SHAPE = 'a file of usersays holds [{"data": [{"text": ..., "alias": ..., "meta": ...}]}]'
_USERSAYS = re.compile(r"(?P<intent>.+)_usersays_(?P<language>[\w-]+)\.json")
_IGNORED = "@sys.ignore"
_BEGIN = re.compile(rb'\s*\[\s*\{(?:\s*"id"\s*:\s*"[^"]*"\s*,)?\s*"data"\s*:\s*\[\s*\{\s*"text"')


def recognizes(first: bytes) -> bool:
    """Whether a JSON file has the utterances of an intent, or an archive is of Dialogflow."""
    is_export = first.startswith(ZIP) and b"agent.json" in first
    return is_export or _BEGIN.match(first) is not None


def files_of(folder: str) -> list[str]:
    """The files of intents and their utterances, in a folder that has `intents/`."""
    intents = os.path.join(folder, "intents")
    names = sorted(os.listdir(intents)) if os.path.isdir(intents) else []
    if not any(_USERSAYS.fullmatch(name) for name in names):
        return []
    return [os.path.join(intents, name) for name in names if name.endswith(".json")]


def read(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots`, `language` for each utterance.

    The intent has the name in its own file where that is read, else that of the file. Raises
    InputError for a file of another layout.
    """
    intents: dict[str, str] = {}
    for path, file in exported_files(inputs, re.compile(r"(.*/)?intents/[^/]+\.json")):
        stem = os.path.join(os.path.dirname(path), "")
        file_name = _USERSAYS.fullmatch(os.path.basename(path))
        document = parse_document(file, _SHAPE)
        if isinstance(document.value, dict) and file_name is None:
            name = document.value.get("name")
            intents[path.removesuffix(".json")] = name if isinstance(name, str) else ""
            continue
        if not isinstance(document.value, list):
            raise document.refused("another layout")
        own = os.path.basename(path).removesuffix(".json") if file_name is None else file_name[1]
        kept = {} if file_name is None else {"language": file_name["language"]}
        intent = intents.get(stem + own) or own
        for line, said in document.elements(document.value):
            make = partial(_fields, intent, said, layout.text_field, kept)
            yield document.record(line, make)


def _fields(intent: str, said: Any, text_field: str, kept: dict[str, str]) -> dict[str, Any]:
    text, slots = in_pieces(said["data"], _named)
    template = {"template": True} if said.get("isTemplate") else {}
    return utterance(text_field, text, intent, slots, **kept, **template)


def _named(piece: Any) -> tuple[str, str | None] | None:
    entity = piece.get("meta")
    name = piece.get("alias", entity)
    if not name or entity == _IGNORED:
        return None
    return name.removeprefix("@"), None if entity is None else entity.removeprefix("@")
