"""Why records are dropped: data first, words last."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypedDict

from dataselect.documents import Count, typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OF_THE_SELECTION = frozenset({"below_threshold", "above_threshold", "rank", "sample", "max_per"})

EXCLUDED, WORSE_COPY = "excluded", "copy_of_better"
"""What `--exclude` and `--unique` leave out."""

_WORDS = {
    EXCLUDED: "in {option} {value}",
    WORSE_COPY: "a copy of a better record, {option}",
    "below_threshold": "below the threshold {value}",
    "above_threshold": "above the threshold {value}",
    "rank": "not among the best by {option} {brief}{scope}",
    "sample": "not drawn by {option} {brief}{scope}",
    "max_per": "over {option} {value} of its {per}",
    "max_perplexity": "above {option} {value}",
    "min_perplexity": "below {option} {value}",
    "min_confidence": "below {option} {brief}",
    "min_slots_confidence": "slots below {option} {brief}",
    "min_alignment": "alignment below {option} {brief}",
    "other_intent": "labelled 'other'",
    "length_ratio": "above {option} {brief}",
    "copy_of_source": "a copy of the source, {option}",
    "source_script": "source not in {option} {value}",
    "target_script": "target not in {option} {value}",
    "urls": "other URLs or e-mail addresses, {option}",
    "numbers": "other numbers, {option}",
    "not_picked": "not picked",
    "copy_of_labelled": "a copy of labelled text",
    "copy": "a copy of an earlier record",
    "novelty": "outside the band",
    "flagged": "flagged {value}",
    "known_intent": "of a known intent",
    "ungrouped": "in no group",
}


class Reason(NamedTuple):
    """The rule that drops a record, and the option that set it with its value.

    `cost` is what a budget counts, `per` the field within whose values a rule holds.

    >>> Reason("rank", "--top-k", 5, per="intent").as_json()
    {'rule': 'rank', 'option': '--top-k', 'value': 5, 'per': 'intent'}
    """

    rule: str
    option: str | None = None
    value: int | float | str | None = None
    cost: str | None = None
    per: str | None = None

    @property
    def is_exclusion(self) -> bool:
        """Whether the record was left out before it could be ranked."""
        return self.rule not in _OF_THE_SELECTION

    @property
    def limited_field(self) -> str | None:
        """The field of which an option such as --min-FIELD is the lowest or the highest value."""
        bound, _, name = self.rule.partition("_")
        is_limit = self.is_exclusion and self.option == f"--{bound}-{name}"
        return name if is_limit and bound in ("min", "max") else None

    def as_json(self) -> dict[str, Any]:
        """For `typed(Reason, ...)`; JSON has no infinity, which becomes a text."""
        value = self.value
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        found = {**self._asdict(), "value": value}
        return {
            name: each
            for name, each in found.items()
            if each is not None or name in ("option", "value")
        }


def describe(reason: Reason) -> str:
    """A reason in words, for people.

    >>> describe(Reason("rank", "--budget", 20.0, cost="words"))
    'not among the best by --budget 20 --cost words'
    """
    value = reason.value
    if reason.rule not in _WORDS:  # of a scorer that is not ours
        return " ".join(str(each) for each in reason[:3] if each is not None)
    scope = {"--cost": reason.cost, "--per": reason.per}
    return _WORDS[reason.rule].format(
        option=reason.option,
        value=value,
        brief=f"{value:.6g}" if isinstance(value, float) else value,
        scope="".join(f" {option} {name}" for option, name in scope.items() if name is not None),
        per=reason.per,
    )


class _CountFields(TypedDict):
    count: Count


CountedReason = Annotated[_CountFields, lambda fields: typed(Reason, fields)]
"""A reason as JSON, with the number of records that it dropped."""


def count_documents(counts: Mapping[Reason, int]) -> list[dict[str, Any]]:
    """Reasons as JSON, each with its count: `count`."""
    return [{**reason.as_json(), "count": count} for reason, count in counts.items()]


def read_counts(documents: Iterable[Any]) -> dict[Reason, int]:
    """What `count_documents` wrote."""
    return {typed(Reason, each): each["count"] for each in documents}
