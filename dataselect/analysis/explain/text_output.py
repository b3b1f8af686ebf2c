"""An explanation as plain text, for people: short sections, wrapped."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dataselect.analysis.explain.glossary import explained
from dataselect.analysis.explain.word_scores import END
from dataselect.console import aligned, one_line
from dataselect.selection.rule import EVERYTHING

if TYPE_CHECKING:
    from dataselect.analysis.explain.explanation import Account, Explanation
    from dataselect.analysis.explain.ngram_shares import RelevanceSum, Reported
    from dataselect.analysis.explain.run_decisions import Passage
    from dataselect.analysis.explain.similar_records import Neighbour
    from dataselect.analysis.explain.word_scores import Word, WordPredictions

_WIDTH = 88
_LONGEST = 500  # characters of a text or a field
_SHARED = 6  # n-grams that are listed of a neighbour


def text(explanation: Explanation, top: int) -> str:
    """Lines that end with a line feed each; `top` n-grams and words are listed."""
    accounts = ["\n".join(_account(account, top)) for account in explanation.records]
    return "\n\n".join(accounts) + "\n"


def _account(account: Account, top: int) -> Iterator[str]:
    """The sections of one record, an empty line between them."""
    yield f"{_shown(account.name)}: {verdict(account.passages)}"
    sections = {
        "The record": _record(account),
        "What runs did with it": [line for each in account.passages for line in _passage(each)],
        "What its fields say": _fields(account),
        "Relevance": [
            *(line for each in account.relevance for line in _evidence(each, top)),
            *(line for each in account.reported for line in _reported(each, top)),
        ],
        "Language models": [line for each in account.predictions for line in _predicted(each, top)],
        "Nearest of what was kept": [line for each in account.neighbours for line in _near(each)],
        "Not known": [line for note in account.notes for line in _wrapped(note)],
    }
    for title, lines in sections.items():
        if lines:
            yield from ("", title, *(f"  {line}".rstrip() for line in lines))


def verdict(passages: Sequence[Passage]) -> str:
    """What became of a record, in a line: the runs that decided on it."""
    by_fate: dict[str, list[str]] = {}
    for each in passages:
        if each.decides and each.fate not in ("not read", "unknown"):
            by_fate.setdefault(each.fate, []).append(f"{each.command} ({each.report})")
    if by_fate:
        words = [f"{fate} by {', '.join(runs)}" for fate, runs in sorted(by_fate.items())]
        return "; ".join(words)
    return "kept" if any(each.fate == "kept" for each in passages) else "found"


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


def _record(account: Account) -> list[str]:
    lines = [] if account.text is None else _wrapped(_quoted(account.text), '"')
    lines += _wrapped("at " + ", ".join(map(str, account.places)), "at ")
    told = [name for name, _, _ in explained(account.record)]
    others = {
        name: value
        for name, value in account.record.items()
        if name not in told and value not in (account.text, account.name, None)
    }
    lines += [
        line
        for name, value in others.items()
        for line in _wrapped(f"{name}: {_short(json.dumps(value, ensure_ascii=False))}", "  ")
    ]
    copies = {name: count for name, count in account.same_text.items() if count > 1}
    if copies:
        counts = ", ".join(f"{count:,} times in {name}" for name, count in copies.items())
        lines += _wrapped(f"the same text is {counts}")
    return lines


def _fields(account: Account) -> list[str]:
    lines = []
    for name, value, meaning in explained(account.record):
        if name == "dropped" and account.passages:
            continue
        words = f"{name}: {_short(value)}, {meaning}"
        if name == "nearest" and account.nearest is not None and account.nearest.text:
            at = f"{account.nearest.file}:{account.nearest.line}"
            words += f"; {at} is {_quoted(account.nearest.text)}"
        lines += _wrapped(words, "  ")
    return lines


_FATES = {
    "kept": "kept",
    "dropped": "dropped",
    "not kept": "not kept: dropped, left out as a bad record, or never read",
    "left out": "neither kept nor dropped: a bad record, or its files have changed",
    "not read": "not read: it did not get there",
    "unknown": "not known",
}


def _passage(found: Passage) -> list[str]:
    lines = _wrapped(f"{found.command} ({found.report}): {_fate(found)}", "  ")
    return [*lines, *(f"  {line}" for each in _told(found) for line in _wrapped(each, "  "))]


def _fate(found: Passage) -> str:
    words = _FATES[found.fate]
    if found.fate == "dropped" and found.reason:
        return f"{words}, {found.reason}"
    if found.fate == "kept" and not found.decides:
        return "kept, as all were"
    is_ruled = found.fate in ("kept", "dropped") and found.rule != EVERYTHING
    return f"{words} by {found.rule}" if is_ruled else words


def _told(found: Passage) -> Iterator[str]:
    """Sentences on the score, its standing, and what would have kept the record."""
    if found.score is not None:
        yield f"{found.field} {found.score:.9g}{_cut(found)}"
    if found.standing is not None:
        where = found.standing
        group = f" of {where.group}" if where.group is not None else ""
        share = f"{100 * where.better:.4g} %"
        yield f"rank {where.rank:,} of {where.records:,}{group}, {share} are better"
    elif found.better is not None:
        low, high = (100 * share for share in found.better)
        yield f"{low:g} to {high:g} % are better, by the quantiles in the report"
    if found.fate == "dropped":
        yield from _chance(found)
    if found.missing and (found.standing is None or found.fate in ("unknown", "not kept")):
        yield f"not there: {', '.join(found.missing)}"


def _chance(found: Passage) -> Iterator[str]:
    """What would have kept a record that was dropped, or what to do to be told."""
    if found.remedy:
        instead = " in place of --auto" if "--auto" in found.rule else ""
        yield f"would have been kept with {' '.join(found.remedy)}{instead}"
    elif "--sample" in found.rule and found.standing is not None:
        yield "chance decided: another --seed, or a larger --sample, may draw it"
    elif found.reason == "not picked":
        yield "others brought more that is new: a larger --size may pick it"
    elif found.score is None and found.reason is None:
        yield "its score was not written: run again with --rejects FILE"


def _cut(found: Passage) -> str:
    """The worst score that was kept, where the score decided."""
    if found.cut is None or found.rule == EVERYTHING:
        return ""
    which = "lowest" if found.direction == "high" else "highest"
    return f", the {which} that was kept {found.cut:.9g}"


def _evidence(found: RelevanceSum, top: int) -> list[str]:
    """A sum that can be added up: n-grams, the rest of them, and the offset."""
    told = sorted((each for each in found.shares if each.weight), key=lambda each: -abs(each.share))
    shown = sorted(told[:top], key=lambda each: -each.share)
    which = f" for {found.set_name}" if found.set_name else ""
    total, offset = round(found.log_odds, 4), round(found.offset, 4)
    rest = total - offset - sum(round(each.share, 4) for each in shown)
    rows = [(f"{each.share:+.4f}", f"{each.weight:+.4f}", each.ngram) for each in shown]
    if told[top:]:
        rows.append((f"{rest:+.4f}", "", f"({len(told) - top:,} other n-grams)"))
    rows.append((f"{offset:+.4f}", "", "(offset of the model)"))
    rows.append((f"{total:+.4f}", "", "= log-odds"))
    factor = found.slope / found.divisor
    return [
        *_wrapped(
            f"{found.model}: relevance{which} {found.relevance:.9g} = "
            f"1 / (1 + exp({-total:+.4f})), from the log-odds that this sum gives:"
        ),
        *(f"{share:>9}  {weight:>8}  {words}" for share, weight, words in _HEADED + rows),
        *_wrapped(
            f"A share is {factor:.4g} times the weight, for each time that the n-gram occurs: the "
            f"slope of the model, {found.slope:.4g}, divided by {found.divisor:.4g} for the length "
            f"of the text. Of its {len(found.shares):,} n-grams, {found.unknown or 'none'} "
            f"{'is' if found.unknown == 1 else 'are'} unknown."
        ),
    ]


_HEADED = [("share", "weight", "n-gram")]


def _reported(found: Reported, top: int) -> list[str]:
    lines = []
    for name, weights in found.weights.items():
        which = f" for {name}" if name else ""
        listed = sorted(weights.items(), key=lambda item: -abs(item[1]))[:top]
        words = ", ".join(f"{ngram} {weight:+.4f}" for ngram, weight in listed) or "none"
        lines += _wrapped(f"Of its n-grams, {found.report} lists{which}: {words}", "  ")
    return lines


def _predicted(found: WordPredictions, top: int) -> list[str]:
    lines = []
    for model in found.models:
        unknown = sum(word.unknown for word in model.words)
        lines += _wrapped(
            f"{model.model}, {model.role}: perplexity {model.perplexity:.9g} over "
            f"{len(model.words) - 1:,} words and the end, {unknown:,} unknown; most surprising:"
        )
        rows: list[Sequence[str]] = [("word", "probability", "predicted by an n-gram of")]
        for word in model.surprising[:top]:
            spelled = "(end of the text)" if word.word == END else one_line(word.word)
            rows.append((spelled, f"{word.probability:.2g}", _length(word)))
        lines += [f"  {line}" for line in aligned(rows)]
    if found.difference is not None:
        lines += _wrapped(
            f"cross-entropy difference {found.difference:+.9g} bits a word; low is good"
        )
    return lines


def _length(word: Word) -> str:
    if word.unknown:
        return "unknown word"
    return "1 word" if word.order == 1 else f"{word.order} words"


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
