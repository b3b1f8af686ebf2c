"""`dataselect mask --names`: persons, places and organizations, by a spaCy pipeline."""

import json
import random
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Shell

from dataselect import MaskScorer
from dataselect.errors import InputError
from dataselect.execution.distributed.shipping import digest_of
from dataselect.operations.mask.names.name_finder import NameFinder
from dataselect.operations.mask.patterns import Span

pytest.importorskip("spacy", reason="spaCy, of the extra names, is not installed")
pytest.importorskip("presidio_analyzer", reason="Presidio, of the extra names, is not installed")

PEOPLE, PLACES = ["Anna", "Boris", "Clara", "Emma"], ["Berlin", "Paris", "Rome"]
NAMELESS = ["play some jazz, please", "my pin is 4711, now", "call now, 4711", "what is on"]
SMALL = {
    "@architectures": "spacy.TransitionBasedParser.v2",
    "state_type": "ner",
    "extra_state_tokens": False,
    "hidden_width": 16,
    "maxout_pieces": 1,
    "use_upper": True,
    "nO": None,
    "tok2vec": {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "pretrained_vectors": None,
        "width": 16,
        "depth": 1,
        "embed_size": 200,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
    },
}
RECORD: dict[str, Any] = {
    "text": "call Anna in Rome now",
    "slots": [{"slot": "time", "start": 18, "end": 21, "value": "now"}],
    "nbest": [{"text": "call anna in rome now"}],
}


def trained(folder: Path, person: str = "PERSON", place: str = "GPE") -> Path:
    """A pipeline that learnt from a dozen sentences, saved in a folder."""
    import spacy
    from spacy.training import Example

    spacy.util.fix_random_seed(0)
    pipeline = spacy.blank("en")
    pipeline.add_pipe("ner", config={"model": SMALL})
    pipeline.add_pipe("sentencizer")  # finds no names, and is not loaded
    examples = []
    for name in PEOPLE:
        for city in PLACES:
            text = f"call {name} in {city} now"
            start, end = text.index(name), text.index(city)
            spans = [(start, start + len(name), person), (end, end + len(city), place)]
            examples.append(Example.from_dict(pipeline.make_doc(text), {"entities": spans}))
    examples += [Example.from_dict(pipeline.make_doc(text), {"entities": []}) for text in NAMELESS]
    optimizer = pipeline.initialize(lambda: examples)
    optimizer.learn_rate = 0.03
    for _ in range(15):
        pipeline.update(examples, sgd=optimizer)
    pipeline.to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("names") / "pipeline")


@pytest.fixture
def copied(pipeline: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pipeline, tmp_path / "copied"))


Masked = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def mask(tmp_path: Path, inside: Inside, pipeline: Path) -> Masked:
    """What the command writes of some records, given its options."""

    def run(*options: str, records: tuple[dict[str, Any], ...] = (RECORD,)) -> list[dict[str, Any]]:
        lines = "".join(json.dumps(each) + "\n" for each in records)
        (tmp_path / "in.jsonl").write_text(lines)
        names = () if "--restore" in options else ("--names", str(pipeline))
        inside("mask", *names, *options, "in.jsonl", "-q", "-o", "out.jsonl").silent()
        return list(map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()))

    return run


def test_names_are_placeholders_and_slots_move_along(mask: Masked) -> None:
    [found] = mask()
    assert found["text"] == "call <person_1> in <place_1> now"
    assert found["slots"] == [{"slot": "time", "start": 29, "end": 32, "value": "now"}]
    assert found["nbest"] == RECORD["nbest"]
    assert found["masked"] == {"count": 2, "kinds": {"person": 1, "place": 1}}


def test_a_name_is_masked_wherever_the_record_has_it(mask: Masked) -> None:
    [found] = mask("--fields", "nbest.*.text")
    assert found["nbest"] == [{"text": "call <person_2> in <place_2> now"}]


def test_kinds_name_those_that_are_wanted(mask: Masked) -> None:
    record = {"text": "call Anna in Rome now, 4711"}
    assert (
        mask("--kinds", "place", records=(record,))[0]["text"] == "call Anna in <place_1> now, 4711"
    )
    assert mask(records=(record,))[0]["text"] == "call <person_1> in <place_1> now, <digits_1>"


def test_a_key_takes_it_back(mask: Masked, tmp_path: Path) -> None:
    [masked] = mask("--fields", "nbest.*.text", "--key", "names.key")
    assert mask("--restore", "--key", "names.key", records=(masked,)) == [RECORD]


def test_masking_twice_leaves_placeholders(mask: Masked) -> None:
    [once] = mask()
    assert mask(records=(once,))[0]["text"] == once["text"]


def test_what_has_no_width_hides_no_name(pipeline: Path) -> None:
    finder = NameFinder(str(pipeline))
    text = "call An\u00adna in Ｒｏｍｅ now"
    assert finder.find([text, ""]) == [[Span(5, 10, "person"), Span(14, 18, "place")], []]


def test_a_long_text_is_read_in_pieces(pipeline: Path) -> None:
    [found] = NameFinder(str(pipeline)).find(["call Anna in Rome now " * 200])
    assert [each for each in found if each.kind == "person"] == [
        Span(22 * number + 5, 22 * number + 9, "person") for number in range(200)
    ]


def test_workers_write_the_same(shell: Shell, pipeline: Path, tmp_path: Path) -> None:
    lines = [{"text": f"call {PEOPLE[n % 4]} in {PLACES[n % 3]} now {n}"} for n in range(600)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    for jobs in "1", "2":
        shell(f"dataselect mask -q --names {pipeline} --jobs {jobs} -o {jobs} in.jsonl").silent()
    written = (tmp_path / "1").read_bytes()
    assert written == (tmp_path / "2").read_bytes()
    assert written.count(b"<person_1>") == 600


def test_the_report_names_the_model(mask: Masked, tmp_path: Path, pipeline: Path) -> None:
    mask("--report", str(tmp_path / "run.json"))
    told = json.loads((tmp_path / "run.json").read_text())["mask"]
    assert told["names"]["model"] == str(pipeline)
    assert re.fullmatch("[0-9a-f]{64}", told["names"]["sha256"])
    assert told["found"] == {"person": 1, "place": 1}


def test_an_installed_package_is_loaded_by_its_name(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "tiny_names"
    package.mkdir(parents=True)
    meta = json.loads((copied / "meta.json").read_text())
    copied.rename(package / f"{meta['lang']}_{meta['name']}-{meta['version']}")
    (package / "meta.json").write_text(json.dumps(meta))
    (package / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n"
        "def load(**options): return load_model_from_init_py(__file__, **options)\n"
    )
    about = tmp_path / "site" / "tiny_names-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny_names\nVersion: 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    finder = NameFinder("tiny_names")
    assert [each.kind for each in finder.find(["call Anna in Rome now"])[0]] == ["person", "place"]


def test_a_folder_of_rules_needs_no_training(tmp_path: Path) -> None:
    import spacy

    pipeline = spacy.blank("en")
    rules = [
        {"label": "PERSON", "pattern": "Anna"},
        {"label": "GPE", "pattern": [{"LOWER": "rome"}]},
    ]
    pipeline.add_pipe("entity_ruler").add_patterns(rules)
    pipeline.to_disk(tmp_path / "rules")
    [found] = NameFinder(str(tmp_path / "rules")).find(["call Anna in ROME"])
    assert found == [Span(5, 9, "person"), Span(13, 17, "place")]


def test_the_files_of_a_folder_go_to_other_machines(pipeline: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(pipeline, tmp_path / pipeline.name))

    def digest(folder: Path) -> str:
        return digest_of(MaskScorer(names=NameFinder(str(folder))))

    assert digest(pipeline) == digest(copied)
    (copied / "meta.json").write_text("{}")
    assert digest(pipeline) != digest(copied)


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--names missing", ["missing", "neither a folder nor an installed package"]),
        ("--names in.jsonl", ["in.jsonl", "neither a folder nor an installed package"]),
        ("--names empty", ["empty", "spaCy cannot use it", "config.cfg"]),
    ],
)
def test_a_model_that_is_none(
    options: str, words: list[str], inside: Inside, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "call Anna"}\n')
    (tmp_path / "empty").mkdir()
    done = inside("mask", *options.split(), "-o", "out.jsonl", "in.jsonl")
    done.refused(1, *words)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--kinds person", ["'person' is found by a model", "--names"]),
        ("--kinds url --names any", ["--names finds person, place, organization"]),
        ("--kinds nobody --names any", ["'nobody' is none of", "organization"]),
        ("--restore --key k --names any", ["--names is for masking"]),
    ],
)
def test_options_that_contradict(
    options: str, words: list[str], inside: Inside, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "call Anna"}\n')
    inside("mask", *options.split(), "in.jsonl").refused(2, *words)


def test_a_pipeline_that_finds_other_things(tmp_path: Path) -> None:
    folder = trained(tmp_path / "genes", "GENE", "DRUG")
    with pytest.raises(InputError, match="no persons, places or organizations, but DRUG, GENE"):
        NameFinder(str(folder)).load()


def test_missing_packages_are_named(
    pipeline: Path, inside: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "call Anna"}\n')
    monkeypatch.setitem(sys.modules, "presidio_analyzer.nlp_engine", None)
    done = inside("mask", "--names", f"{pipeline}/", "in.jsonl")
    done.refused(2, "--names needs packages", "pip install presidio-analyzer")


@pytest.fixture
def called() -> list[str]:
    """Which functions of another package, that configurations name as hostile.v1, were called."""
    import spacy

    found: list[str] = []
    for registry in spacy.registry.callbacks, spacy.registry.architectures:
        registry.register("hostile.v1", func=lambda: found.append("called"))
    return found


def test_damaged_files_of_a_folder_are_read_or_refused_in_one_line(
    pipeline: Path, tmp_path: Path
) -> None:
    draw, refused = random.Random(0), list[str]()
    for number, path in enumerate(sorted(each for each in pipeline.rglob("*") if each.is_file())):
        whole = path.read_bytes()
        place = draw.randrange(len(whole))
        flipped = whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :]
        for kind, data in enumerate((whole[:place], flipped)):
            damaged = Path(shutil.copytree(pipeline, tmp_path / f"damaged {number} {kind}"))
            (damaged / path.relative_to(pipeline)).write_bytes(data)
            try:
                NameFinder(str(damaged)).find(["call Anna in Rome now"])
            except InputError as error:
                refused.append(str(error))
    assert len(refused) > 8
    assert all(each.startswith(f"{tmp_path / 'damaged '}") for each in refused)
    assert not any("\n" in each for each in refused)


HOSTILE = [
    ('@architectures = "spacy.HashEmbedCNN.v2"', '@architectures = "hostile.v1"', "hostile.v1"),
    ('@tokenizers = "spacy.Tokenizer.v1"', '@callbacks = "hostile.v1"', "hostile.v1"),
    ('@scorers = "spacy.ner_scorer.v1"', '@callbacks = "hostile.v1"', "hostile.v1"),
    ('@scorers = "spacy.ner_scorer.v1"', '@readers = "spacy.read_labels.v1"', "read_labels"),
    ('factory = "ner"', 'source = "/somewhere"', "finds no persons"),
    ('lang = "en"', 'lang = "..evil"', "no language"),
]


@pytest.mark.parametrize(("usual", "hostile", "word"), HOSTILE)
def test_a_folder_that_calls_other_code_is_refused(
    usual: str, hostile: str, word: str, copied: Path, called: list[str]
) -> None:
    config = copied / "config.cfg"
    assert usual in config.read_text()
    config.write_text(config.read_text().replace(usual, hostile))
    with pytest.raises(InputError, match=re.escape(word)):
        NameFinder(str(copied)).load()
    assert called == []


def test_callbacks_of_a_folder_are_not_called(copied: Path, called: list[str]) -> None:
    config = copied / "config.cfg"
    found = config.read_text()
    for when in "before_creation", "after_creation", "after_pipeline_creation":
        assert f"{when} = null" in found
        found = found.replace(f"{when} = null", f'{when} = {{"@callbacks":"hostile.v1"}}')
    config.write_text(found)
    assert NameFinder(str(copied)).find(["call Anna in Rome now"])[0]
    assert called == []
