"""An explanation as plain text, for people: short sections, wrapped."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dataselect.analysis.explain.stage_models import END
from dataselect.console import aligned, one_line

if TYPE_CHECKING:
    from dataselect.analysis.explain.explanation import ExplainedRecord, Explanation
    from dataselect.analysis.explain.run_decisions import RunDecision
    from dataselect.analysis.explain.similar_records import Neighbour
    from dataselect.analysis.explain.stage_models import RelevanceSum, WordPredictions

_WIDTH = 88
_LONGEST = 500  # characters of a text or a field
_SHARED = 6  # n-grams that are listed of a neighbour

MEANINGS = {
    "relevance": "probability that the text is in-domain rather than background",
    "relevance_for": "the in-domain set that it is most relevant for",
    "relevance_ngrams": "the n-grams that spoke most for it and against it",
    "perplexity": "to the in-domain language model, a word; low is good",
    "in_domain_score": "relevance less half the log perplexity, both in standard deviations",
    "cross_entropy_difference": "in-domain less general cross-entropy, bits a word; low is good",
    "oov": "words that the language model does not know",
    "bucket": "which share of the ranking it is in, 1 for the best",
    "distance": "from the in-domain text; low is good",
    "alignment": "ratio margin of the two sides, about 1 for a chance match; high is good",
    "novelty": "1 - its similarity to the nearest labelled or earlier record when it was picked",
    "nearest": "the labelled or other record that it is closest to",
    "round": "the batch in which it was picked",
    "weight": "how many records of the pool it stands for, itself among them",
    "intent": "what the intent classifier took it for",
    "confidence": "probability of that intent",
    "paraphrase": "probability that it says the same as the nearest text, or as the other side",
    "rescored": "of the winner: rank before, weighted sum and its features, words, perplexity",
    "dropped": "why the last run that read it dropped it",
}
"""What each field that a command adds says of a record, in the order of the operations."""

_OUTCOMES = {
    "kept": "kept",
    "dropped": "dropped",
    "not kept": "not kept: dropped, left out as a bad record, or never read",
    "left out": "neither kept nor dropped: a bad record, or its files have changed",
    "not read": "not read: it did not get there",
    "unknown": "not known",
}


def text(explanation: Explanation, top: int) -> str:
    """Lines that end with a line feed each; `top` n-grams and words are listed."""
    found = ["\n".join(_record_sections(each, top)) for each in explanation.records]
    return "\n\n".join(found) + "\n"


def _record_sections(found: ExplainedRecord, top: int) -> Iterator[str]:
    """The sections of one record, an empty line between them."""
    yield f"{_shown(found.name)}: {_verdict(found.decisions)}"
    sections = {
        "The record": _record(found),
        "What runs did with it": [line for each in found.decisions for line in _decision(each)],
        "What its fields say": _fields(found),
        "Relevance": [line for each in found.relevance for line in _relevance(each, top)],
        "Language models": [line for each in found.predictions for line in _predicted(each, top)],
        "Nearest of what was kept": [line for each in found.neighbours for line in _near(each)],
        "Not known": [line for note in found.notes for line in _wrapped(note)],
    }
    for title, lines in sections.items():
        if lines:
            yield from ("", title, *(f"  {line}".rstrip() for line in lines))


def _verdict(decisions: Sequence[RunDecision]) -> str:
    """What became of a record, in a line: the runs that decided on it, which may only score."""
    by_outcome: dict[str, list[str]] = {}
    for each in decisions:
        if each.counts.dropped and each.outcome not in ("not read", "unknown"):
            by_outcome.setdefault(each.outcome, []).append(f"{each.command} ({each.report})")
    if by_outcome:
        return "; ".join(
            f"{outcome} by {', '.join(by_outcome[outcome])}" for outcome in sorted(by_outcome)
        )
    return "kept" if any(each.outcome == "kept" for each in decisions) else "found"


def _shown(value: Any) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def _quoted(words: str) -> str:
    return f'"{_short(words)}"'


def _wrapped(words: str, after: str = "") -> list[str]:
    """A sentence in lines; those after the first are indented as deep as `after` is wide."""
    return textwrap.wrap(
        one_line(words),
        _WIDTH - 2,
        subsequent_indent=" " * len(after),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _meaningful(found: ExplainedRecord) -> list[str]:
    """Fields that have a meaning; an intent without confidence was annotated, null is no score."""
    record = found.record
    return [
        name
        for name in MEANINGS
        if record.get(name) is not None and (name != "intent" or "confidence" in record)
    ]


def _record(found: ExplainedRecord) -> list[str]:
    lines = [] if found.text is None else _wrapped(_quoted(found.text), '"')
    lines += _wrapped("at " + ", ".join(map(str, found.places)), "at ")
    with_meaning = _meaningful(found)
    for name, value in found.record.items():
        if name not in with_meaning and value not in (found.text, found.name, None):
            lines += _wrapped(f"{name}: {_short(json.dumps(value, ensure_ascii=False))}", "  ")
    copies = [f"{n:,} times in {name}" for name, n in found.same_text.items() if n > 1]
    return lines + (_wrapped(f"the same text is {', '.join(copies)}") if copies else [])


def _fields(found: ExplainedRecord) -> list[str]:
    lines = []
    for name in _meaningful(found):
        if name == "dropped" and found.decisions:
            continue
        value = json.dumps(found.record[name], ensure_ascii=False)
        words = f"{name}: {_short(value)}, {MEANINGS[name]}"
        if name == "nearest" and found.nearest is not None and found.nearest.text:
            at = f"{found.nearest.file}:{found.nearest.line}"
            words += f"; {at} is {_quoted(found.nearest.text)}"
        lines += _wrapped(words, "  ")
    return lines


def _decision(found: RunDecision) -> list[str]:
    words = _OUTCOMES[found.outcome]
    if found.outcome == "dropped" and found.reason:
        words += f", {found.reason}"
    elif found.outcome == "kept" and not found.counts.dropped:
        words = "kept, as all were"
    elif found.outcome in ("kept", "dropped") and found.cut.selects:
        words += f" by {found.cut.rule}"
    lines = _wrapped(f"{found.command} ({found.report}): {words}", "  ")
    return lines + [f"  {line}" for each in _sentences(found) for line in _wrapped(each, "  ")]


def _sentences(found: RunDecision) -> Iterator[str]:
    """Sentences on the score, its rank, and what would have kept the record."""
    cut, rank = found.cut, found.rank
    if found.score is not None:
        which = "lowest" if cut.direction == "high" else "highest"
        decided = cut.score is not None and cut.selects
        limit = f", the {which} that was kept {cut.score:.9g}" if decided else ""
        yield f"{cut.field} {found.score:.9g}{limit}"
    if rank is not None:
        group = f" of {rank.group}" if rank.group is not None else ""
        share = f"{100 * (rank.rank - 1) / rank.records:.4g} %"
        yield f"rank {rank.rank:,} of {rank.records:,}{group}, {share} are better"
    if found.outcome == "dropped":
        yield from _advice(found)
    if found.missing and (rank is None or found.outcome in ("unknown", "not kept")):
        yield f"not there: {', '.join(found.missing)}"


def _advice(found: RunDecision) -> Iterator[str]:
    """What would have kept a record that was dropped, or what to do to know it."""
    if found.would_keep:
        instead = " in place of --auto" if found.auto else ""
        yield f"would have been kept with {' '.join(found.would_keep)}{instead}"
    elif "sample" in found.cut.options and found.rank is not None:
        yield "chance decided: another --seed, or a larger --sample, may draw it"
    elif found.dropped_by is not None and found.dropped_by.rule == "not_picked":
        yield "others brought more that is new: a larger --top-k may pick it"
    elif found.score is None and found.reason is None:
        yield "its score was not written: run again with --rejects FILE"


def _relevance(found: RelevanceSum, top: int) -> list[str]:
    """A sum that can be added up: n-grams, the rest of them, and the offset."""
    known = sorted(
        (each for each in found.shares if each.weight), key=lambda each: -abs(each.share)
    )
    listed = sorted(known[:top], key=lambda each: -each.share)
    which = f" for {found.set_name}" if found.set_name else ""
    total, offset = round(found.log_odds, 4), round(found.offset, 4)
    rest = total - offset - sum(round(each.share, 4) for each in listed)
    rows = [(f"{each.share:+.4f}", f"{each.weight:+.4f}", each.ngram) for each in listed]
    if known[top:]:
        rows.append((f"{rest:+.4f}", "", f"({len(known) - top:,} other n-grams)"))
    rows.append((f"{offset:+.4f}", "", "(offset of the model)"))
    rows.append((f"{total:+.4f}", "", "= log-odds"))
    unknown = sum(each.weight == 0 for each in found.shares)
    return [
        *_wrapped(
            f"{found.model}: relevance{which} {found.relevance:.9g} = "
            f"1 / (1 + exp({-total:+.4f})), from the log-odds that this sum gives:"
        ),
        *(f"{share:>9}  {weight:>8}  {words}" for share, weight, words in [_HEADED, *rows]),
        *_wrapped(
            f"A share is {found.slope / found.divisor:.4g} times the weight, for each time that "
            f"the n-gram occurs: the slope of the model, {found.slope:.4g}, divided by "
            f"{found.divisor:.4g} for the length of the text. Of its {len(found.shares):,} "
            f"n-grams, {unknown or 'none'} {'is' if unknown == 1 else 'are'} unknown."
        ),
    ]


_HEADED = ("share", "weight", "n-gram")


def _predicted(found: WordPredictions, top: int) -> list[str]:
    lines = []
    for model in found.models:
        unknown = sum(word.unknown for word in model.words)
        lines += _wrapped(
            f"{model.model}, {model.role}: perplexity {model.perplexity:.9g} over "
            f"{len(model.words) - 1:,} words and the end, {unknown:,} unknown; most surprising:"
        )
        rows: list[Sequence[str]] = [("word", "probability", "predicted by an n-gram of")]
        for word in sorted(model.words, key=lambda word: word.log10)[:top]:
            spelled = "(end of the text)" if word.word == END else one_line(word.word)
            length = "1 word" if word.order == 1 else f"{word.order} words"
            length = "unknown word" if word.unknown else length
            rows.append((spelled, f"{10**word.log10:.2g}", length))
        lines += [f"  {line}" for line in aligned(rows)]
    if found.difference is not None:
        lines += _wrapped(
            f"cross-entropy difference {found.difference:+.9g} bits a word; low is good"
        )
    return lines


def _near(found: Neighbour) -> list[str]:
    at = f"{found.file}:{found.line}"
    known = [at] if found.name != at else []
    known += [f"{found.times:,} times"] if found.times > 1 else []
    known += ["a copy"] if found.copy else []
    named = f"{_shown(found.name)} ({', '.join(known)})" if known else at
    lines = _wrapped(f"{found.similarity:.2f}  {named}: {_quoted(found.text)}", "0.00  ")
    if found.shared and not found.copy:
        shared = _short(", ".join(found.shared[:_SHARED]))
        lines += [f"      {line}" for line in _wrapped(f"shares: {shared}", "  ")]
    return lines
