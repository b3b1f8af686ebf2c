"""`dataselect report`: the page of run reports and scored records."""

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Outcome, Shell, run_inside

from dataselect.analysis.report.figures import style

VOID = {"meta", "link", "br", "img", "input"}
EVIL = "<script>alert('x')</script> & \"quotes\" $x$ {{ 7 * 7 }}"

Report = Callable[[str], Outcome]


class Page(HTMLParser):
    """A page that was read: elements with their attributes, and the text of tables and figures."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.unbalanced: list[str] = []
        self.captions: list[str] = []
        self.rows: list[list[str]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(self.source)
        self.close()
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "caption":
            self.captions.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if {"style", "script"} & {*self._open}:
            return
        self.words += data
        if "caption" in self._open:
            self.captions[-1] += data
        elif {"td", "th"} & set(self._open):
            self.rows[-1][-1] = " ".join([*self.rows[-1][-1].split(), *data.split()])

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        """What a person reads, white space made single."""
        return " ".join(self.words.split())


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def pool(count: int = 40) -> list[dict[str, Any]]:
    """Records of which every fourth is about music, with the higher scores."""
    return [
        {
            "id": f"r{n}",
            "text": f"play some jazz number {n}" if n % 4 == 0 else f"it rained {n} times",
            "intent": "play" if n % 4 == 0 else "chat",
            "a": 0.5 + n / 100 if n % 4 == 0 else n / 100,
        }
        for n in range(count)
    ]


def fill(folder: Path) -> None:
    """Put the pool into a folder, two stages of selection with reports, and in-domain text."""
    write(folder / "pool.jsonl", pool())
    write(folder / "music.jsonl", [{"text": "play the blues"}, {"text": "play some jazz"}])
    for name, source, rule in ("one", "pool", "--share 50%"), ("two", "one", "--threshold 0.5"):
        run_inside(
            *("select", "-q", "--by", "a", *rule.split()),
            *("-o", folder / f"{name}.jsonl", "--rejects", folder / f"{name}.out.jsonl"),
            *("--report", folder / f"{name}.json", folder / f"{source}.jsonl"),
        ).silent()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is filled."""
    fill(tmp_path)
    return tmp_path


@pytest.fixture
def report(folder: Path, inside: Inside) -> Report:
    """Run the command with the options of a line."""
    return lambda line: inside("report", *shlex.split(line))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave figures blank: drawing takes two thirds of the time."""
    monkeypatch.setattr(style, "saved", lambda *_: b'<svg viewBox="0 0 1 1"></svg>')


@pytest.fixture
def page(folder: Path, report: Report) -> Callable[[str], Page]:
    """The page that is made with the options of a line, without a word on standard error."""

    def read(line: str) -> Page:
        report(f"{line} -q -o page.html").silent()
        return Page(folder / "page.html")

    return read


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of both stages and the in-domain text."""
    folder = tmp_path_factory.mktemp("page")
    fill(folder)
    reports = [folder / "two.json", folder / "one.json"]
    options = ("--in-domain", folder / "music.jsonl", "--samples", 2, "-q")
    run_inside("report", *reports, *options, "-o", folder / "page.html").silent()
    return Page(folder / "page.html")


# -- what every page is


def test_the_page_is_sound_html(whole: Page) -> None:
    assert whole.source.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert whole.unbalanced == []
    ids = [own["id"] for _, own in whole.elements if "id" in own]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    for _, own in whole.elements:
        referred = (own.get("aria-labelledby") or "").split()
        referred += [(own.get("href") or "#")[1:]]
        assert set(referred) <= {*ids, ""}


def test_the_page_needs_no_network_and_is_read_without_scripts(whole: Page) -> None:
    assert "http:" not in whole.source
    assert "https:" not in whole.source
    assert not {"link", "img", "iframe"} & {tag for tag, _ in whole.elements}
    [script] = [given for tag, given in whole.elements if tag == "script"]
    assert not script
    finds = [given for tag, given in whole.elements if given.get("class") == "find"]
    assert finds
    assert all("hidden" in given for given in finds)
    assert all((own.get("href") or "#").startswith("#") for _, own in whole.elements)


def test_figures_and_tables_can_be_read_without_eyes_and_mouse(whole: Page) -> None:
    figures = whole.all("svg")
    assert len(figures) == 6
    assert all(own["role"] == "img" and own["aria-labelledby"] for own in figures)
    assert len(whole.captions) == len(whole.all("table")) > 0
    assert all(caption.strip() for caption in whole.captions)
    assert all(own.get("scope") in ("row", "col") for own in whole.all("th"))
    groups = [own for own in whole.all("div") if own.get("role") == "group"]
    assert len(groups) == len(whole.captions)
    assert all(own["tabindex"] == "0" for own in groups)


def test_figures_take_the_colours_of_the_page(whole: Page) -> None:
    figures = whole.source.split("<svg", 1)[1]
    assert "var(--kept)" in figures
    assert "#0a62b5" not in figures
    assert "prefers-color-scheme: dark" in whole.source
    assert "<text" in figures


def test_what_stands_in_the_data_is_shown_as_it_is(
    folder: Path, page: Callable[[str], Page]
) -> None:
    records = [record | {"text": f"{EVIL} {n}", "intent": EVIL} for n, record in enumerate(pool())]
    write(folder / "scored.jsonl", [record | {"id": EVIL, "relevance": 0.5} for record in records])
    found = page(f"--scored scored.jsonl --title {shlex.quote(EVIL)}")
    assert [tag for tag, _ in found.elements].count("script") == 1  # that of the page
    assert found.unbalanced == []
    assert found.words.count(EVIL) > 4


def test_the_same_files_make_the_same_bytes(folder: Path, report: Report) -> None:
    for name in ("a", "b"):
        report(f"one.json two.json --in-domain music.jsonl -q -o {name}.html").silent()
    assert (folder / "a.html").read_bytes() == (folder / "b.html").read_bytes()


# -- what it says


def test_the_way_of_the_records(whole: Page) -> None:
    assert "Of 40 records, 10 (25.0 %) were kept by select and then by select." in whole.text
    assert ["1 select", "40", "20", "20", "0", "50.0 %"] in whole.rows
    assert ["2 select", "20", "10", "10", "0", "50.0 %"] in whole.rows
    assert "read: 40, 1 select: 20, 2 select: 10" in whole.text


def test_reasons_and_the_cut_of_a_stage(whole: Page) -> None:
    assert ["not among the best by --share 0.5", "20", "100.0 %"] in whole.rows
    # Ten about music score 0.5 and above; of the others 0.39, 0.38, 0.37, 0.35 ... 0.27 are best.
    assert "The worst score that was kept is a 0.27; high is good." in whole.text
    assert ["lowest", "0.27", "0.01", "0.01"] in whole.rows
    assert ["highest", "0.86", "0.26", "0.86"] in whole.rows


def test_samples_are_the_best_those_at_the_cut_and_some_at_random(whole: Page) -> None:
    shown = [row[:2] for row in whole.rows if row[0][:2] == "0." and len(row) == 3]
    assert shown[:6] == [
        ["0.86", "play some jazz number 36"],
        ["0.82", "play some jazz number 32"],
        ["0.27", "it rained 27 times"],
        ["0.29", "it rained 29 times"],
        ["0.26", "it rained 26 times"],
        ["0.25", "it rained 25 times"],
    ]
    assert len(shown) == 2 * 8
    assert all(float(score) < 0.27 for score, _ in shown[6:8])


def test_labels_and_lengths_before_and_after(whole: Page) -> None:
    assert "Labels before and after: intent" in whole.text
    # Wilson's intervals; ten records of a label say nothing of whom a selection serves.
    assert ["play", "10", "10", "100.0 % [72.2, 100.0]", "too few to say"] in whole.rows
    assert ["chat", "30", "0", "0.0 % [0.0, 11.4]", "-"] in whole.rows
    # 30 of 4 words and 10 of 5, then 10 of 5.
    assert "A text had 4.2 words on average before, and has 5.0 after." in whole.text


def test_words_that_tell_kept_from_dropped(whole: Page) -> None:
    ngrams = {row[0]: row[1:3] for row in whole.rows if len(row) == 4 and row[3][:1] in ("+", "-")}
    assert ngrams["play some"] == ["10", "0"]
    assert ngrams["it rained"] == ["0", "10"]


def test_the_map_has_in_domain_kept_and_dropped_texts(whole: Page) -> None:
    assert "2 in-domain, 10 kept, 30 dropped, drawn at random" in whole.text


@pytest.mark.usefixtures("undrawn")
def test_another_label_can_be_named(folder: Path, page: Callable[[str], Page]) -> None:
    found = page("one.json --label-field a")
    assert "Labels before and after: a" in found.text
    assert ["0.27", "1", "1", "100.0 % [20.7, 100.0]", "too few to say"] in found.rows
    assert "(others)" in found.text


@pytest.mark.usefixtures("undrawn")
def test_relevance_shows_its_ngrams_and_finds_its_in_domain_text(
    folder: Path, inside: Inside, page: Callable[[str], Page]
) -> None:
    inside(
        *("relevance", "-q", "--in-domain", "music.jsonl", "--top-k", 10, "--report", "r.json"),
        *("-o", "kept.jsonl", "--rejects", "left.jsonl", "pool.jsonl"),
    ).silent()
    found = page("r.json")
    weights = json.loads((folder / "r.json").read_text())["relevance"]["sets"][""]["ngrams_for"]
    assert [weights[0][0], f"{weights[0][1]:+.3f}"] in found.rows
    assert "2 in-domain, 10 kept, 30 dropped" in found.text


@pytest.mark.usefixtures("undrawn")
def test_texts_that_were_compared_with_are_on_the_map(
    folder: Path, page: Callable[[str], Page]
) -> None:
    facts = json.loads((folder / "one.json").read_text())
    facts["options"]["against"] = "music.jsonl"  # as paraphrase score has it
    (folder / "one.json").write_text(json.dumps(facts))
    assert "2 in-domain, 20 kept, 20 dropped" in page("one.json").text


@pytest.mark.parametrize(
    "rule", ["--budget 49 --cost words", "--sample 9", "--share 0.5 --per intent"]
)
def test_no_cut_is_drawn_where_better_records_were_dropped(
    folder: Path, inside: Inside, page: Callable[[str], Page], rule: str
) -> None:
    inside(
        *("select", "-q", "--by", "a", *rule.split(), "--report", "r.json"),
        *("-o", "kept.jsonl", "--rejects", "left.jsonl", "pool.jsonl"),
    ).silent()
    found = page("r.json")
    scored = page("--scored kept.jsonl --scored left.jsonl --by a")
    for each in found, scored:
        assert "cut at" not in each.source
        assert "Worst of what was kept" in each.captions
    best = max(json.loads(line)["a"] for line in (folder / "left.jsonl").read_text().splitlines())
    start = found.captions.index("Best of what was dropped")
    assert start > 0
    assert any(row[0] == f"{best:g}" for row in found.rows)


@pytest.mark.usefixtures("undrawn")
def test_rescored_lists_show_which_hypotheses_won_and_why(
    folder: Path, inside: Inside, page: Callable[[str], Page]
) -> None:
    lists = [
        {
            "nbest": [
                {"text": "clay some jazz", "score": -1.0},
                {"text": "play some jazz", "score": -1.1},
            ],
            "ref": "play some jazz",
        }
        if number % 4
        else {"nbest": [{"text": "play the blues", "score": -1.0}], "ref": "play the blues"}
        for number in range(8)
    ]
    write(folder / "lists.jsonl", lists)
    inside(
        *(
            "rescore",
            "-q",
            "--in-domain",
            "music.jsonl",
            "--tune",
            "lists.jsonl",
            "--metric",
            "wer",
        ),
        *("-o", "won.jsonl", "--report", "r.json", "lists.jsonl"),
    ).silent()
    found = page("r.json")
    assert ["1", "2", "25.0 %"] in found.rows
    assert ["2", "6", "75.0 %"] in found.rows
    facts = json.loads((folder / "r.json").read_text())["rescore"]
    assert ["lm", f"{facts['weights']['lm']:+.4g}"] in found.rows
    assert "Tuned on 8 lists: wer|" in found.text
    assert "of 25.00 with the weights before, 0.00 with these" in found.text


@pytest.mark.usefixtures("undrawn")
def test_auto_shows_its_curve(folder: Path, inside: Inside, page: Callable[[str], Page]) -> None:
    inside(
        *("select", "-q", "--by", "a", "--auto", "music.jsonl", "--report", "r.json"),
        *("-o", "kept.jsonl", "pool.jsonl"),
    )
    auto = json.loads((folder / "r.json").read_text())["auto"]
    found = page("r.json")
    for name in ("best", "random", "everything"):
        assert f"{auto[name]['perplexity']:.4g}" in found.text
    assert "How much to keep" in found.text


@pytest.mark.usefixtures("undrawn")
def test_a_check_shows_its_rules_and_the_most_doubtful_first(
    folder: Path, inside: Inside, page: Callable[[str], Page]
) -> None:
    records = [{"text": f"play song {n}", "intent": "play"} for n in range(30)]
    doubtful = {"text": "play song 7", "intent": "pause"}
    write(folder / "annotated.jsonl", [*records, doubtful])
    rules = ("--rule", "conflicting_intents", "--rule", "in_test", "--report", "r.json")
    inside("check", "-q", *rules, "-o", "checked.jsonl", "annotated.jsonl").silent()
    found = page("r.json")
    assert ["conflicting_intents", "31", "2"] in found.rows
    assert ["in_test, not applied: there is no --test FILE", "–", "–"] in found.rows
    samples = found.captions[-2:]
    assert samples == ["The most doubtful", "Drawn at random"]
    first, second, *_ = (row[1] for row in found.rows if len(row) == 3 and row[0][:1] == "0")
    assert first == "play song 7 conflicting_intents: the same text has the intent 'pause'"
    assert second == "play song 0"  # the other record has the same text


@pytest.mark.usefixtures("undrawn")
def test_pairs_are_shown_with_the_side_that_was_compared_first(
    folder: Path, inside: Inside, page: Callable[[str], Page]
) -> None:
    pairs = [{"src": f"quelle {n}", "tgt": record["text"]} for n, record in enumerate(pool())]
    write(folder / "bitext.jsonl", pairs)
    inside(
        *("bitext", "-q", "--in-domain", "music.jsonl", "--top-k", 10, "--report", "r.json"),
        *("-o", "near.jsonl", "--rejects", "far.jsonl", "bitext.jsonl"),
    ).silent()
    found = page("r.json")
    assert "low is good" in found.text
    assert any(row[1:2] == ["play some jazz number 0 quelle 0"] for row in found.rows)
    assert "2 in-domain, 10 kept, 30 dropped" in found.text


# -- reports of compare


@pytest.mark.usefixtures("undrawn")
def test_selections_stand_beside_chance(
    folder: Path, inside: Inside, page: Callable[[str], Page]
) -> None:
    inside(
        *("compare", "-q", "one.jsonl", "two.jsonl", "--pool", "pool.jsonl", "--random", 3),
        *("--dev", "music.jsonl", "--report", "c.json", "-o", "c.txt"),
    )
    compared = json.loads((folder / "c.json").read_text())["compare"]
    own = compared["selections"]["two.jsonl"]
    draws = own["random"]["perplexity"]
    found = page("c.json two.json one.json")
    assert ["measure", "one.jsonl", "random", "two.jsonl", "random", "all"] in found.rows
    assert ["records", "20", "20", "10", "10", "40"] in found.rows
    [row] = [row for row in found.rows if row[0] == "dev perplexity"]
    assert row[3] == f"{own['measures']['perplexity']:.2f}"
    assert row[4].startswith(f"{draws['mean']:.2f}")
    assert any("±" in figure for row in found.rows for figure in row)
    beaten = own["standing"]["perplexity"]["beaten"]
    assert f"better than {beaten} of 3 random selections of equal size" in found.text


def test_a_comparison_without_chance_makes_a_page(
    inside: Inside, page: Callable[[str], Page]
) -> None:
    inside(
        *("compare", "-q", "one.jsonl", "--dev", "music.jsonl"),
        *("--report", "c.json", "-o", "c.txt"),
    )
    found = page("c.json")
    assert ["measure", "one.jsonl"] in found.rows
    assert found.all("svg") == []


# -- records without a report, and reports without records


@pytest.mark.usefixtures("undrawn")
def test_scored_records_are_told_apart_by_dropped(page: Callable[[str], Page]) -> None:
    found = page("--scored one.jsonl --scored one.out.jsonl --by a")
    assert "Of 40 records, 20 (50.0 %) were kept" in found.text
    assert ["not among the best by --share 0.5", "20", "100.0 %"] in found.rows
    assert "kept by a." in found.text
    assert "The worst score that was kept is a 0.27" in found.text


@pytest.mark.usefixtures("undrawn")
def test_the_score_is_the_last_one_of_a_known_name(
    folder: Path, page: Callable[[str], Page]
) -> None:
    records = [record | {"relevance": 0.1, "perplexity": 7.0, "oov": 0} for record in pool()]
    write(folder / "scored.jsonl", records)
    found = page("--scored scored.jsonl")
    assert "Scores: perplexity" in found.text
    assert "The good end of perplexity is on the left." in found.text


@pytest.mark.usefixtures("undrawn")
def test_scored_records_are_those_that_a_run_wrote_to_standard_output(
    folder: Path, shell: Shell, page: Callable[[str], Page]
) -> None:
    shell("dataselect select -q --by a --top-k 5 --report r.json pool.jsonl > piped.jsonl").silent()
    found = page("r.json --scored piped.jsonl")
    assert "Of 40 records, 5 (12.5 %) were kept by select." in found.text
    assert "standard output" in page("r.json").text


@pytest.mark.usefixtures("undrawn")
def test_without_rejects_the_input_tells_what_was_dropped(
    folder: Path, inside: Inside, report: Report
) -> None:
    twice = [*pool(), *pool()]  # copies are told apart by their ids
    write(folder / "pool.jsonl", [record | {"id": n} for n, record in enumerate(twice)])
    inside(
        *("select", "-q", "--by", "a", "--top-k", 5, "--report", "r.json"),
        *("-o", "kept.jsonl", "pool.jsonl"),
    ).silent()
    done = report("r.json -o page.html")
    assert (done.code, done.err.count("\n")) == (0, 2)
    assert "warning: select: it was run without --rejects" in done.err
    found = Page(folder / "page.html")
    assert ["chat", "60", "0", "0.0 % [0.0, 6.0]", "-"] in found.rows
    assert ["play", "20", "5", "25.0 % [11.2, 46.9]", "too few to say"] in found.rows
    assert ["highest", "0.86", "0.78", "0.86"] in found.rows


@pytest.mark.usefixtures("undrawn")
def test_files_that_are_not_there_are_missed_in_their_place(folder: Path, report: Report) -> None:
    for name in ("one.jsonl", "one.out.jsonl", "pool.jsonl"):
        (folder / name).unlink()
    done = report("one.json -o page.html")
    assert done.code == 0
    assert "one.jsonl, what it kept, is not there" in done.err
    found = Page(folder / "page.html")
    assert "Of 40 records, 20 (50.0 %) were kept" in found.text
    assert "one.jsonl, what it kept, is not there" in found.text
    assert "what was dropped is not known" in found.text
    assert found.unbalanced == []


@pytest.mark.usefixtures("undrawn")
def test_a_file_that_changed_since_is_noticed(folder: Path, report: Report) -> None:
    write(folder / "one.jsonl", pool(7))
    done = report("one.json -o page.html")
    assert "one.jsonl holds 7 records, and the run kept 20: it was written anew since" in done.err


@pytest.mark.usefixtures("undrawn")
def test_kept_records_alone_do_not_pass_for_all_that_was_read(
    folder: Path, shell: Shell, report: Report
) -> None:
    shell("dataselect select -q --by a --top-k 5 --report r.json pool.jsonl > piped.jsonl").silent()
    done = report("r.json --scored piped.jsonl -o page.html")
    assert "what was dropped is not known; give what --rejects wrote as --scored" in done.err
    found = Page(folder / "page.html")
    assert "before and after cannot be compared" in found.text
    assert "Labels before and after" not in found.text


@pytest.mark.usefixtures("undrawn")
def test_where_nothing_was_dropped_there_is_no_before(page: Callable[[str], Page]) -> None:
    found = page("--scored pool.jsonl --by a")
    assert "A text has 4.2 words on average." in found.text
    assert "Labels: intent" in found.text
    assert "before and after" not in found.text


@pytest.mark.usefixtures("undrawn")
def test_records_without_the_field_are_said_to_have_no_score(folder: Path, report: Report) -> None:
    done = report("--scored pool.jsonl --by b -o page.html")
    assert "no record has a number in b; name another field with --by" in done.err
    assert "Scores" not in Page(folder / "page.html").text


@pytest.mark.usefixtures("undrawn")
def test_a_file_that_is_named_twice_is_read_once(page: Callable[[str], Page]) -> None:
    assert (
        "Of 40 records, 40 (100.0 %)" in page("--scored pool.jsonl --scored pool.jsonl --by a").text
    )


# -- sizes


@pytest.mark.parametrize("size", [1e308, 1e-308, 5e-324])
def test_scores_of_any_size_make_a_page(
    folder: Path, page: Callable[[str], Page], size: float
) -> None:
    scores = [size, -size, 1.0, size / 2]
    records = [record | {"a": scores[n % 4]} for n, record in enumerate(pool())]
    for given in records, [record | {"a": abs(record["a"])} for record in records]:
        write(folder / "scored.jsonl", given)
        assert "The good end of a is on the right." in page("--scored scored.jsonl --by a").text


def test_rare_labels_are_in_the_table_and_not_in_the_figure(
    folder: Path, page: Callable[[str], Page]
) -> None:
    name = "a rather long name of an intent"
    write(
        folder / "scored.jsonl", [{"text": "x", "intent": f"{name} {n}", "a": n} for n in range(99)]
    )
    found = page("--scored scored.jsonl --by a --sample-size 9")
    assert ["(others)", "84", "84", "100.0 % [95.6, 100.0]", ""] in found.rows
    assert "Rarer labels are together in the table." in found.text
    figure = found.source[found.source.index('id="lineage-1-labels-shows"') :].split("</svg>")[0]
    assert "(others)" not in figure
    assert "… intent 0<" in figure


@pytest.mark.usefixtures("undrawn")
def test_shares_have_the_digits_that_tell_them_from_none_and_all(
    folder: Path, page: Callable[[str], Page]
) -> None:
    reasons = ["rare", *["frequent"] * 1999]
    write(folder / "scored.jsonl", [{"text": "x", "a": 1, "dropped": reason} for reason in reasons])
    found = page("--scored scored.jsonl --by a --sample-size 9")
    assert ["frequent", "1,999", "99.95 %"] in found.rows
    assert ["rare", "1", "0.05 %"] in found.rows


@pytest.mark.parametrize("count", [1, 2, 10])
def test_a_few_records_make_a_page(folder: Path, page: Callable[[str], Page], count: int) -> None:
    write(folder / "scored.jsonl", [record | {"relevance": 0.5} for record in pool(count)])
    found = page("--scored scored.jsonl")
    assert f"Of {count} records, {count} (100.0 %) were kept" in found.text
    assert found.unbalanced == []


def test_nothing_kept_makes_a_page(
    folder: Path, inside: Inside, page: Callable[[str], Page]
) -> None:
    inside(
        *("select", "-q", "--by", "a", "--threshold", 5, "--allow-empty", "--report", "r.json"),
        *("-o", "none.jsonl", "--rejects", "all.jsonl", "pool.jsonl"),
    ).silent()
    found = page("r.json")
    assert "Of 40 records, 0 (0.0 %) were kept" in found.text
    assert ["below the threshold 5.0", "40", "100.0 %"] in found.rows


def test_an_empty_file_makes_a_page(folder: Path, page: Callable[[str], Page]) -> None:
    (folder / "empty.jsonl").write_text("")
    assert "Of 0 records, 0 (0.0 %) were kept" in page("--scored empty.jsonl --by a").text


@pytest.mark.usefixtures("undrawn")
def test_only_ngrams_and_the_map_are_of_a_sample(page: Callable[[str], Page]) -> None:
    found = page("two.json --sample-size 7")
    assert "in 7 kept and 7 dropped texts, drawn at random" in found.text
    assert "7 kept, 7 dropped, drawn at random" in found.text
    assert ["play", "10", "10", "100.0 % [72.2, 100.0]", "too few to say"] in found.rows


def test_compressed_records_in_any_script_are_read(
    folder: Path, shell: Shell, page: Callable[[str], Page]
) -> None:
    texts = ["再生 ジャズ", "شغل الموسيقى", "play \ud83c\udfb7", "a\u2028b\x00c"]
    write(folder / "scored.jsonl", [{"text": text, "intent": text, "a": 1} for text in texts])
    shell("gzip scored.jsonl").silent()
    found = page("--scored scored.jsonl.gz --by a")
    assert "شغل الموسيقى" in found.text
    assert "\x00" not in found.source


# -- where it goes


def test_the_page_goes_to_standard_output(folder: Path, shell: Shell) -> None:
    done = shell("dataselect report -q one.json two.json | tail -n 1")
    assert done.silent() == b"</html>\n"


def test_the_page_does_not_go_to_a_terminal(folder: Path) -> None:
    reader, terminal = os.openpty()
    asked = [sys.executable, "-m", "dataselect", "report", "-q", "one.json"]
    done = subprocess.run(asked, cwd=folder, stdout=terminal, stderr=subprocess.PIPE, check=False)
    os.close(terminal)
    os.close(reader)
    assert done.returncode == 2
    assert b"would go to the terminal; name a file with -o" in done.stderr


def test_a_full_disk_is_an_error(report: Report) -> None:
    report("one.json -q -o /dev/full").refused(1, "/dev/full: No space left")


def test_plots_are_files_of_plain_colours(folder: Path, report: Report) -> None:
    report("one.json two.json -q --plots plots -o page.html").silent()
    names = sorted(path.name for path in (folder / "plots").iterdir())
    assert names == [
        *("lineage-1-funnel.svg", "lineage-1-labels.svg", "lineage-1-lengths.svg"),
        *("lineage-1-map.svg", "stage-1-select-scores.svg", "stage-2-select-scores.svg"),
    ]
    assert all("#0a62b5" in (folder / "plots" / name).read_text() for name in names)
    report("one.json -q --plots plots --plots-format png -o page.html").silent()
    pictures = list((folder / "plots").iterdir())
    assert {path.suffix for path in pictures} == {".png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)


def test_a_folder_of_other_files_is_not_replaced(folder: Path, report: Report) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.tex").write_text("x")
    report("one.json -q --plots mine -o page.html").refused(1, "mine: exists already")
    assert not (folder / "page.html").exists()


# -- what is refused


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("", 2, "name run reports, or records with --scored"),
        ("one.json --by a", 2, "--by is for --scored records"),
        ("gone.json", 1, "gone.json: No such file"),
        ("pool.jsonl", 1, "pool.jsonl: not a run report: it holds records; name what --report"),
        ("music.jsonl", 1, "are shown by 'dataselect report --scored music.jsonl'"),
        ("--scored pool.jsonl", 2, "no score that is known; name one with --by"),
        ("--scored -", 2, "name files, not standard input"),
        ("--scored pool.jsonl --by id", 1, "pool.jsonl:1: field 'id' is a string, not a number"),
        ("one.json --in-domain gone.jsonl", 1, "gone.jsonl: No such file"),
        ("one.json -o one.json", 2, "one.json is also read"),
        ("one.json -o one.jsonl", 2, "one.jsonl is also read"),
    ],
)
def test_what_cannot_be_shown_is_refused(report: Report, line: str, code: int, words: str) -> None:
    report(line if "-o" in line else f"{line} -o page.html").refused(code, words)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            {"command": "convert"},
            "r.json: not the report of a run that scores, selects or measures",
        ),
        ({"command": "compare", "compare": {}}, "r.json: not the report of a run"),
        ([], "r.json: not the report"),
    ],
)
def test_other_reports_are_refused(folder: Path, report: Report, found: Any, words: str) -> None:
    (folder / "r.json").write_text(json.dumps(found))
    report("r.json -o page.html").refused(1, words)


def test_a_bad_record_is_told_with_its_place(folder: Path, report: Report) -> None:
    with (folder / "one.jsonl").open("a") as file:
        file.write('{"text": 7}\n')
    report("one.json -o page.html").refused(1, "one.jsonl:21: field 'text' is a number")


@pytest.mark.parametrize("package", ["matplotlib", "jinja2"])
def test_what_is_not_installed_is_named(
    report: Report, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    report("one.json -o page.html").refused(
        2, f"a page needs {package}; pip install jinja2 matplotlib"
    )
