"""`--auto`: the share whose text makes the best model of a development set."""

import json
import random
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from conftest import Inside, Shell
from numpy.typing import NDArray

from dataselect.execution.processes.workers import ordered_map
from dataselect.models.language_model.kneser_ney import estimate
from dataselect.models.language_model.vocabulary import Vocabulary
from dataselect.selection.best_share import Point, Sweep, sweep

VERBS = ("play", "put on", "start", "queue")
THINGS = tuple(f"style{number}" for number in range(60))
PLACES = tuple(f"place{number}" for number in range(60))


def music(draw: random.Random) -> str:
    return f"{draw.choice(VERBS)} some {draw.choice(THINGS)} by {draw.choice(THINGS)} kings"


def weather(draw: random.Random) -> str:
    return f"it rained in {draw.choice(PLACES)} and snowed in {draw.choice(PLACES)} for days"


@pytest.fixture(scope="module")
def pool() -> list[str]:
    """200 texts, the first 40 like those of `development`."""
    draw = random.Random(1)
    return [music(draw) for _ in range(40)] + [weather(draw) for _ in range(160)]


@pytest.fixture(scope="module")
def development() -> list[str]:
    draw = random.Random(2)
    return [music(draw) for _ in range(60)]


def by_rank(count: int) -> NDArray[np.float64]:
    return -np.arange(count, dtype=np.float64)


def swept(pool: list[str], development: list[str], jobs: int = 1) -> Sweep:
    gains = by_rank(len(pool))

    def kept_at(share: Fraction) -> NDArray[np.bool_]:
        mask = np.zeros(len(pool), bool)
        mask[np.argsort(-gains, kind="stable")[: int(share * len(pool))]] = True
        return mask

    found = sweep(
        [pool[:50], pool[50:]],
        development,
        kept_at,
        np.random.default_rng(0),
        mapped=partial(ordered_map, jobs=jobs),
    )
    assert found is not None
    return found


def test_workers_find_the_same(pool: list[str], development: list[str]) -> None:
    assert swept(pool, development, jobs=2) == swept(pool, development)


def test_finds_where_the_good_text_ends(pool: list[str], development: list[str]) -> None:
    found = swept(pool, development)
    assert found.best.share == Fraction(20, 100)
    assert found.best.records == 40
    assert found.best.perplexity < found.random.perplexity
    assert found.best.perplexity == min(point.perplexity for point in found.curve)
    assert found.warnings() == []


def test_tries_between_the_best_and_its_neighbours(pool: list[str], development: list[str]) -> None:
    tried = [float(point.share) for point in swept(pool, development).curve]
    assert tried == sorted({*tried})
    assert {0.15, 0.175, 0.2, 0.225, 0.25} <= {*tried}


def test_perplexity_is_that_of_a_model_that_knows_all_words(
    pool: list[str], development: list[str]
) -> None:
    vocabulary = Vocabulary()
    for texts in pool, development:
        vocabulary.encode(texts, grow=True)
    model = estimate(vocabulary.encode(pool[:40]), vocabulary, order=3).model
    heard = vocabulary.encode(development)
    bits = -model.score(heard).log_probs.sum() / (len(heard) - len(development))
    assert swept(pool, development).best.perplexity == pytest.approx(10**bits)


def test_says_when_nothing_beats_keeping_everything(development: list[str]) -> None:
    found = swept(development[::2] * 2, development)
    assert found.best.share == 1
    assert "keeping everything" in found.warnings()[0]


def test_says_when_chance_does_as_well() -> None:
    found = Sweep([point(0.5, 9.0)], point(1, 10.0), random=point(0.5, 8.9), copies=0)
    assert "random selection of equal size" in found.warnings()[0]


def point(share: float, perplexity: float) -> Point:
    return Point(Fraction(share), records=5, words=50, perplexity=perplexity)


def test_everything_is_the_whole_pool_whatever_other_rules_leave(
    pool: list[str], development: list[str]
) -> None:
    passing = np.arange(len(pool)) >= 100  # none of the good text
    found = sweep([pool], development, lambda _: passing, np.random.default_rng(0))
    assert found is not None
    assert found.everything.records == len(pool)
    assert found.everything.perplexity < found.best.perplexity
    assert "keeping everything" in found.warnings()[0]


def test_counts_copies_of_the_development_text(pool: list[str]) -> None:
    found = swept(pool, pool[:3])
    assert found.copies >= 3
    assert "copies of --auto text" in found.warnings()[-1]


def test_nothing_to_choose_from_is_no_sweep(development: list[str]) -> None:
    nothing = np.zeros(1, bool)
    assert sweep([["a b"]], development, lambda _: nothing, np.random.default_rng(0)) is None


@pytest.fixture
def world(tmp_path: Path, pool: list[str], development: list[str]) -> Path:
    for name, texts in {"pool": pool, "dev": development}.items():
        records = [
            {"text": text, "score": -place, "half": place % 2} for place, text in enumerate(texts)
        ]
        lines = [json.dumps(record) for record in records]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_select_keeps_the_best_share(world: Path, inside: Inside) -> None:
    outcome = inside(
        *("select", "--by", "score", "pool.jsonl", "-o", "kept.jsonl", "--auto", "dev.jsonl"),
        *("--report", "report.json"),
    )
    assert "of the best share, 20.0% (random of equal size: " in outcome.err
    pool = (world / "pool.jsonl").read_bytes().splitlines()
    assert (world / "kept.jsonl").read_bytes().splitlines() == pool[:40]
    auto = json.loads((world / "report.json").read_text())["auto"]
    assert auto["best"]["share"] == 0.2
    assert auto["best"]["perplexity"] < auto["random"]["perplexity"]
    assert [point["share"] for point in auto["curve"]][-1] == 1


def test_the_share_holds_within_each_group(world: Path, inside: Inside) -> None:
    arguments = ["select", "-q", "--by", "score", "pool.jsonl", "-o", "kept.jsonl"]
    inside(*arguments, "--auto", "dev.jsonl", "--per", "half").silent()
    kept = [json.loads(line) for line in (world / "kept.jsonl").read_bytes().splitlines()]
    assert [sum(row["half"] == half for row in kept) for half in (0, 1)] == [len(kept) / 2] * 2


def test_relevance_takes_it_too(world: Path, shell: Shell) -> None:
    command = "dataselect relevance -q --in-domain dev.jsonl pool.jsonl --auto dev.jsonl"
    kept = shell(command).silent()
    assert 20 <= len(kept.splitlines()) <= 60
    assert shell(f"{command} --jobs 2").silent() == kept


REFUSED = {
    "--auto dev.jsonl --top-k 3": (2, "--top-k and --auto"),
    "--auto -": (2, "standard input"),
    "--auto missing.jsonl": (1, "missing.jsonl"),
    "--auto dev.jsonl -o dev.jsonl": (2, "also read"),
    "--auto dev.jsonl --text-field nope": (1, "'nope' is missing"),
    "--auto /dev/null": (1, "no text"),
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_refuses_with_one_line(world: Path, shell: Shell, arguments: str) -> None:
    code, words = REFUSED[arguments]
    shell(f"dataselect select --by score {arguments} < pool.jsonl").refused(code, words)


def test_a_pool_record_without_text_is_a_bad_record(world: Path, inside: Inside) -> None:
    with (world / "pool.jsonl").open("a") as file:
        file.write('{"score": 1}\n')
    arguments = ["select", "--by", "score", "pool.jsonl", "-o", "kept.jsonl"]
    inside(*arguments, "--auto", "dev.jsonl").refused(1, "pool.jsonl:201", "'text' is missing")


def test_a_best_share_within_the_spread_of_random_ones_is_remarked_on() -> None:
    curve, all_ = [point(0.5, 9.0)], point(1, 10.0)
    near = Sweep(curve, all_, random=point(0.5, 9.3), copies=0, deviation=0.2)
    far = Sweep(curve, all_, random=point(0.5, 9.5), copies=0, deviation=0.2)
    assert "random selection of equal size does as well" in near.warnings()[0]
    assert far.warnings() == []
    assert "± 0.2" in far.summary()
