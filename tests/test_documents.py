"""JSON from files is what its types say, or is refused in one line that says where it is not."""

import copy
import io
import json
import math
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import pytest
from conftest import Inside

from dataselect.documents import Between, Count, DocumentError, parsed, typed

WRONG: list[Any] = [
    None,
    True,
    -1,
    0,
    1e308,
    3.5,
    "x",
    "",
    [],
    {},
    [1],
    10**19,
    math.nan,
    "9" * 5000,
]


class Point(NamedTuple):
    x: float
    y: Annotated[float, Between(0)] = 1.0


@dataclass(frozen=True)
class Shape:
    name: str
    points: tuple[Point, ...]
    kind: Literal["open", "closed"] = "open"


class Loose(TypedDict, total=False):
    size: Count
    pair: tuple[str, float]


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (float, 3, 3.0),
        (str | None, None, None),
        (int | str, "x", "x"),
        (dict[str, list[int]], {"a": [1, 2]}, {"a": [1, 2]}),
        (Point, {"x": 1}, Point(1.0, 1.0)),
        (Shape, {"name": "a", "points": [{"x": 1}]}, Shape("a", (Point(1.0),))),
        (Loose, {"size": 3, "more": True}, {"size": 3, "more": True}),
        (Any, {"a": [None]}, {"a": [None]}),
    ],
)
def test_what_fits_is_made(kind: Any, value: Any, found: Any) -> None:
    assert typed(kind, value) == found


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (int, True, "not a whole number"),
        (int, 3.0, "not a whole number"),
        (int, 10**19, "too large"),
        (float, "3", "not a number"),
        (float, 10**400, "too large"),
        (bool, 1, "not true or false"),
        (str | None, 3, "not a text"),
        (Shape, {"points": []}, "name: missing"),
        (Shape, {"name": "a", "points": {}}, "points: not a list"),
        (Shape, {"name": "a", "points": [{"x": "1"}]}, "points[0].x: not a number"),
        (Shape, {"name": "a", "points": [{"x": 1, "y": -1}]}, "points[0].y: not at least 0"),
        (Shape, {"name": "a", "points": [], "kind": "x"}, "kind: not open or closed"),
        (Shape, [], "not an object"),
        (Loose, {"size": -1}, "size: not at least 0"),
        (Loose, {"pair": ["a", 1, 2]}, "pair: not 2 values"),
        (dict[str, int], {"a\nb": "x"}, '"a\\nb": not a whole number'),
        (dict[str, int], {"a" * 99: "x"}, f"{'a' * 40}...: not a whole number"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(kind: Any, value: Any, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        typed(kind, value)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ("\xff", "not JSON"),
        ("9" * 5000, "not JSON"),
        ('{"a": NaN}', "NaN is no JSON"),
        ('{"a": 1, "a": 2}', "a is there twice"),
        ("[" * 200 + "]" * 200, "nested too deep"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_sound_json_is_refused(text: str, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        parsed(text.encode("latin-1"))


# -- Every leaf of every document that commands read


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = (
        (value.items() if isinstance(value, dict) else enumerate(value[:2]))
        if isinstance(value, dict | list)
        else ()
    )
    for name, each in inner:
        yield from leaves(each, (*path, name))


def mutated(document: Any, path: tuple[Any, ...], *value: Any) -> Any:
    """The document with another value at a path, or without it."""
    found = copy.deepcopy(document)
    place = found
    for name in path[:-1]:
        place = place[name]
    if value:
        place[path[-1]] = value[0]
    else:
        del place[path[-1]]
    return found


def mutations(document: Any, number: int) -> list[Any]:
    """Some of all documents in which one thing is wrong, the same ones every time."""
    chance = random.Random(0)
    paths = list(leaves(document))
    return [
        mutated(document, chance.choice(paths), *chance.choice([[], *([each] for each in WRONG)]))
        for _ in range(number)
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    songs = [f"play song {n} by band {n % 5}" for n in range(12)]
    talk = [f"we talked of item {n} for {n % 7} hours" for n in range(40)]
    rows: list[dict[str, Any]] = [
        {"id": str(n), "text": text, "n": n, "intent": str(n % 3)}
        for n, text in enumerate([*songs, *talk])
    ]
    write: dict[str, list[Any]] = {
        "seed": [{"text": text, "intent": "music"} for text in songs]
        + [{"text": text, "intent": "talk"} for text in talk[:12]],
        "pool": rows,
        "pairs": [{"src": row["text"], "tgt": row["text"].upper()} for row in rows],
        "lists": [{"nbest": [{"text": text, "score": -n} for n, text in enumerate(songs[:3])]}],
    }
    for name, records in write.items():
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (tmp_path / f"{name}.jsonl").write_text(lines)
    return tmp_path


def well_behaved(inside: Inside, line: str) -> int:
    """Run a command that works, or fails in one line; which of them."""
    found = inside(*line.split())
    if found.code:
        found.refused(1)
    else:
        found.silent()
    return found.code


MODELS = {
    "relevance": ("relevance -q --in-domain seed.jsonl", "pool.jsonl"),
    "label": ("label -q --labelled seed.jsonl", "pool.jsonl"),
    "bitext": ("bitext -q --in-domain seed.jsonl --text-field text", "pairs.jsonl"),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_wrong_values_works_or_is_refused(data: Path, inside: Inside, name: str) -> None:
    fit, pool = MODELS[name]
    inside(*fit.split(), "--fit-only", "--save-model", "good.model", pool).silent()
    with zipfile.ZipFile("good.model") as saved:
        members = {each: saved.read(each) for each in saved.namelist()}
    codes = []
    for about in mutations(json.loads(members["model.json"]), 12):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for each, content in members.items():
                is_about = each == "model.json"
                archive.writestr(each, json.dumps(about) if is_about else content)
        Path("bad.model").write_bytes(buffer.getvalue())
        codes.append(well_behaved(inside, f"{name} -q --model bad.model -o out.jsonl {pool}"))
    assert 0 < sum(codes) < len(codes)


def test_an_order_that_is_no_whole_number_is_refused(data: Path, inside: Inside) -> None:
    fit, pool = MODELS["relevance"]
    inside(*fit.split(), "--fit-only", "--save-model", "good.model", pool).silent()
    with zipfile.ZipFile("good.model") as saved, zipfile.ZipFile("bad.model", "w") as bad:
        for each in saved.namelist():
            about = {**json.loads(saved.read("model.json")), "order": 3.5}
            bad.writestr(each, json.dumps(about) if each == "model.json" else saved.read(each))
    inside("relevance", "--model", "bad.model", pool).refused(
        1, "bad.model: not a relevance model (order: not a whole number)"
    )


def test_weights_of_wrong_values_work_or_are_refused(data: Path, inside: Inside) -> None:
    fit = "rescore -q --in-domain seed.jsonl --save-weights w.json -o out lists.jsonl"
    assert well_behaved(inside, fit) == 0
    assert well_behaved(inside, "lm train -q -o small.arpa seed.jsonl") == 0
    for weights in mutations(json.loads(Path("w.json").read_text()), 12):
        Path("w.json").write_text(json.dumps(weights))
        well_behaved(inside, "rescore -q --load-weights w.json --lm small.arpa -o out lists.jsonl")


REPORTS = {
    "relevance": "relevance -q --in-domain seed.jsonl --budget 60 --cost words pool.jsonl",
    "select": "select -q --by n --top-k 3 --per intent pool.jsonl",
    "winnow": "winnow -q --in-domain seed.jsonl --auto seed.jsonl pool.jsonl",
    "bitext": "bitext -q --in-domain seed.jsonl --share 9% --drop-copies --allow-empty pairs.jsonl",
    "label": "label -q --labelled seed.jsonl --min-confidence 0.9 pool.jsonl",
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_of_wrong_values_is_explained_or_refused(
    data: Path, inside: Inside, name: str
) -> None:
    files = "--report r.json --rejects left.jsonl -o kept.jsonl"
    command, *rest = REPORTS[name].split()
    inside(command, *files.split(), *rest).silent()
    place = "left.jsonl:1" if Path("left.jsonl").stat().st_size else "kept.jsonl:1"
    for report in mutations(json.loads(Path("r.json").read_text()), 12):
        Path("bad.json").write_text(json.dumps(report))
        well_behaved(inside, f"explain -q {place} --report bad.json -o out.txt")
