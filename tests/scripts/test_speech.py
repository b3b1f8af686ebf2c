"""The recogniser of `scripts/reproduce`: the whole path, on a small corpus that is written here."""

import gzip
import importlib
import itertools
import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

REPRODUCTION = Path(__file__).parents[2] / "scripts" / "reproduction"
VERBS = ("open", "close", "clean", "paint", "measure", "repair", "cover", "remove")
THINGS = (
    *("window", "door", "cupboard", "ceiling", "carpet", "chimney", "mirror", "table"),
    *("curtain", "lamp", "radiator", "sofa", "picture", "shelf", "pipe", "ladder"),
)
ROOMS = ("kitchen", "bathroom", "garage", "cellar", "bedroom", "hall", "attic", "office")
COMMANDS = [
    f"{verb} the {thing} in the {room}"
    for verb, thing, room in itertools.product(VERBS, THINGS, ROOMS)
]
GENERAL = [
    f"{who} {did} {when}"
    for who, did, when in itertools.product(
        ("My uncle", "The president", "A famous painter", "Nobody", "Her sister", "The army"),
        ("lost the war", "sang a song", "went to Paris", "sold ten horses", "was very ill"),
        ("last winter.", "in the spring.", "long ago.", "on Friday.", "after lunch."),
    )
]
UNHEARD = "tomorrow"  # no model knows it: every recogniser makes errors
UNSPOKEN = "open the qwertz in the kitchen"  # not in the dictionary
SELECTED = "+ relevant and winnowed"


@pytest.fixture(scope="module")
def modules(forking: dict[str, str]) -> Any:
    """The modules of the reproduction by name; they are scripts, and no package."""
    pytest.importorskip("pocketsphinx", reason="needs pocketsphinx (the extra dev)")
    if lacking := [name for name in ("espeak-ng", "sox") if shutil.which(name) is None]:
        pytest.skip(f"needs {' and '.join(lacking)}; scripts/install-tools installs them")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(REPRODUCTION))
        program = shutil.which("dataselect", path=forking["PATH"])
        patch.setattr(importlib.import_module("common"), "PROGRAM", program)
        yield importlib.import_module


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Commands for the house, and general text in five files."""
    folder = tmp_path_factory.mktemp("data")
    commands, general = (
        random.Random(0).sample(texts, len(texts)) for texts in (COMMANDS, GENERAL)
    )
    put(folder / "snips_atis_slots" / "snips_train", commands[:150])
    put(folder / "snips_atis_slots" / "snips_valid", commands[150:180])
    put(
        folder / "snips_atis_slots" / "snips_test",
        [*(f"{text} {UNHEARD}" for text in commands[180:183]), UNSPOKEN],
    )
    for number, kind in enumerate(("sgd_user", "sgd_system", "masc", "wikitext2", "state_union")):
        put(folder / "general_text" / kind, general[number::5])
    return folder


def put(path: Path, texts: Sequence[str]) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(f"{path}.jsonl.gz", "wt") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": f"{path.name}-{number}", "text": text}) + "\n")


@pytest.fixture(scope="module")
def scale(modules: Any) -> Any:
    return modules("enrichment").Scale(in_domain=(15,), general=30, development=20, spoken=4)


@pytest.fixture(scope="module")
def tables(modules: Any, data: Path, scale: Any) -> Any:
    plan = modules("common").Plan(data, seeds=1, encoder=None, cache=data, jobs=2)
    return modules("speech").measure(plan, scale)


def test_selected_text_makes_a_better_recogniser_than_in_domain_text_alone(tables: Any) -> None:
    rates, fewer = ({way: row["15"][0] for way, row in table.rows.items()} for table in tables[:2])
    weak = rates["in-domain only"]
    assert max(rates[SELECTED], rates["all of SNIPS"]) < weak
    reduced = fewer[f"{SELECTED}, against in-domain only"]
    assert reduced == pytest.approx(100 * (weak - rates[SELECTED]) / weak)


def test_what_is_selected_is_mostly_in_domain_and_known_to_its_model(tables: Any) -> None:
    _, _, models, selection, _ = (table.rows for table in tables)
    assert selection["precision, %"]["15"][0] > 90
    assert models[SELECTED]["15 OOV, %"][0] < models["in-domain only"]["15 OOV, %"][0]


def test_the_same_seed_speaks_and_hears_the_same_and_only_words_of_the_dictionary(
    modules: Any, data: Path, scale: Any
) -> None:
    enrichment = modules("enrichment")
    case = enrichment.Case(seed=0, in_domain=None)
    one, other = (enrichment.measured(data, case, scale) for _ in range(2))
    assert one == other
    [heard] = one.heard.values()
    assert len(heard) == 3
    assert UNSPOKEN not in [record["ref"] for record in heard]
