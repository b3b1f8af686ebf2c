"""What a writer of annotated utterances accepts, its reader gives back; the rest is refused."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from format_files import Reader
from hypothesis import given
from hypothesis import strategies as st
from nlu_files import Writer, fields, written

from dataselect.data.formats.nlu import bio, conll
from dataselect.data.formats.nlu.assistants import rasa, snips

FORMATS: dict[str, tuple[Reader, Sequence[Writer]]] = {
    "rasa": (rasa.read, [rasa.writer]),
    "snips": (snips.read, [snips.writer]),
    "conll": (conll.read, [conll.writer]),
    "bio": (bio.read, [bio.tokens_writer, bio.tags_writer, bio.label_writer]),
}
# Letters, and what is markup or white space in one of the formats.
LETTERS = "ab é日\U0001f3b5[](){}:#-'\"\\|,. \t\n\r\u00a0\u2028\x85\x1f\u200d\0\ufeff\x07"
MARKUP = """  /e\u0301/# text: /[x](y)/{"entity": "z"}/- /O/B-x/intent:/null/yes/-DOCSTART-"""
PIECES = st.sampled_from([*LETTERS, *MARKUP.split("/")])
TEXTS = st.lists(PIECES, min_size=1, max_size=8).map("".join)
NAMES = st.sampled_from(
    [*("a", "a/b", "yes", "null", "a b", "a:b", "a)b", "é", "{}", "1", "a\nb"), *"O-\x07\u2028 "]
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A record with slots at any edges that do not overlap."""
    text = draw(TEXTS)
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=4)))
    slots = [
        {"slot": draw(NAMES), "start": start, "end": end, "value": text[start:end]}
        for start, end in zip(edges[::2], edges[1::2], strict=False)
    ]
    return {"text": text, "intent": draw(NAMES), "slots": slots}


@pytest.mark.parametrize("name", FORMATS)
@given(made=st.lists(records(), min_size=1, max_size=6))
def test_records_come_back_or_are_refused(name: str, made: list[dict[str, Any]]) -> None:
    reader, writers = FORMATS[name]
    kept = []
    for record in made:
        try:
            written([record], *writers)
        except ValueError:
            continue
        kept.append(record)
    if name in ("rasa", "snips"):
        intents = list(dict.fromkeys(record["intent"] for record in kept))
        kept.sort(key=lambda record: intents.index(record["intent"]))
    with tempfile.TemporaryDirectory() as folder:
        back = fields(reader, Path(folder), *written(kept, *writers)) if kept else []
    assert back == kept


PLAIN: list[dict[str, Any]] = [
    {"text": "play Adèle", "intent": "PlayMusic", "slots": []},
    {
        "text": "wake me at 5 😀 please",
        "intent": "alarm/set",
        "slots": [{"slot": "time", "start": 8, "end": 12, "value": "at 5"}],
    },
    {"text": "🎵", "intent": "yes", "slots": [{"slot": "s", "start": 0, "end": 1, "value": "🎵"}]},
]


@pytest.mark.parametrize("name", FORMATS)
def test_plain_records_are_never_refused(name: str, tmp_path: Path) -> None:
    reader, writers = FORMATS[name]
    assert fields(reader, tmp_path, *written(PLAIN, *writers)) == PLAIN
