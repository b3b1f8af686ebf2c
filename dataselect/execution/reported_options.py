"""Options as a run report has them: those that its readers need, checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from dataselect.documents import Between, Count
from dataselect.errors import DataselectError
from dataselect.selection.budgets import parse_share


def check_share(spelled: str) -> None:
    """Raise ValueError for a share that options would refuse."""
    try:
        parse_share(spelled)
    except DataselectError as error:
        raise ValueError(str(error)) from None


def _seed(value: Any) -> None:
    if type(value) is not int or value < 0:
        raise ValueError("not a whole number from 0")


class Options(TypedDict):
    """Options of every run that scores, as far as readers of reports need them."""

    output: str
    rejects: str | None
    report: str | None
    text_field: str
    seed: Annotated[Any, _seed]
    threshold: float | None
    top_k: Count | None
    share: Annotated[str, check_share] | None
    budget: Annotated[float, Between(0)] | None
    cost: str
    sample: Count | None
    auto: str | None
    per: str | None
    min_per: Count | None
    max_per: Count | None


class FileOptions(Options, total=False):
    """Files that a run learnt from, where it has such options."""

    in_domain: list[str] | None
    labelled: list[str] | None
    against: str | None
    model: str | None


class _SpeakerOptions(TypedDict, total=False):
    """Those of runs that may look at speakers."""

    min_speakers: Annotated[int, Between(1)] | None
    speaker_field: str | None


class _RelevanceOptions(_SpeakerOptions):
    ngrams: Annotated[int, Between(1, 9)]
    analyzer: Literal["auto", "word", "char"]
    lowercase: bool
    model: str | None
    in_domain_by: str | None
    background: str | None


class _WinnowOptions(TypedDict):
    lm: str | None
    in_domain: list[str] | None
    relevance: bool
    background: str | None
    order: Annotated[int, Between(1, 9)]
    lowercase: bool
    remove_punctuation: bool


class _BitextOptions(TypedDict):
    side: Literal["src", "tgt", "both"]
    src_field: str
    tgt_field: str
    min_alignment: float | None
    max_length_ratio: Annotated[float, Between(1)] | None
    length_unit: Literal["chars", "words"]
    drop_copies: bool
    src_script: str | None
    tgt_script: str | None
    same_urls: bool
    same_numbers: bool


class _LabelOptions(TypedDict):
    min_confidence: float | None
    keep_other: bool


class _ParaphraseOptions(TypedDict):
    against: str | None
    text1_field: str
    text2_field: str


OPTIONS_OF: dict[str, Any] = {
    "relevance": _RelevanceOptions,
    "winnow": _WinnowOptions,
    "bitext": _BitextOptions,
    "label": _LabelOptions,
    "paraphrase": _ParaphraseOptions,
}
"""Options of one command that readers of its report need."""
