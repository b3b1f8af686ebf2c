"""Sample utterances of Alexa skills and Lex V2 bots: templates with slots in braces.

Alexa: {"interactionModel": {"languageModel": {"intents": [{"name", "samples": ["play {song}"]}]}}}
Lex: {"name", "sampleUtterances": [{"utterance": "book a {RoomType}"}]}, a file for each intent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from dataselect.data.formats.json_document import parse_document, read_document
from dataselect.data.formats.lines import Item, Layout
from dataselect.data.formats.nlu.annotated import slot, utterance
from dataselect.data.formats.nlu.assistants.exported_files import ZIP, exported_files
from dataselect.data.input_files import Inputs

_ALEXA = (
    'an interaction model holds {"interactionModel": {"languageModel": {"intents": [{"name": ..., '
    '"samples": [...]}]}}}'
)
_LEX = 'an intent of Lex holds {"name": ..., "sampleUtterances": [{"utterance": ...}]}'
_ALEXA_BEGIN = re.compile(rb'\s*\{\s*"(?:interactionModel|languageModel)"\s*:\s*\{')
_LEX_BEGIN = re.compile(rb'"sampleUtterances"\s*:\s*(?:null|\[\s*(?:\]|\{\s*"utterance"))')
_SLOT = re.compile(r"\{\s*(\w[\w.-]*)\s*\}")


def recognizes_alexa(first: bytes) -> bool:
    """Whether a JSON file is an interaction model."""
    return _ALEXA_BEGIN.match(first) is not None


def recognizes_lex(first: bytes) -> bool:
    """Whether a JSON file is an intent of Lex V2, or an archive an export of bots."""
    is_export = first.startswith(ZIP) and b"BotLocales/" in first
    return is_export or (first.lstrip()[:1] == b"{" and _LEX_BEGIN.search(first) is not None)


def files_of(folder: str) -> list[str]:
    """The intents in the folder of an unpacked export of Lex, which are called Intent.json."""
    found = []
    for path, folders, names in os.walk(folder):
        folders.sort()
        if "Intent.json" in names:
            found.append(os.path.join(path, "Intent.json"))
    return found


def read_alexa(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots`, `template` for each sample.

    Slots stay in the text as they are marked. Raises InputError for another layout.
    """
    if (document := read_document(inputs, _ALEXA)) is None:
        return
    try:
        model = document.value.get("interactionModel", document.value)
        intents = [
            (each["name"], each.get("samples") or []) for each in model["languageModel"]["intents"]
        ]
        samples_are_lists = all(isinstance(samples, list) for _, samples in intents)
    except (AttributeError, KeyError, TypeError):
        samples_are_lists = False
    if not samples_are_lists:
        raise document.refused("another layout") from None
    for intent, samples in intents:
        for line, sample in document.elements(samples):
            make = partial(_fields, intent, sample, layout.text_field)
            yield document.record(line, make)


def read_lex(inputs: Inputs, layout: Layout) -> Iterator[Item]:
    """A record text, `intent`, `slots`, `template` for each sample utterance of an intent.

    Slots stay in the text as they are marked. Raises InputError for another layout.
    """
    for _, file in exported_files(inputs, re.compile(r"(.*/)?Intent\.json")):
        document = parse_document(file, _LEX)
        value = document.value if isinstance(document.value, dict) else {}
        intent, samples = value.get("name", value.get("intentName")), value.get("sampleUtterances")
        if intent is None or not isinstance(samples or [], list):
            raise document.refused("another layout")
        for line, sample in document.elements(samples or []):
            make = partial(_lex_fields, intent, sample, layout.text_field)
            yield document.record(line, make)


def _lex_fields(intent: str, sample: Any, text_field: str) -> dict[str, Any]:
    return _fields(intent, sample["utterance"], text_field)


def _fields(intent: str, template: str, text_field: str) -> dict[str, Any]:
    """The record of a template. Raises ValueError, and TypeError for what is no text."""
    slots = [
        slot(match[1], template, match.start(), match.end()) for match in _SLOT.finditer(template)
    ]
    return utterance(text_field, template, intent, slots, template=True)
