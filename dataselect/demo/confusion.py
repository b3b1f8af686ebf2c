"""Noise that makes n-best lists: words swapped for similar ones, dropped and inserted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from dataselect.demo.grammar import PortableRandom

MOST_HYPOTHESES = 10
_SWAP, _DROP, _INSERT = 0.16, 0.04, 0.04
_EDIT_COST = 10.0
# Scores vary more than one edit costs, so that the best hypothesis is often not on top.
_SCORE_NOISE = 30.0


class Hypothesis(NamedTuple):
    """A candidate text; the higher the score, the better."""

    text: str
    score: float


@dataclass(frozen=True)
class Channel:
    """Distorts texts with words of `vocabulary`, which is sorted."""

    vocabulary: list[str]
    _similar: dict[str, list[str]] = field(default_factory=dict)

    def candidates(self, text: str, draw: PortableRandom) -> list[Hypothesis]:
        """Between 1 and 10 different hypotheses of a text, best score first."""
        wanted = 1 + draw.below(MOST_HYPOTHESES)
        found: dict[str, Hypothesis] = {}
        for _ in range(4 * MOST_HYPOTHESES):  # a short text may not have as many distortions
            words, edits = self.distorted(text.split(), draw)
            noise = (draw.share() - 0.5) * _SCORE_NOISE
            hypothesis = " ".join(words)
            if words and hypothesis not in found:
                score = round(noise - _EDIT_COST * edits - len(words), 3)
                found[hypothesis] = Hypothesis(hypothesis, score)
            if len(found) == wanted:
                break
        return sorted(found.values(), key=lambda each: -each.score)

    def distorted(self, words: list[str], draw: PortableRandom) -> tuple[list[str], int]:
        """The words after the channel, and the number of edits."""
        heard: list[str] = []
        edits = 0
        for word in words:
            chance = draw.share()
            similar = self.similar(word) if chance < _SWAP else []
            if similar:
                heard.append(draw.one(similar))
            elif _SWAP <= chance < _SWAP + _DROP:
                pass
            elif _SWAP + _DROP <= chance < _SWAP + _DROP + _INSERT:
                heard += [word, draw.one(self.vocabulary)]
            else:
                heard.append(word)
                continue
            edits += 1
        return heard, edits

    def similar(self, word: str) -> list[str]:
        """The words of the vocabulary within a third of the word's length in edits."""
        if word not in self._similar:
            from rapidfuzz.distance import Levenshtein

            limit = max(1, len(word) // 3)
            self._similar[word] = [
                other
                for other in self.vocabulary
                if other != word and Levenshtein.distance(other, word, score_cutoff=limit) <= limit
            ]
        return self._similar[word]
