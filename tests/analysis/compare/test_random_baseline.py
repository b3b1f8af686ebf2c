"""Random selections of equal size, how a selection stands among them, and assertions."""

import random
from functools import partial

import numpy as np
import pytest

from dataselect.analysis.compare.assertions import RESERVED, parse
from dataselect.analysis.compare.compare import random_figures
from dataselect.analysis.compare.measures import MEASURES, MeasuredValues
from dataselect.analysis.compare.result import (
    Basis,
    Compared,
    ComparisonResult,
    Spread,
    standing,
)
from dataselect.analysis.compare.selected_texts import Collection, TextTable
from dataselect.analysis.report.sections.comparison_section import ComparisonSection, Drawn
from dataselect.errors import OptionError
from dataselect.models.language_model.vocabulary import Vocabulary

COSTS = [float(1 + number % 7) for number in range(50)]


def collection(count: int, costs: list[float] | None = None) -> Collection:
    texts = [f"word{number}" for number in range(count)]
    return Collection.collect([TextTable(texts, costs=costs)], Vocabulary())


def sizes(part: Collection) -> MeasuredValues:
    """Figures that tell what was drawn."""
    total = None if part.costs is None else float(part.costs.sum())
    return MeasuredValues(
        {"records": len(part), "words": float(part.corpus.tokens.sum()), "cost": total}, {}
    )


def drawn(
    selections: dict[str, Collection], pool: Collection, name: str, draws: int = 4
) -> list[float | None]:
    rng = np.random.default_rng(0)
    found = random_figures(pool, selections, draws, rng, sizes)
    return [value for part in selections for value in [each.values[name] for each in found[part]]]


def test_spread_by_hand() -> None:
    assert Spread.of([1.0, None, 3.0]) == pytest.approx((2, 2**0.5))
    assert Spread.of([5.0]) == (5.0, None)
    assert Spread.of([None]) is None


def test_standing_by_hand() -> None:
    five = [10.0, 12.0, 14.0, 16.0, 18.0]  # mean 14, sample deviation of squares 16 4 0 4 16
    deviation = 10**0.5
    assert standing("perplexity", 11.0, five) == pytest.approx((4, 5, 3 / deviation))
    assert standing("coverage_2", 11.0, five) == pytest.approx((1, 5, -3 / deviation))
    assert standing("words", 11.0, five) is None
    assert standing("perplexity", None, five) is None
    assert standing("perplexity", 11.0, []) is None


def test_a_tie_beats_nothing() -> None:
    assert standing("oov", 0.5, [0.5] * 5) == (0, 5, None)


def test_a_deviation_of_few_draws_is_not_told() -> None:
    assert standing("oov", 0.5, [0.6, 0.7, 0.8, 0.9]) == (4, 4, None)


def test_random_selections_are_as_large() -> None:
    found = drawn({"one": collection(7), "two": collection(12)}, collection(50), "records")
    assert found == [7] * 4 + [12] * 4


def test_random_selections_are_no_larger_than_the_pool() -> None:
    assert drawn({"one": collection(9)}, collection(5), "records") == [5] * 4


def test_random_selections_cost_as_much_as_whole_records_allow() -> None:
    pool = collection(50, COSTS)
    for target in (3.0, 20.5, 100.0):
        found = drawn({"one": collection(2, [target, 0.0])}, pool, "cost", draws=30)
        assert all(cost is not None and abs(cost - target) <= 4 for cost in found)
        assert len(set(drawn({"one": collection(1, [target])}, pool, "words", draws=30))) > 5


def test_draws_are_those_of_the_seed_for_any_order_of_files() -> None:
    pool = collection(50)
    both = {"one": collection(7), "two": collection(12)}
    forth = drawn(both, pool, "words")
    back = drawn(dict(reversed(both.items())), pool, "words")
    assert forth == back[4:] + back[:4]
    order = np.random.default_rng(0).permutation(50)
    mask = np.isin(np.arange(50), order[:7])
    assert forth[0] == float(pool.part(mask).corpus.tokens.sum())


def test_selections_of_one_size_share_their_draws() -> None:
    found = drawn({"one": collection(7), "two": collection(7)}, collection(50), "words")
    assert found[:4] == found[4:]
    assert len(set(found)) > 1


read = partial(parse, measures=MEASURES, references=[*RESERVED, "a b.jsonl", "2*3.jsonl"])

PARSED = {
    "perplexity > random": ("perplexity", ">", 1.0, "random"),
    " oov>=5% ": ("oov", ">=", 0.05, None),
    "error <= .5": ("error", "<=", 0.5, None),
    "records < 1e3": ("records", "<", 1000.0, None),
    "perplexity>0.95*random": ("perplexity", ">", 0.95, "random"),
    "words != 2 * a b.jsonl": ("words", "!=", 2.0, "a b.jsonl"),
    "words == 2*3.jsonl": ("words", "==", 1.0, "2*3.jsonl"),
    "error >= labelled": ("error", ">=", 1.0, "labelled"),
    "coverage_2 < in-domain": ("coverage_2", "<", 1.0, "in-domain"),
    "self_similarity > -1.5": ("self_similarity", ">", -1.5, None),
}


@pytest.mark.parametrize("spelled", PARSED)
def test_an_assertion_is_read(spelled: str) -> None:
    assertion = read(spelled)
    assert (
        assertion.measure.name,
        assertion.operator,
        assertion.factor,
        assertion.reference,
    ) == PARSED[spelled]
    assert assertion.spelled == spelled


REFUSED = {
    "perplexity": "measures are records, words",
    "ppl > random": "measures are records, words",
    "perplexity = 3": "signs < <= > >= == !=",
    "perplexity > ": "'' is nothing to compare with",
    "perplexity > b.jsonl": "random, all, in-domain, labelled, a b.jsonl",
    "perplexity > random * 2": "or NUMBER * one of these",
    "perplexity > 3%": "perplexity is no share",
    "perplexity > labelled": "'labelled' has no perplexity",
    "error > in-domain": "'in-domain' has no error",
    "oov > 1e999": "nothing to compare with",
    "oov > nan": "nothing to compare with",
}


@pytest.mark.parametrize("spelled", REFUSED)
def test_what_is_no_assertion_is_refused(spelled: str) -> None:
    with pytest.raises(OptionError) as refusal:
        read(spelled)
    assert REFUSED[spelled] in str(refusal.value)


def test_an_assertion_says_what_its_reference_needs() -> None:
    for spelled in ("oov > random", "oov > 0.5 * random"):
        with pytest.raises(OptionError, match="'random' needs pool"):
            parse(spelled, MEASURES, ["all"])


@pytest.mark.parametrize(
    ("sign", "below", "equal", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_an_assertion_holds_as_its_sign_says(
    sign: str, below: bool, equal: bool, above: bool
) -> None:
    assertion = read(f"words {sign} 5")
    assert [assertion.holds(value, 5) for value in (4, 5, 6)] == [below, equal, above]


def figures(perplexity: float | None) -> MeasuredValues:
    return MeasuredValues(dict.fromkeys(MEASURES) | {"perplexity": perplexity}, {})


FOUND = ComparisonResult(
    Basis(1, 1, 0, 1, 2, "records", 0, "id"),
    {
        "good": Compared(figures(10), [figures(20), figures(30)]),
        "poor": Compared(figures(40), [figures(20), figures(30)]),
        "none": Compared(figures(None), []),
    },
    {"all": figures(15)},
    [],
    [],
)
FIRED = {
    "perplexity > random": ["holds for poor: 40 against 25", "cannot be checked for none"],
    "perplexity > 1.5 * random": ["holds for poor: 40 against 37.5", "cannot be checked for none"],
    "perplexity > 2 * random": ["cannot be checked for none"],
    "perplexity < all": ["holds for good: 10 against 15", "cannot be checked for none"],
    "perplexity >= poor": ["cannot be checked for none"],
    "perplexity <= poor": ["holds for good: 10 against 40", "cannot be checked for none"],
    "words > 3": [f"cannot be checked for {name}" for name in ("good", "poor", "none")],
}


@pytest.mark.parametrize("spelled", FIRED)
def test_assertions_fire_for_each_selection_and_are_never_passed_unchecked(spelled: str) -> None:
    assertion = parse(spelled, MEASURES, [*RESERVED, *FOUND.selections])
    said = FOUND.fired([assertion])
    assert len(said) == len(FIRED[spelled])
    for line, words in zip(said, FIRED[spelled], strict=True):
        assert line.startswith(f"--fail-if '{spelled}' {words}")


def test_labels_are_counted_only_where_every_record_has_one() -> None:
    draw = random.Random(0)
    labels = [draw.choice("abc") for _ in range(30)]
    batches = [TextTable(["x"] * 15, labels=labels[:15]), TextTable(["x"] * 15, labels=labels[15:])]
    found = Collection.collect(batches, Vocabulary())
    assert found.label_counts() == {label: labels.count(label) for label in "abc"}
    assert list(found.label_counts().values()) == sorted(found.label_counts().values())[::-1]
    some = Collection.collect([TextTable(["x", "y"], labels=["a", None])], Vocabulary())
    assert some.label_counts() == {}


# -- What the page says of it


def shown(everything: float | None, columns: int = 3) -> ComparisonSection:
    names = [f"c{number}" for number in range(columns)]
    rows = [("dev perplexity", [str(number) for number in range(columns)])]
    return ComparisonSection(1, "r.json", {}, names, rows, [], everything)  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("own", "everything", "words"),
    [
        (9.0, None, "better than 2 of 3 random selections of equal size"),
        (9.0, 20.0, "better than 2 of 3 random selections of equal size, and better than all of"),
        (9.0, 7.0, "better than 2 of 3 random selections of equal size, but worse than all of the"),
        (9.0, 9.0, "equal size, but no better than all of the pool, 9"),
        (99.0, 7.0, "no better than any of 3 random selections of equal size, but worse than all"),
    ],
)
def test_worse_is_said_as_plainly_as_better(
    own: float, everything: float | None, words: str
) -> None:
    assert words in shown(everything).headline(Drawn("kept", own, [8.0, 10.0, 11.0]))


def test_a_wide_table_is_continued_in_others() -> None:
    tables = shown(None, columns=19).tables
    assert [len(columns) for columns, _ in tables] == [8, 8, 3]
    assert [name for columns, _ in tables for name in columns] == [f"c{n}" for n in range(19)]
    assert [each for _, [(_, row)] in tables for each in row] == [str(n) for n in range(19)]
