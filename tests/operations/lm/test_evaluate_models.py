"""`lm eval`: perplexity, unknown words and n-gram hits, by arrays and by KenLM; the command."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import NEEDS_KENLM, Inside, Shell, kenlm_model
from small_models import ARPA, BINARY

from dataselect.errors import InputError, WorkerError
from dataselect.models.language_model.scoring.kenlm_process import KenlmProcess
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.models.language_model.scoring.perplexity import PerplexityCounts

BOTH = ["lm.arpa", pytest.param("lm.bin", marks=NEEDS_KENLM)]
TEXTS = ["play some blues", "please play rock now"]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    (tmp_path / "lm.arpa").write_text(ARPA)
    (tmp_path / "lm.bin").write_bytes(BINARY)
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in TEXTS))
    return tmp_path


@pytest.mark.parametrize("name", BOTH)
def test_figures_are_those_of_kenlm_query(world: Path, name: str) -> None:
    """Word by word, KenLM's `query` gives these lengths and log10 probabilities:

    play 2 -0.409, some 3 -0.381, blues 1 -1.551, </s> 2 -0.217; please 1 -1.250, play 1 -1.250,
    rock unknown -1.505, now unknown -1.204, </s> 1 -0.673. There are 15 and 20 characters.
    """
    evaluation = PerplexityCounts(str(world / name))
    evaluation.add(TEXTS)
    total = -2.5589538 - 5.881666
    bits = -total / math.log10(2)
    hits = {"1": 4, "2": 2, "3": 1}
    found = evaluation.describe()
    assert (found.pop("lm"), found.pop("hits")) == (str(world / name), hits)
    assert found == pytest.approx(
        {
            "order": 3,
            "sentences": 2,
            "words": 7,
            "characters": 35,
            "oov": 2,
            "oov_rate": 2 / 7,
            "log10": total,
            "perplexity": 8.666558255064148,
            "perplexity_known": 6.588161864959759,
            "shared": 7,
            "perplexity_shared": 6.588161864959759,
            "bits_per_word": bits / 9,
            "bits_per_character": bits / 37,
        },
        rel=1e-6,
    )


def test_perplexity_is_that_of_kenlms_python_module(world: Path) -> None:
    path = str(world / "lm.arpa")
    model = kenlm_model(path)
    for text in TEXTS:
        evaluation = PerplexityCounts(path)
        evaluation.add([text])
        found = evaluation.describe()["perplexity"]
        assert found == pytest.approx(model.perplexity(text), rel=1e-6)


@pytest.mark.parametrize("name", BOTH)
def test_batches_make_no_difference(world: Path, name: str) -> None:
    together, apart = [PerplexityCounts(str(world / name)) for _ in range(2)]
    together.add(TEXTS)
    for text in TEXTS:
        apart.add([])
        apart.add([text])
    assert apart.describe() == together.describe() | {
        name: pytest.approx(value)
        for name, value in together.describe().items()
        if isinstance(value, float)
    }


def test_a_model_of_single_words_by_hand(tmp_path: Path) -> None:
    r"""'a b c': 0.5, <unk>'s 0.1 twice, and the end's 0.4, which multiply to 0.002."""
    lines = [r"\data\ ", "ngram 1=4", "", r"\1-grams:", "-1\t<unk>", "-99\t<s>"]
    lines += [f"{math.log10(p)}\t{word}" for p, word in ((0.5, "a"), (0.4, "</s>"))]
    path = tmp_path / "lm.arpa"
    path.write_text("\n".join([*lines, "", r"\end\ ", ""]).replace("\\ ", "\\"))
    evaluation = PerplexityCounts(str(path))
    evaluation.add(["a b c"])
    found = evaluation.describe()
    assert found["perplexity"] == pytest.approx(0.002 ** (-1 / 4))
    assert found["perplexity_known"] == pytest.approx(0.2 ** (-1 / 2))
    assert (found["oov"], found["hits"]) == (2, {"1": 2})


# The command.


def evaluated(found: bytes | str) -> list[dict[str, Any]]:
    models: list[dict[str, Any]] = json.loads(found)["models"]
    return models


TABLE = """\
                                lm.arpa       lm.bin
sentences                             2            2
words                                 7            7
unknown words               2 (28.57 %)  2 (28.57 %)
log10 probability                -8.441       -8.441
perplexity                        8.667        8.667
perplexity, known words           6.588        6.588
perplexity, words all know        6.588        6.588
bits per word                     3.115        3.115
bits per character                0.758        0.758
by 1-grams                  4 (57.14 %)  4 (57.14 %)
by 2-grams                  2 (28.57 %)  2 (28.57 %)
by 3-grams                  1 (14.29 %)  1 (14.29 %)

perplexity, bits per word: of words and sentence ends
bits per character: of characters, spaces included, and sentence ends
by n-grams: known words and sentence ends, by the longest n-gram that predicted them
"""


@NEEDS_KENLM
def test_table_of_several_models(world: Path, shell: Shell) -> None:
    found = shell("dataselect lm eval --lm lm.arpa --lm lm.bin < texts.jsonl")
    assert (found.code, found.out.decode()) == (0, TABLE)
    assert found.err == "dataselect: evaluated 2 of 2 records\n"


def test_json_and_report_say_the_same(world: Path, inside: Inside) -> None:
    options = ["--format", "json", "-o", "out.json", "--report", "report.json", "-q"]
    inside("lm", "eval", "--lm", "lm.arpa", "texts.jsonl", *options).silent()
    models = evaluated((world / "out.json").read_bytes())
    assert [each["oov"] for each in models] == [2]
    report = json.loads((world / "report.json").read_text())
    assert report["lm eval"]["models"] == models
    assert report["counts"] == {"read": 2, "kept": 2, "dropped": 0, "errors": 0}


def test_models_that_know_other_words_are_warned_of(world: Path, inside: Inside) -> None:
    small = ARPA.replace("ngram 1=9", "ngram 1=10").replace(
        "-0.9488475\tplease", "-0.9488475\trock\t0\n-0.9488475\tplease"
    )
    (world / "rock.arpa").write_text(small)
    found = inside("lm", "eval", "--lm", "lm.arpa", "--lm", "rock.arpa", "texts.jsonl", "-o", "out")
    assert "warning: the models lack different words (2, 1 unknown)" in found.err


def test_bad_records_are_left_out_and_counted(world: Path, inside: Inside) -> None:
    with (world / "texts.jsonl").open("a") as file:
        file.write('{"text": 3}\n{\n')
    run = ["lm", "eval", "--lm", "lm.arpa", "texts.jsonl", "-o", "out", "--format", "json"]
    inside(*run).refused(1, "texts.jsonl:3: field 'text' is a number")
    assert not (world / "out").exists()
    found = inside(*run, "--on-error", "errors")
    assert found.err == "dataselect: evaluated 2 of 4 records\n"
    assert evaluated((world / "out").read_bytes())[0]["sentences"] == 2
    errors = (world / "errors").read_text().splitlines()
    assert [json.loads(line)["line"] for line in errors] == [3, 4]


def test_texts_of_many_blocks_are_all_counted(world: Path, inside: Inside) -> None:
    (world / "many.jsonl").write_text('{"t": {"x": "play some jazz"}}\n' * 40_000)
    options = ["--text-field", "t.x", "--format", "json", "-o", "out", "-q"]
    inside("lm", "eval", "--lm", "lm.arpa", "many.jsonl", *options).silent()
    [found] = evaluated((world / "out").read_bytes())
    assert (found["sentences"], found["words"]) == (40_000, 120_000)
    log_prob = -0.40939963 - 0.38129833 - 0.10895064 - 0.36842942
    assert found["log10"] == pytest.approx(40_000 * log_prob, rel=1e-7)  # single precision


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["texts.jsonl"], 2, ["--lm"], id="no model"),
        pytest.param(["--lm", "none.arpa"], 1, ["none.arpa: No such file"], id="a missing model"),
        pytest.param(["--lm", "texts.jsonl"], 1, ["texts.jsonl:1: "], id="no model in the file"),
        pytest.param(["--lm", "cut.arpa"], 1, ["cut.arpa:", "make the file anew"], id="cut short"),
        pytest.param(["--lm", "cut.bin"], 1, ["cut.bin: "], id="cut binary"),
        pytest.param(["--lm", "-", "texts.jsonl"], 2, ["from files"], id="a model from a pipe"),
        pytest.param(["--lm", "lm.arpa", "-o", "lm.arpa"], 2, ["also read"], id="over the model"),
        pytest.param(["--lm", "lm.arpa", "empty.jsonl"], 3, ["nothing was kept of 0"], id="empty"),
        pytest.param(
            ["--lm", "lm.arpa", "texts.jsonl", "--min-records", "3"], 3, ["fewer"], id="too few"
        ),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    world: Path, inside: Inside, arguments: Sequence[str], code: int, words: list[str]
) -> None:
    (world / "cut.arpa").write_text(ARPA[:300])
    (world / "cut.bin").write_bytes(BINARY[:400])
    (world / "empty.jsonl").write_text("")
    inside("lm", "eval", *arguments).refused(code, *words)


@pytest.mark.parametrize("name", BOTH)
def test_nothing_to_evaluate_has_no_figures(world: Path, inside: Inside, name: str) -> None:
    (world / "empty.jsonl").write_text("")
    options = ["--allow-empty", "-o", "out", "-q"]
    inside("lm", "eval", "--lm", name, "empty.jsonl", *options).silent()
    shown = dict(line.rsplit(maxsplit=1) for line in (world / "out").read_text().splitlines()[1:9])
    assert (shown["sentences"], shown["perplexity"], shown["bits per word"]) == ("0", "-", "-")


# -- KenLM's binaries -------------------------------------------------------------------------


@NEEDS_KENLM
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_binary_that_crashes_its_reader_is_refused_in_one_line(
    world: Path, shell: Shell, jobs: int
) -> None:
    """KenLM follows its pointers unchecked: it ends by SIGSEGV."""
    damaged = bytearray(BINARY)
    damaged[len(BINARY) // 2 :] = b"\xff" * (len(BINARY) - len(BINARY) // 2)
    (world / "lm.bin").write_bytes(damaged)
    found = shell(f"dataselect winnow -q --lm lm.bin --jobs {jobs} --threshold 1e9 texts.jsonl")
    if found.code:  # it may as well score something
        assert (found.code, found.out, found.err.count("\n")) == (1, b"", 1)
        assert "lm.bin: KenLM cannot read it" in found.err


@NEEDS_KENLM
def test_a_reader_that_is_killed_is_told_as_such(world: Path) -> None:
    model = LanguageModel(str(world / "lm.bin"))
    expected = LanguageModel(str(world / "lm.arpa")).text_scores(TEXTS)
    for found, ours in zip(model.text_scores(TEXTS), expected, strict=True):
        assert found.tolist() == ours.tolist()
    assert isinstance(model._scorer, KenlmProcess)
    model._scorer._process.kill()
    with pytest.raises(WorkerError, match="was killed, perhaps for want of memory"):
        model.text_scores(TEXTS)


def test_a_binary_that_is_searched_without_end_is_refused(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As KenLM does for a word that is absent from a hash table without an empty place."""
    (world / "kenlm.py").write_text(_SEARCHES_WITHOUT_END)
    monkeypatch.syspath_prepend(world)
    monkeypatch.setattr(f"{KenlmProcess.__module__}._PATIENCE", 0.3)
    with pytest.raises(InputError, match=r"lm\.bin: KenLM cannot read it \(it searches without"):
        LanguageModel(str(world / "lm.bin")).score(["unheard of"])


_SEARCHES_WITHOUT_END = """
from types import SimpleNamespace
Config, LoadMethod = SimpleNamespace, SimpleNamespace(LAZY=0)
ARPALoadComplain = SimpleNamespace(NONE=0)
class Model:
    order = 2
    def __init__(self, *_): ...
    def __contains__(self, word): return True
    def score(self, text):
        while True: ...
"""


def test_a_binary_without_the_package_is_refused_with_its_name(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "dataselect.models.language_model.scoring.kenlm_process.find_spec", lambda _: None
    )
    with pytest.raises(InputError, match=r"lm\.bin: a KenLM binary; .* pip install kenlm"):
        LanguageModel(str(world / "lm.bin")).score(TEXTS)


def test_text_without_spaces_is_warned_of(world: Path, inside: Inside) -> None:
    line = json.dumps({"text": "明日の朝七時に起こしてください"})
    (world / "texts.jsonl").write_text(f"{line}\n" * 3)
    for command in (
        ["lm", "eval", "--lm", "lm.arpa"],
        ["winnow", "--lm", "lm.arpa"],
        ["lm", "train"],
    ):
        found = inside(*command, "texts.jsonl", "-o", "out")
        assert found.err.count("3 records have ten letters or more without a space") == 1, found.err
