"""Relevance of the texts in records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from dataselect.data.fields import Column
from dataselect.data.json_lines.json_bytes import Fields
from dataselect.data.json_lines.json_values import numbers
from dataselect.execution.scorer import FittedScorer, Scores
from dataselect.operations.relevance.relevance import ONE_SET, Relevance

# Length explains a ranking when it separates the two sides nearly as well as the score does, or
# orders texts nearly alike without telling the sides apart: where it does, to follow it is right.
_LENGTH_CORRELATION = 0.8
_LENGTH_TELLS = 0.7  # area under the ROC curve
_LENGTH_AUC_MARGIN = 0.02
_LONG_WORD = 12  # characters to a word, spaces counted: 5 to 8 in European languages and Hindi


@dataclass(frozen=True)
class RelevanceScorer(FittedScorer):
    """Adds `relevance`, and which set it is for where there are several.

    `explain`: how many n-grams for and against each kept record are added, too.
    """

    noun: ClassVar[str] = "relevance"
    may_add: ClassVar[tuple[str, ...]] = ("relevance", "relevance_for", "relevance_ngrams")

    model: Relevance
    text_field: str = "text"
    explain: int = 0

    @property
    def columns(self) -> Sequence[Column]:
        return [Column.text(self.text_field)]

    @property
    def adds(self) -> tuple[str, ...]:  # type: ignore[override]  # known once the sets are
        """`relevance`, and which set it is for where there are several."""
        one = self.model.names_ == (ONE_SET,)
        return ("relevance",) if one else ("relevance", "relevance_for")

    @property
    def has_details(self) -> bool:
        """Whether n-grams are to be explained."""
        return self.explain > 0

    def score(self, columns: Sequence[list[Any]]) -> Scores:
        values, winners = self.model.relevance(columns[0])
        fields: Fields = {"relevance": numbers(values)}
        if "relevance_for" in self.adds:
            names = [orjson.dumps(name) for name in self.model.names_]
            fields["relevance_for"] = [names[winner] for winner in winners.tolist()]
        return Scores(values, fields)

    def details(self, columns: Sequence[list[Any]]) -> Fields:
        """`relevance_ngrams`: what spoke most for and against each text, with its weight.

        A weight is its n-gram's share of the log-odds, all its occurrences together.
        """
        _, winners = self.model.relevance(columns[0])
        rows = zip(columns[0], winners.tolist(), strict=True)
        return {"relevance_ngrams": [orjson.dumps(self._spoken(*row)) for row in rows]}

    def _spoken(self, value: str, which: int) -> dict[str, list[tuple[str, float]]]:
        shares = self.model.evidence(value, which).shares
        rounded = [(ngram, round(share, 4)) for ngram, share in shares.items()]
        return {
            "for": [item for item in rounded if item[1] > 0][: self.explain],
            "against": [item for item in reversed(rounded) if item[1] < 0][: self.explain],
        }

    def warnings(self) -> list[str]:
        """Doubts about what was learnt, such as a ranking that only follows length."""
        return _doubts(self.model.figures_)

    def describe(self) -> dict[str, Any]:
        ngrams = self.model.weights_.ngrams
        return {
            "signature": {
                "sets": len(self.model.names_),
                "ngrams": ngrams.order,
                "analyzer": ngrams.analyzer,
                "case": "lower" if ngrams.lowercase else "kept",
                "model": self.model.digest()[:12],
            },
            "model_sha256": self.model.digest(),
            **self.model.figures_,
            "fit_warnings": self.warnings(),
        }

    def dumps(self) -> bytes:
        return self.model.dumps()


def _doubts(figures: dict[str, Any]) -> list[str]:
    """What a person should know before trusting the scores."""
    found = []
    if not figures["held_out"]:
        found.append(
            "a single in-domain text leaves nothing to hold out: the figures and probabilities "
            "are those of the training text"
        )
    if (figures["word_length"] or 0) > _LONG_WORD:
        found.append(
            f"the in-domain text has {figures['word_length']:.0f} characters to a word; "
            "if it is written without spaces, use --analyzer char"
        )
    background = figures.get("background", {})
    copied = background.get("near_copies_left_out", 0)
    if copied > background.get("texts", 0):
        found.append(
            f"{copied:,} of {copied + background['texts']:,} background texts are near-copies of "
            "in-domain text, and left out; the background, or the input that it is drawn from, "
            "should be other text"
        )
    for name, figure in figures["sets"].items():
        of = f" of '{name}'" if name else ""
        if figure["auc"] <= figure["length_auc"] + _LENGTH_AUC_MARGIN:
            found.append(
                f"length alone tells the in-domain text{of} apart as well as the score "
                f"(AUC {figure['length_auc']:.2f} against {figure['auc']:.2f})"
            )
        elif (
            abs(figure["score_length_correlation"]) >= _LENGTH_CORRELATION
            and figure["length_auc"] < _LENGTH_TELLS
        ):
            found.append(
                f"the score{of} follows length (rank correlation "
                f"{figure['score_length_correlation']:.2f}), which hardly tells the in-domain text "
                f"apart (AUC {figure['length_auc']:.2f})"
            )
    return found
