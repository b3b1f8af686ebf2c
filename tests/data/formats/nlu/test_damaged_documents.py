"""Documents with one value of another type: a bad record, or the file is refused, in a line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from format_files import Reader
from nlu_files import read_files

from dataselect.data.formats.nlu import massive
from dataselect.data.formats.nlu.assistants import alexa, dialogflow, luis, rasa, snips, snips_yaml
from dataselect.errors import InputError

PIECES = [{"text": "to "}, {"text": "Rome", "entity": "city", "slot_name": "to"}]
ENTITY = {"entity": "city", "startPos": 0, "endPos": 1, "role": "to"}
PLACED = {"category": "city", "offset": 0, "length": 1}
SAID = {"text": "to Rome", "intent": "book"}
MARKED = {"text": "to [Rome](city)", "metadata": {"a": "b"}}
DOCUMENTS: dict[str, tuple[Reader, Any]] = {
    "snips": (snips.read, {"book": [{"data": PIECES}]}),
    "snips-nlu": (snips.read, {"intents": {"book": {"utterances": [{"data": PIECES}]}}}),
    "luis": (luis.read_luis, {"utterances": [SAID | {"entities": [ENTITY]}]}),
    "clu": (luis.read_clu, {"assets": {"utterances": [SAID | {"entities": [PLACED]}]}}),
    "dialogflow": (dialogflow.read, [{"data": [{"text": "a", "alias": "b", "meta": "@c"}]}]),
    "alexa": (
        alexa.read_alexa,
        {"interactionModel": {"languageModel": {"intents": [{"name": "i", "samples": ["{a}"]}]}}},
    ),
    "lex": (alexa.read_lex, {"name": "i", "sampleUtterances": [{"utterance": "a {b}"}]}),
    "massive": (massive.read, {"id": 1, "utt": "a b", "annot_utt": "a [x : b]", "intent": "i"}),
    "rasa": (rasa.read, {"nlu": [{"intent": "i", "examples": [MARKED]}]}),
    "snips-yaml": (
        snips_yaml.read,
        {
            "type": "intent",
            "name": "i",
            "slots": [{"name": "a", "entity": "b"}],
            "utterances": ["[a](c)"],
        },
    ),
}
JUNK: list[Any] = [None, True, 7, -1, 1e300, "", "x", "\x00", [], [1], [[]], {}, {"x": 1}]


def mutants(value: Any) -> Iterator[Any]:
    """A value with each of its parts in turn replaced by junk, or left out."""
    yield from JUNK
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {other: each for other, each in value.items() if other != name}
            for each in mutants(inner):
                yield value | {name: each}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            for each in mutants(inner):
                yield [*value[:at], each, *value[at + 1 :]]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_value_of_another_type(name: str, tmp_path: Path) -> None:
    reader, document = DOCUMENTS[name]
    good, bad = read_files(reader, tmp_path, orjson.dumps(document))  # YAML, too
    assert (len(good), bad) == (1, [])
    said = 0
    for mutant in mutants(document):
        try:
            good, bad = read_files(reader, tmp_path, orjson.dumps(mutant))
        except InputError as error:
            good, bad = [], [str(error).replace(f"{tmp_path}/", "")]
        said += len(bad)
        assert all(each.startswith("f0:1: ") and each.count("\n") == 0 for each in bad)
        for item in good:
            orjson.dumps(item.fields)
            for field in ("text", "intent"):
                assert isinstance(item.fields[field], str)
                assert item.fields[field].strip()
            assert all(slot["start"] < slot["end"] for slot in item.fields["slots"])
    assert said > 10
