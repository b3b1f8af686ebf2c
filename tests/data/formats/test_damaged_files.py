"""Files of speech, n-best lists and translations, damaged anywhere: records, bad ones or an error.

Nothing else may come of them, and all records are JSON.
"""

import json
import math
from pathlib import Path
from typing import Any

import orjson
import pytest
from format_files import Reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataselect.data.formats.lines import Layout
from dataselect.data.formats.nbest import (
    espnet,
    fairseq,
    kaldi_nbest,
    marian,
    moses_nbest,
    nemo_nbest,
    srilm,
)
from dataselect.data.formats.nbest.json_results import azure, hyporadise, vosk
from dataselect.data.formats.parallel import tmx
from dataselect.data.formats.speech import ctm, kaldi, lhotse, stm, subtitles, whisper
from dataselect.data.input_files import Inputs
from dataselect.data.json_lines.json_values import encoded
from dataselect.data.records import BadRecord
from dataselect.errors import InputError

CUT: dict[str, Any] = {
    "id": "c",
    "start": 1.5,
    "type": "MonoCut",
    "supervisions": [
        {"id": "s", "recording_id": "r", "start": 0.1, "duration": 1, "text": "hi"},
        {"id": "t", "recording_id": "r", "start": 2, "duration": 1, "alignment": {"w": [["a", 1]]}},
    ],
}
SAMPLES: dict[str, tuple[Reader, str]] = {
    "azure": (
        azure.read,
        json.dumps({"Offset": 5, "NBest": [{"Confidence": 0.5, "Lexical": "é"}]}, indent=1),
    ),
    "ctm": (ctm.read, ";; x\nr A 0.1 0.2 hello 0.9\nr A 0.4 1e1 é\nr B 1 1 x\n"),
    "espnet": (espnet.read, "u-1 hello é\nu-2\n"),
    "fairseq": (
        fairseq.read,
        "S-1\ta\nT-1\tb\nH-1\t-0.5\tc\nD-1\t-0.5\tc\nP-1\t-1 -2\nH-0\t-1\té\n",
    ),
    "hyporadise": (hyporadise.read, json.dumps([{"input": ["a", "é"], "output": "b"}] * 2)),
    "kaldi": (kaldi.read, "a-1 hello é\nb\tx\nc\n"),
    "kaldi-nbest": (kaldi_nbest.read, "a-1 hello\na-2 é\nb-1\n"),
    "lhotse": (lhotse.read, json.dumps(CUT) + "\n" + json.dumps(CUT["supervisions"][0])),
    "marian": (marian.read, "0 ||| é b ||| 0-0 ||| WordScores= -1 ||| F0= -1 F1= 2 ||| -3\n" * 2),
    "moses-nbest": (moses_nbest.read, "0 ||| é ||| lm: -1 2 d= 3 g=4 ||| -1.5 ||| 0-0\n1 ||| a\n"),
    "nemo-nbest": (nemo_nbest.read, "é b\t-1.5\nc\t-2\n"),
    "srilm 1": (srilm.read, "NBestList1.0\n(-12) hello é\n"),
    "srilm 2": (
        srilm.read,
        "NBestList2.0\n(-1) a ( st: 0 et: 1 g: 0 a: 0 ) é ( st: 1 et: 2 g: 0 a: 0 )",
    ),
    "srilm 3": (srilm.read, "-1.5 -2 2 hello é\n-1 -1 0\n"),
    "srt": (subtitles.read_srt, "1\n00:00:01,000 --> 00:00:02,500\n<i>é</i>\nx\n\n2\n"),
    "stm": (stm.read, ";; x\nr A s 0.5 1.25 <o,f0> é b\n"),
    "tmx": (tmx.read, '<tmx><body><tu><tuv lang="a"><seg>é</seg></tuv></tu></body></tmx>'),
    "vosk": (vosk.read, json.dumps({"alternatives": [{"confidence": 1.5, "text": "é"}]}) * 2),
    "vtt": (subtitles.read_vtt, "WEBVTT\n\n00:01.000 --> 00:02.500\n<v A b>é &amp;</v>\n"),
    "whisper": (
        whisper.read,
        json.dumps({"language": "en", "segments": [{"start": 0, "end": 1.5, "text": " é"}]}),
    ),
}
PIECES = st.binary(max_size=4) | st.sampled_from(
    [b"\n", b"\t", b" ", b"9" * 400, b"-", b"1e999", b'"', b"{", b"]", b"\xff\xfe", b"\0", b"null"]
)


@pytest.mark.parametrize("name", SAMPLES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_file(name: str, tmp_path: Path, data: st.DataObject) -> None:
    if name == "tmx":
        pytest.importorskip("defusedxml", reason="the extra tmx is not installed")
    reader, sample = SAMPLES[name]
    content = sample.encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 6)))
        content = content[:start] + data.draw(PIECES) + content[end:]
    path = tmp_path / "text"
    path.write_bytes(content)
    try:
        items = list(reader(Inputs([str(path)]), Layout(list_size=2)))
    except InputError as error:
        assert str(path) in error.message  # noqa: PT017  any error of this kind will do
        return
    for item in items:
        if isinstance(item, BadRecord):
            assert str(item).startswith(f"{path}:")
        else:
            assert orjson.loads(encoded(item.fields))
            assert _is_finite(item.fields)


def _is_finite(value: Any) -> bool:
    """Whether all numbers are: JSON has null for those that are not."""
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
