"""MASSIVE and SLURP: brackets against the sentence."""

from pathlib import Path

import orjson
import pytest
from nlu_files import fields, read_files

from dataselect.data.formats.nlu import massive

MASSIVE = {
    "id": "0",
    "locale": "de-DE",
    "partition": "test",
    "scenario": "alarm",
    "intent": "alarm_set",
    "utt": "weck mich diese woche um fünf uhr auf",
    "annot_utt": "weck mich [date : diese woche] um [time : fünf uhr] auf",
    "worker_id": "8",
    "judgments": [{"intent_score": 1}],
}
SLURP = {
    "slurp_id": 13804,
    "sentence": "order from  the deli",
    "sentence_annotation": "order from [business_name : the deli ]",
    "action": "order",
    "scenario": "takeaway",
    "tokens": [{"surface": "order", "id": 0}],
}


def test_both_layouts_are_read_and_other_fields_kept(tmp_path: Path) -> None:
    lines = b"\n".join([orjson.dumps(MASSIVE), b"", orjson.dumps(SLURP)])
    assert fields(massive.read, tmp_path, lines) == [
        {
            "id": "0",
            "text": "weck mich diese woche um fünf uhr auf",
            "intent": "alarm_set",
            "slots": [
                {"slot": "date", "start": 10, "end": 21, "value": "diese woche"},
                {"slot": "time", "start": 25, "end": 33, "value": "fünf uhr"},
            ],
            "locale": "de-DE",
            "partition": "test",
            "scenario": "alarm",
            "worker_id": "8",
            "judgments": [{"intent_score": 1}],
        },
        {
            "id": 13804,
            "text": "order from  the deli",
            "intent": "takeaway_order",
            "slots": [{"slot": "business_name", "start": 12, "end": 20, "value": "the deli"}],
            "action": "order",
            "scenario": "takeaway",
            "tokens": [{"surface": "order", "id": 0}],
        },
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"utt": "weck mich"}, "f0:1: the text is 'weck mich', but the annotation has 'weck mich "),
        ({"utt": "", "annot_utt": ""}, "f0:1: the text is empty"),
        ({"utt": None}, "f0:1: 'utt' and 'annot_utt' have to be strings"),
        ({"utt": "weck", "annot_utt": "we[x : ]ck"}, "f0:1: slot 'x' is empty"),
    ],
)
def test_an_annotation_of_another_text_is_bad(
    change: dict[str, str], message: str, tmp_path: Path
) -> None:
    lines = [orjson.dumps(MASSIVE | change), b'{"text": "a"}', orjson.dumps(MASSIVE), b"{"]
    good, bad = read_files(massive.read, tmp_path, b"\n".join(lines))
    assert len(good) == 1
    assert [each[:4] for each in bad] == ["f0:1", "f0:2", "f0:4"]
    assert bad[0].startswith(message)
    assert "no field 'annot_utt'" in bad[1]
