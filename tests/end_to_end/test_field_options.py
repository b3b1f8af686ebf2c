"""Files of other roles have their own field options, which messages name."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside

TEXTS = {
    "music": ["play some jazz", "play the blue band", "play it now please", "some jazz now"],
    "weather": ["will it rain", "snow in the north", "rain or snow tomorrow", "will it snow"],
}
ROLES = {
    "relevance --in-domain": "relevance --in-domain FILE pool.jsonl",
    "relevance --background": "relevance --in-domain kept.jsonl --background FILE pool.jsonl",
    "winnow --in-domain": "winnow --in-domain FILE pool.jsonl",
    "winnow --background": "winnow --in-domain plain.jsonl --background FILE pool.jsonl",
    "label --labelled": "label --labelled FILE --uncalibrated pool.jsonl",
    "label --background": "label --labelled plain.jsonl --background FILE --uncalibrated "
    "--keep-other pool.jsonl",
    "diversity --labelled": "diversity --labelled FILE --top-k 2 pool.jsonl",
    "discover --labelled": "discover --labelled FILE --keep-ungrouped pool.jsonl",
    "check --labelled": "check --labelled FILE pool.jsonl",
    "check --test": "check --test FILE pool.jsonl",
    "bitext --in-domain": "bitext --in-domain FILE bitext.jsonl",
    "rescore --in-domain": "rescore --in-domain FILE nbest.jsonl",
    "select --auto": "select --by id --auto FILE pool.jsonl",
    "compare --dev": "compare --dev FILE --pool pool.jsonl kept.jsonl",
    "compare --in-domain": "compare --dev plain.jsonl --in-domain FILE pool.jsonl",
    "compare --labelled": "compare --dev plain.jsonl --labelled FILE --test plain.jsonl "
    "--rounds 0 pool.jsonl",
    "compare --test": "compare --dev plain.jsonl --labelled plain.jsonl --test FILE "
    "--rounds 0 pool.jsonl",
    "compare --background": "compare --dev plain.jsonl --labelled plain.jsonl --background FILE "
    "--test plain.jsonl --rounds 0 pool.jsonl",
    "evaluate --against": "evaluate --metric wer --against FILE plain.jsonl",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Records of a pool and of other roles, which have their texts in `text` or further in."""
    texts = [(intent, text) for intent, own in TEXTS.items() for text in own for _ in range(2)]
    plain = [
        {"id": n, "text": text, "ref": text, "intent": intent}
        for n, (intent, text) in enumerate(texts)
    ]
    inner = [
        {**each, "text": "of something else", "supervisions": [{"text": each["text"]}]}
        for each in plain
    ]
    pool = [{"id": n, "text": text + " now"} for n, (_, text) in enumerate(texts)]
    made: dict[str, list[dict[str, Any]]] = {
        "plain.jsonl": plain,
        "inner.jsonl": inner,
        "pool.jsonl": pool,
        "kept.jsonl": pool[:6],
        "bitext.jsonl": [{"src": "ein Satz", "tgt": each["text"]} for each in pool],
        "nbest.jsonl": [{"nbest": [{"text": each["text"], "score": 1}]} for each in pool],
    }
    for name, own in made.items():
        (tmp_path / name).write_text("".join(json.dumps(each) + "\n" for each in own))
    return tmp_path


@pytest.mark.parametrize("role", ROLES)
def test_the_text_of_another_role_is_read_where_its_option_says(
    inside: Inside, files: Path, role: str
) -> None:
    option = f"{role.split()[1]}-field"
    outputs = []
    for file, where in ("plain.jsonl", ()), ("inner.jsonl", (option, "supervisions.0.text")):
        words = ROLES[role].replace("FILE", file).split()
        run = inside(*words, *where, "-q", "-o", file + ".out")
        assert (run.code, run.err) == (0, "")
        outputs.append((files / f"{file}.out").read_text().replace(file, ""))
    assert outputs[0] == outputs[1] != ""


@pytest.mark.parametrize("role", ROLES)
def test_a_missing_field_names_the_option_of_its_role(
    inside: Inside, files: Path, role: str
) -> None:
    option = f"{role.split()[1]}-field"
    words = ROLES[role].replace("FILE", "inner.jsonl").split()
    run = inside(*words, option, "supervisions.1.text", "-q", "-o", "out")
    run.refused(1, "inner.jsonl:1: field 'supervisions.1.text' is missing", f"with {option} (")
    assert "there are 'supervisions.0.text'" in run.err
    assert not (files / "out").exists()


@pytest.mark.parametrize("role", ["relevance --in-domain", "label --labelled", "compare --dev"])
def test_a_role_has_its_text_where_the_pool_has_it_or_in_text(
    inside: Inside, files: Path, role: str
) -> None:
    pool = (files / "pool.jsonl").read_text()
    (files / "pool.jsonl").write_text(pool.replace('"text"', '"pred_text"'))
    (files / "in.jsonl").write_text((files / "plain.jsonl").read_text())
    if role.startswith("compare"):
        (files / "kept.jsonl").write_text((files / "pool.jsonl").read_text())
    outputs = []
    for number in range(2):
        run = inside(
            *ROLES[role].replace("FILE", "in.jsonl").split(),
            *("--text-field", "pred_text", "-q", "-o", "out"),
        )
        assert (run.code, run.err) == (0, "")
        outputs.append((files / "out").read_bytes())
        if number == 0:
            own = (files / "in.jsonl").read_text().replace('"text"', '"pred_text"')
            (files / "in.jsonl").write_text(own)
    assert outputs[0] == outputs[1]


def test_auto_field_without_auto_has_no_use(inside: Inside, files: Path) -> None:
    run = inside("select", "--by", "id", "--auto-field", "t", "-q", "pool.jsonl")
    run.refused(2, "--auto-field is of the file of --auto; give it too")


def test_paths_lead_into_lists_wherever_a_field_is_read(inside: Inside, files: Path) -> None:
    lines = [
        {"id": n, "cuts": [{"text": "a", "score": n, "seconds": 2, "who": ["x", f"{n % 2}"]}]}
        for n in range(10)
    ]
    (files / "cuts.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    run = inside(
        *("select", "--by", "cuts.0.score", "--budget", "5", "--cost", "cuts.-1.seconds"),
        *("--per", "cuts.0.who.1", "-q", "-o", "out", "cuts.jsonl"),
    )
    assert (run.code, run.err) == (0, "")
    kept = [json.loads(line)["id"] for line in (files / "out").read_text().splitlines()]
    assert kept == [6, 7, 8, 9]


def test_an_nbest_list_may_be_in_a_list(inside: Inside, files: Path) -> None:
    lists = (files / "nbest.jsonl").read_text().splitlines()
    asr = [json.dumps({"asr": [json.loads(line)]}) for line in lists]
    (files / "asr.jsonl").write_text("\n".join([*asr, ""]))
    words = "rescore --in-domain plain.jsonl -q --keep-nbest"
    for file, where in ("nbest.jsonl", "nbest"), ("asr.jsonl", "asr.0.nbest"):
        run = inside(*words.split(), "--nbest-field", where, "-o", f"{file}.out", file)
        assert (run.code, run.err) == (0, "")
    plain, inner = (
        [json.loads(line)["rescored"] for line in (files / f"{name}.out").read_text().splitlines()]
        for name in ("nbest.jsonl", "asr.jsonl")
    )
    assert plain == inner
