"""Annotated utterances drawn from grammars: that of `dataselect demo`, and Home Assistant's.

The sentence templates of Home Assistant are those of the package `home-assistant-intents`; names of
rooms and devices, which every home has its own of, stand here.
"""

from __future__ import annotations

import json
import random
from importlib.resources import files
from importlib.util import find_spec
from typing import Any, NamedTuple

from common import Record

from dataselect.demo.grammar import Grammar, PortableRandom

_DEMO_UTTERANCES = 150  # an intent
_PACKAGE = "home_assistant_intents"
_ROOMS = {
    "en": "kitchen,living room,bedroom,bathroom,garage,office,hallway,guest room,basement,attic",
    "de": "küche,wohnzimmer,schlafzimmer,bad,garage,büro,flur,gästezimmer,keller,dachboden",
    "ru": "кухне,гостиной,спальне,ванной,гараже,кабинете,коридоре,подвале,мансарде,столовой",
    "zh-CN": "厨房,客厅,卧室,浴室,车库,书房,走廊,客房,地下室,阁楼",
}
_DEVICES = {
    "en": "ceiling fan,lamp,front door,dishwasher,coffee machine,air conditioner,tv,heater,robot",
    "de": "deckenventilator,lampe,haustür,spülmaschine,kaffeemaschine,klimaanlage,heizung,roboter",
    "ru": "вентилятор,лампа,входная дверь,посудомойка,кофеварка,кондиционер,телевизор,торшер",
    "zh-CN": "吊扇,台灯,前门,洗碗机,咖啡机,空调,电视,暖气,机器人",
}
_LANGUAGES = {"en": "English", "de": "German", "ru": "Russian", "zh-CN": "Chinese"}
_NAMED = "Home Assistant, {}"
ENGLISH = _NAMED.format(_LANGUAGES["en"])
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SIZE = 4_000  # utterances
_DEEPEST = 14  # rules within rules


class _Piece(NamedTuple):
    """Some words, and the slot that they are the value of."""

    text: str
    slot: str | None = None


def demo(seed: int, *, in_german: bool = False) -> list[Record]:
    """Utterances of the grammar that `dataselect demo` fills, evenly over its intents."""
    grammar, draw = Grammar.load("assistant.txt"), PortableRandom(seed, "paraphrase")
    found = []
    for intent, lines in grammar.intents.items():
        if in_german and all(line.german is None for line in lines):
            continue
        for _ in range(_DEMO_UTTERANCES):
            own = grammar.pair(intent, draw)[1] if in_german else grammar.utterance(intent, draw)
            slots = [slot._asdict() for slot in own.slots]
            found.append({"text": own.text, "intent": intent, "slots": slots})
    return found


def home_assistant() -> dict[str, list[Record]]:
    """Utterances of Home Assistant by the name of their language; none without the package."""
    if find_spec(_PACKAGE) is None:
        return {}
    return {_NAMED.format(name): _utterances(code) for code, name in _LANGUAGES.items()}


def _utterances(language: str, size: int = _SIZE) -> list[Record]:
    """Up to `size` distinct annotated utterances, evenly over the intents of several templates."""
    draw = random.Random(0)
    path = files(_PACKAGE) / "data" / f"{language}.json"
    filler = _Filler(json.loads(path.read_text(encoding="utf-8")), language, draw)
    intents = {
        intent: [data["sentences"] for data in found["data"] if data["sentences"]]
        for intent, found in filler.told["intents"].items()
    }
    names = [name for name, groups in intents.items() if sum(map(len, groups)) > 1]
    drawn: dict[tuple[str, str], Record] = {}
    for number in range(3 * size):
        intent = names[number % len(names)]
        template = draw.choice(draw.choice(intents[intent]))
        try:
            record = filler.record(template, intent)
        except (KeyError, RecursionError):  # a rule or list that only a home has
            continue
        if record["text"] and len(drawn) < size:
            drawn.setdefault((intent, record["text"]), record)
    return list(drawn.values())


class _Filler:
    """Fills templates: (a|b), [what may be left out], <rule>, {list:slot}, and (a;b), any order."""

    def __init__(self, told: dict[str, Any], language: str, draw: random.Random) -> None:
        """`told`: the templates of the package."""
        self.told, self._draw = told, draw
        self._rooms, self._devices = (names[language].split(",") for names in (_ROOMS, _DEVICES))
        self._spaced = language != "zh-CN"

    def record(self, template: str, intent: str) -> Record:
        """A template with values, annotated. Raises KeyError for what is not told."""
        text, slots = "", []
        for piece in self._either(template, 0):
            words = " ".join(piece.text.split()) if piece.slot else piece.text
            if words == " " and (not text or text.endswith(" ")):
                continue
            if piece.slot and words:
                if self._spaced and text and text[-1].isalnum():
                    text += " "
                end = len(text) + len(words)
                slots.append({"slot": piece.slot, "start": len(text), "end": end, "value": words})
            text += words
        return {"text": text.rstrip(), "intent": intent, "slots": slots}

    def _either(self, template: str, depth: int) -> list[_Piece]:
        if depth > _DEEPEST:
            raise RecursionError
        in_any_order = _split(template, ";")
        if len(in_any_order) > 1:
            self._draw.shuffle(in_any_order)
            found = [piece for part in in_any_order for piece in self._both(part, depth)]
            return found[:-1]
        return self._all(self._draw.choice(_split(template, "|")), depth)

    def _both(self, part: str, depth: int) -> list[_Piece]:
        """A part and the space behind it."""
        return [*self._either(part, depth + 1), _Piece(" ")]

    def _all(self, template: str, depth: int) -> list[_Piece]:
        found, start = [], 0
        while start < len(template):
            opening = template[start]
            if opening not in _CLOSING:
                found.append(_Piece(opening))
                start += 1
                continue
            end = _closing(template, start)
            inside = template[start + 1 : end]
            start = end + 1
            if opening == "{":
                found.append(self._value(inside))
            elif opening == "<":
                found += self._either(self.told["expansion_rules"][inside], depth + 1)
            elif opening == "(" or self._draw.random() < 1 / 2:
                found += self._either(inside, depth + 1)
        return found

    def _value(self, reference: str) -> _Piece:
        name, _, slot = reference.partition(":")
        slot = slot or name
        told = self.told["lists"].get(name, {})
        if name in ("area", "floor"):
            return _Piece(self._draw.choice(self._rooms), slot)
        if "range" in told:
            first, last = (int(told["range"][end]) for end in ("from", "to"))
            return _Piece(str(self._draw.randint(first, last)), slot)
        if "values" in told:
            value = self._draw.choice(told["values"])
            spoken = value if isinstance(value, str) else value["in"]
            return _Piece("".join(piece.text for piece in self._either(spoken, 0)), slot)
        device = self._draw.choice(self._devices)
        return _Piece(device if name == "name" else f"{device} {self._draw.randint(1, 9)}", slot)


def _closing(template: str, start: int) -> int:
    """Where what opens at `start` closes."""
    depth = 0
    for place in range(start, len(template)):
        depth += template[place] == template[start]
        depth -= template[place] == _CLOSING[template[start]]
        if depth == 0:
            return place
    raise KeyError(template)


def _split(template: str, separator: str) -> list[str]:
    """The parts between separators that stand outside of brackets."""
    found, depth = [""], 0
    for character in template:
        depth += (character in _CLOSING) - (character in _CLOSING.values())
        if character == separator and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return found
