"""The options of selection, which every command that scores has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.command_line.option import option, text_field_of

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs
    from dataselect.selection.rule import Selection

_SELECT = "Selection"

UNIQUE = option(
    "",
    _SELECT,
    "Of records with the same text, case, punctuation and composition aside, keep the best one; "
    "waits for all scores, as --top-k does.",
    False,
)
EXCLUDE = option(
    "FILE",
    _SELECT,
    "Leave out the records whose text is in FILE, such as a test set, however it is punctuated; "
    "again for several files. Holds 8 bytes a record of FILE.",
)


@dataclass(frozen=True)
class SelectionOptions:
    """Which records are kept."""

    threshold: float | None = option("X", _SELECT, "Keep scores on the good side of X.")
    top_k: int | None = option("N", _SELECT, "Keep the best N.")
    share: str | None = option("P", _SELECT, "Keep the best share, 10% or 0.1, rounded down.")
    budget: str | None = option(
        "N",
        _SELECT,
        "Keep the best that fit into N of --cost; 10h, 90min or 30s of a field in seconds.",
    )
    cost: str = option(
        "records|words|chars|FIELD",
        _SELECT,
        "What --budget counts: records, words, chars or a numeric field.",
        "records",
    )
    sample: int | None = option(
        "N", _SELECT, "Draw N without replacement, in proportion to the score (see --seed)."
    )
    auto: str | None = option(
        "DEV",
        _SELECT,
        "Keep the best share whose text makes the n-gram model of lowest perplexity on "
        "this JSONL text; the curve is in --report.",
    )
    auto_field: str | None = text_field_of("--auto")
    per: str | None = option("FIELD", _SELECT, "Apply the rule within each value of FIELD.")
    min_per: int | None = option(
        "N", _SELECT, "Keep the N best of each --per value, whatever the rule says."
    )
    max_per: int | None = option("N", _SELECT, "Keep at most N of each --per value.")
    unique: bool = UNIQUE
    exclude: list[str] | None = EXCLUDE
    exclude_field: str | None = text_field_of("--exclude")

    def reads(self) -> list[Inputs]:
        """The files that selecting reads, beside the pool."""
        from dataselect.data.formats.record_files import RecordFiles

        files = [*([] if self.auto is None else [self.auto]), *(self.exclude or ())]
        return [RecordFiles([path]) for path in files]

    def build(
        self, *, calibrate: float | None = None, buckets: tuple[float, ...] = ()
    ) -> Selection:
        """The selection, checked. Raises OptionError."""
        from dataselect.selection.budgets import parse_budget, parse_share
        from dataselect.selection.rule import Selection

        budget, unit = parse_budget(self.budget, self.cost)
        return Selection(
            threshold=self.threshold,
            calibrate=calibrate,
            top_k=self.top_k,
            share=None if self.share is None else parse_share(self.share),
            budget=budget,
            budget_unit=unit,
            cost=self.cost,
            sample=self.sample,
            auto=self.auto,
            auto_field=self.auto_field,
            per=self.per,
            min_per=self.min_per,
            max_per=self.max_per,
            buckets=buckets,
            unique=self.unique,
            exclude=tuple(self.exclude or ()),
            exclude_field=self.exclude_field,
        )


CALIBRATE = option(
    "Q", _SELECT, "As a threshold: what a share Q of held-out in-domain records would pass."
)
"""The option `--calibrate`, of commands that fit a model."""
