"""`scripts/reproduce translation` with translators and a recogniser that are made up here."""

import gzip
import importlib
import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

REPRODUCTION = Path(__file__).parents[2] / "scripts" / "reproduction"
VERBS = {"öffne": "open", "schliesse": "close", "putze": "clean", "streiche": "paint"}
THINGS = {
    "das fenster": "the window",
    "die tür": "the door",
    "den schrank": "the cupboard",
    "den teppich": "the carpet",
    "den spiegel": "the mirror",
    "die lampe": "the lamp",
    "das bild": "the picture",
    "das rohr": "the pipe",
}
WHEN = {"heute": "today", "morgen": "tomorrow", "bitte": "please", "jetzt": "now"}
ENGLISH = {
    " ".join(german): " ".join((VERBS[german[0]], THINGS[german[1]], WHEN[german[2]]))
    for german in itertools.product(VERBS, THINGS, WHEN)
}
DICTIONARY = """# Version :: 1
Hund {m} [zool.]; Köter {m} [pej.] | Hunde {pl} :: dog; mutt | dogs
schlafen (zu Bett) {vi} :: to sleep
ohne Übersetzung
zwei | Formen :: one form
"""
GENERAL = {"der könig schläft": "the king sleeps", "ein hund bellt": "a dog barks"}
WRONG = "oven"  # what the translator takes for a verb
ALONE, FIRST, TOGETHER = "in-domain only", "+ first-best", "+ all together"


@pytest.fixture(scope="module")
def modules(forking: dict[str, str]) -> Any:
    """The modules of the reproduction by name; they are scripts, and no package."""
    pytest.importorskip("pocketsphinx", reason="needs pocketsphinx (the extra dev)")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REPRODUCTION))
        program = shutil.which("dataselect", path=forking["PATH"])
        patch.setattr(importlib.import_module("common"), "PROGRAM", program)
        case = importlib.import_module("translation_case")
        patch.setattr(case.Translator, "train", train)
        patch.setattr(case.Translator, "translate", translate)
        patch.setattr(case, "speak", speak)
        patch.setattr(case, "heard", heard)
        translation = importlib.import_module("translation")
        none = importlib.import_module("common").Table("rates", [])
        patch.setattr(translation, "rates_by_engine", lambda *_: none)
        yield importlib.import_module


def train(translator: Any, pairs: str, options: Iterable[object]) -> None:
    assert (translator.folder / pairs).read_text()
    translator.path.mkdir(exist_ok=True)


def translate(translator: Any, folder: Path, source: Path) -> str:
    """A wrong verb first; of the self-trained translator the right one only."""
    lists = f"{translator.name}.{source.stem}.nbest.jsonl"
    with (folder / lists).open("w", encoding="utf-8") as file:
        for line in source.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            right = ENGLISH[record["de"]]
            texts = [right] if translator.name == "self_trained" else [swapped(right), right]
            nbest = [{"text": text, "score": -1 - i / 10} for i, text in enumerate(texts)]
            file.write(json.dumps({**record, "nbest": nbest, "translation": nbest[0]}) + "\n")
    return lists


def swapped(text: str) -> str:
    return " ".join([WRONG, *text.split()[1:]])


def speak(folder: Path, utterances: list[Any], count: int, rng: random.Random) -> None:
    chosen = rng.sample(utterances, count)
    lines = (json.dumps({"id": each["id"], "ref": each["text"]}) + "\n" for each in chosen)
    (folder / "test.jsonl").write_text("".join(lines))


def heard(folder: Path, model: str) -> list[Any]:
    """Words that the model has; of others something else."""
    words = set((folder / f"{model}.arpa").read_text().split())
    tests = map(json.loads, (folder / "test.jsonl").read_text().splitlines())
    return [
        {**each, "text": " ".join(word if word in words else "uh" for word in each["ref"].split())}
        for each in tests
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    turns = [
        {"id": number, "dialogue": number // 4, "tgt": f"{german.capitalize()}!", "src": english}
        for number, (german, english) in enumerate(
            random.Random(0).sample(sorted(ENGLISH.items()), len(ENGLISH))
        )
    ]
    put(folder / "bcontrast_en-de" / "train", turns[:100])
    put(folder / "bcontrast_en-de" / "dev", [*turns[100:], turns[0]])
    for name in ("wmt_sample", "ntrex", "tatoeba", "multi30k"):
        pairs = [{"src": english, "tgt": german} for german, english in GENERAL.items()]
        put(folder / "general_en-de" / name, [*pairs, *turns[100:102]])
    (folder / "dictionary").write_text(DICTIONARY, encoding="utf-8")
    return folder


def put(path: Path, records: Iterable[Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(f"{path}.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


@pytest.fixture(scope="module")
def measure(modules: Any, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    cache = tmp_path_factory.mktemp("cache")
    scale = modules("translation_case").Scale(
        in_domain=(5, 9), tuning=8, spoken=5, near="90%", dictionary=data / "dictionary"
    )
    plan = modules("common").Plan(data, seeds=1, encoder=None, cache=cache, jobs=2)
    return lambda: modules("translation").measure(plan, scale)


def test_rescored_translations_make_a_better_model_and_a_second_run_goes_on_from_files(
    measure: Callable[[], list[Any]], modules: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates, *rest = measure()
    fewer, models, kept, _, translators = rest
    errors = {way: row["5"][0] for way, row in rates.rows.items()}
    assert errors[TOGETHER] < errors[FIRST] < errors[ALONE]
    own = fewer.rows[f"{TOGETHER}, against {ALONE}"]["5"][0]
    assert own == pytest.approx(100 * (1 - errors[TOGETHER] / errors[ALONE]))
    assert [claim.bar for claim in rates.claims] == [15.7, 7.9]
    assert kept.rows[FIRST]["5"] == [99 - 9]
    assert kept.notes == ["1 turns that development dialogues have were left out."]
    assert kept.rows[TOGETHER]["5"][0] <= 90
    assert models.rows[TOGETHER]["5 OOV, %"][0] < models.rows[ALONE]["5 OOV, %"][0]
    bleu = {way: row["BLEU"][0] for way, row in translators.rows.items()}
    assert bleu["self-trained, 5 in-domain"] == pytest.approx(100)
    assert bleu["pairs by chance"] == bleu["filtered pairs"] < 100
    commands = []
    monkeypatch.setattr(modules("translators"), "run", lambda *command: commands.append(command))
    assert [table.rows for table in measure()] == [rates.rows, *(each.rows for each in rest)]
    assert commands == []


def test_the_bilingual_corpus_has_words_of_a_dictionary_and_no_sentence_of_the_test(
    modules: Any, data: Path, tmp_path: Path
) -> None:
    case = modules("translation_case")
    stage = case.Stage(data, tmp_path, case.Scale(near="90%", dictionary=data / "dictionary"))
    stage.begin()
    pairs = [json.loads(line) for line in (tmp_path / "corpus.jsonl").read_text().splitlines()]
    sentences = [{"src": german, "tgt": english} for german, english in GENERAL.items()] * 4
    words = {"hund": "dog", "hunde": "dogs", "schlafen": "to sleep"}
    assert pairs == [*sentences, *({"src": src, "tgt": tgt} for src, tgt in words.items())]
