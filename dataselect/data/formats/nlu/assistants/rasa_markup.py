"""Rasa's markup of entities: `[Rome](city)`, `[LA]{"entity": "city", "value": "Los Angeles"}`."""

from __future__ import annotations

import json
import re
from typing import Any

from dataselect.data.formats.lines import filled
from dataselect.data.formats.nlu.annotated import slot
from dataselect.data.formats.yaml_document import UNPRINTABLE

BLANKS = "\n\r "  # that Rasa strips from examples
_ENTITY = re.compile(
    r"\[(?P<text>[^\]]+?)\]"
    r"(?:\((?P<entity>[^:)]+?)(?::(?P<value>[^)]+))?\)|\{(?P<one>[^}]+?)\}|\[(?P<several>.*?)\])"
)


def unmarked(example: str) -> tuple[str, list[dict[str, Any]]]:
    """An example's text without its markup, and its slots. Raises ValueError.

    >>> unmarked("to [LA](city:Los Angeles)")[1]
    [{'slot': 'city', 'start': 3, 'end': 5, 'value': 'LA', 'canonical': 'Los Angeles'}]
    """
    text, at = "", 0
    slots: list[dict[str, Any]] = []
    for match in _ENTITY.finditer(example):
        text += example[at : match.start()]
        start, at = len(text), match.end()
        text += match["text"]
        entity = _entity(match)
        canonical = entity.get("value")
        found = slot(
            filled(str(entity.get("entity") or ""), f"the entity of '{match['text']}'"),
            text,
            start,
            len(text),
            canonical=None if canonical == match["text"] else canonical,
            role=entity.get("role") or None,
            group=entity.get("group") or None,
        )
        slots.append(found)
    return text + example[at:], slots


def _entity(match: re.Match[str]) -> dict[str, Any]:
    if match["entity"]:
        return {"entity": match["entity"], "value": match["value"]}
    spelled = f"{{{match['one']}}}" if match["one"] else match["several"]
    try:
        entity = json.loads(spelled)
    except ValueError as error:
        if "Extra data" in str(error):
            why = "has several entities, where a slot is one; keep one"
            raise ValueError(f"'{match['text']}' {why}") from None
        entity = None
    if not isinstance(entity, dict):
        raise ValueError(
            f"the markup of '{match['text']}' is not JSON: {spelled}; "
            'write {"entity": "TYPE", "value": "VALUE"}'
        )
    return entity


def marked(text: str, slots: list[dict[str, Any]]) -> str:
    """A text with its slots marked. Raises ValueError for what Rasa would read as something else.

    >>> marked("to Rome", [{"slot": "city", "start": 3, "end": 7, "value": "Rome"}])
    'to [Rome](city)'
    """
    own = [_known(each, text) for each in slots]
    pieces, at = [], 0
    for each in own:
        pieces += [text[at : each["start"]], f"[{each['value']}]{_attributes(each)}"]
        at = each["end"]
    example = "".join([*pieces, text[at:]])
    if len(example.splitlines()) > 1 or text.strip(BLANKS) != text:
        raise ValueError(
            "a line break, or blanks that Rasa strips, in the text; remove them, or skip it with "
            "--on-error skip"
        )
    if wrong := UNPRINTABLE.search(example):
        raise ValueError(f"YAML cannot hold the character {wrong[0]!r} of the text; remove it")
    if unmarked(example) != (text, own):
        raise ValueError(
            f"Rasa would read {example!r} as another text or other entities; change its brackets"
        )
    return example


def _known(each: dict[str, Any], text: str) -> dict[str, Any]:
    """A slot as `unmarked` would read it."""
    start, end, canonical = each["start"], each["end"], each.get("canonical")
    return slot(
        each["slot"],
        text,
        start,
        end,
        canonical=None if canonical == text[start:end] else canonical or None,
        role=each.get("role") or None,
        group=each.get("group") or None,
    )


def _attributes(each: dict[str, Any]) -> str:
    entity = {
        "entity": each["slot"],
        "role": each.get("role"),
        "group": each.get("group"),
        "value": each.get("canonical"),
    }
    if not any([*entity.values()][1:]) and not re.search("[:)]", each["slot"]):
        return f"({each['slot']})"
    given = {name: inner for name, inner in entity.items() if inner}
    return "{" + json.dumps(given, ensure_ascii=False)[1:-1].replace("}", "\\u007d") + "}"
