"""N-best lists in JSON: Azure, Vosk and HyPoradise."""

import json
from pathlib import Path
from typing import Any

import pytest
from format_files import Reader, read_files

from dataselect.data.formats.nbest.json_results import azure, hyporadise, vosk
from dataselect.errors import InputError

PHRASE: dict[str, Any] = {
    "RecognitionStatus": "Success",
    "Offset": 5000000,
    "Duration": 12300000,
    "NBest": [
        {
            "Confidence": 0.9,
            "Lexical": "at two pm",
            "ITN": "at 2 PM",
            "MaskedITN": "at 2 PM",
            "Display": "At 2 PM.",
        },
        {"Confidence": 0.5, "Lexical": "at too pm", "Display": "At too PM."},
    ],
}
AZURE: dict[str, Any] = {
    "id": "call-0",
    "start": 0.5,
    "duration": 1.23,
    "nbest": [
        {
            "text": "at two pm",
            "score": 0.9,
            "itn": "at 2 PM",
            "maskeditn": "at 2 PM",
            "display": "At 2 PM.",
        },
        {"text": "at too pm", "score": 0.5, "display": "At too PM."},
    ],
}
RESULT = {
    "alternatives": [{"confidence": 211.5, "text": " one two"}, {"confidence": 9, "text": ""}]
}
VOSK: dict[str, Any] = {
    "id": "call-0",
    "nbest": [{"text": "one two", "score": 211.5}, {"text": "", "score": 9}],
}
EITHER = pytest.mark.parametrize(
    ("reader", "document", "record"),
    [(azure.read, PHRASE, AZURE), (vosk.read, RESULT, VOSK)],
    ids=["azure", "vosk"],
)


@EITHER
def test_documents_of_any_layout(
    tmp_path: Path, reader: Reader, document: Any, record: dict[str, Any]
) -> None:
    second = {**record, "id": "call-1"}
    line = json.dumps(document)
    assert read_files(reader, tmp_path, {"call.json": line}) == [record]
    assert read_files(reader, tmp_path, {"call.json": f"{line}\n\n{line}\n"}) == [record, second]
    indented = json.dumps(document, indent=2)
    assert read_files(reader, tmp_path, {"call.json": f"\n{indented}"}) == [record]
    twice = f"{indented}\n{indented}\n"
    assert read_files(reader, tmp_path, {"call.json": twice}) == [record, second]
    assert read_files(reader, tmp_path, {"call.json": ""}) == []


@EITHER
def test_one_bad_line_costs_one_record(
    tmp_path: Path, reader: Reader, document: Any, record: dict[str, Any]
) -> None:
    lines = [json.dumps(document), "{", json.dumps(document)]
    found = read_files(reader, tmp_path, {"call.jsonl": "\n".join(lines)})
    assert found[0] == record
    assert found[1].startswith("call.jsonl:2: not JSON")
    assert found[2]["nbest"] == record["nbest"]


@EITHER
def test_a_document_that_breaks_off_is_an_error(
    tmp_path: Path, reader: Reader, document: Any, record: dict[str, Any]
) -> None:
    content = json.dumps(document, indent=1)
    with pytest.raises(InputError, match=rf"call.json:{content.count(chr(10)) + 2}: not JSON"):
        read_files(reader, tmp_path, {"call.json": f"{content}\n{{ x"})
    with pytest.raises(InputError, match="an array, not a JSON object"):
        read_files(reader, tmp_path, {"call.json": "\n[\n]"})
    assert record


def test_a_batch_of_azure(tmp_path: Path) -> None:
    phrase = {
        "recognitionStatus": "Success",
        "offset": "PT0.5S",
        "offsetInTicks": 5000000.0,
        "durationInTicks": 12300000,
        "nBest": [
            {"confidence": 0.9, "lexical": "at two pm", "itn": "at 2 PM", "maskedITN": "at 2 PM"}
        ],
    }
    batch = {"source": "https://example.org/a.wav", "recognizedPhrases": [phrase, {}, phrase]}
    found = read_files(azure.read, tmp_path, {"call.json": json.dumps(batch, indent=1)})
    first = {name: value for name, value in AZURE["nbest"][0].items() if name != "display"}
    assert found[0] == {**AZURE, "nbest": [first]}
    assert found[1] == "call.json:1: no list 'NBest'; ask the service for detailed results"
    assert found[2]["id"] == "call-2"


@pytest.mark.parametrize(
    ("reader", "document", "why"),
    [
        (azure.read, {"RecognitionStatus": "NoMatch"}, "no list 'NBest'"),
        (azure.read, {"NBest": [{"Display": "Yes."}]}, "a candidate without 'Lexical'"),
        (azure.read, {"NBest": [{"Lexical": "a", "Confidence": "x"}]}, "'Confidence' is a string"),
        (azure.read, {**PHRASE, "Offset": -5}, "the start -5 is negative"),
        (vosk.read, {"text": "one"}, "no list 'alternatives'"),
        (vosk.read, {"alternatives": [{"confidence": 1}]}, "an alternative without 'text'"),
        (vosk.read, {"alternatives": [{"text": "a"}]}, "'confidence' is null"),
    ],
)
def test_what_is_no_list_is_bad(tmp_path: Path, reader: Reader, document: Any, why: str) -> None:
    [bad] = read_files(reader, tmp_path, {"a.json": json.dumps(document)})
    assert bad.startswith(f"a.json:1: {why}")


def test_hyporadise_is_padded_with_repeats(tmp_path: Path) -> None:
    content = json.dumps(
        [
            {"input": ["a b", "a c", "a b", "a b", "a c"], "output": "a b "},
            {"input": "a", "output": "b"},
            {"input": [], "output": "b"},
            {"input": ["a"]},
            {"input": ["é"], "output": ""},
        ],
        indent=4,
    )
    found = read_files(hyporadise.read, tmp_path, {"test.json": content})
    assert found[0] == {"id": "0", "ref": "a b", "nbest": [{"text": "a b"}, {"text": "a c"}]}
    assert [item.split(": ")[1] for item in found[1:4]] == [
        "'input' is no list of texts; HyPoradise has [{\"input\"",
        "'input' is no list of texts; HyPoradise has [{\"input\"",
        'another layout; HyPoradise has [{"input"',
    ]
    assert found[4] == {"id": "4", "ref": "", "nbest": [{"text": "é"}]}
    with pytest.raises(InputError, match="no array; HyPoradise has"):
        read_files(hyporadise.read, tmp_path, {"test.json": "{}"})


def test_recognizers() -> None:
    documents = {
        azure.recognizes: [json.dumps(PHRASE, indent=1), '{"recognizedPhrases":['],
        vosk.recognizes: [json.dumps(RESULT, indent=3)],
        hyporadise.recognizes: [json.dumps([{"input": ["a"], "output": "b"}])],
    }
    for recognizes, own in documents.items():
        for other in documents.values():
            for document in other:
                assert recognizes(document.encode()) is (document in own)
        assert recognizes(b"") is False
