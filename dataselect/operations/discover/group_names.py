"""Names of groups of texts: the n-grams that they have, and the other texts have not."""

from __future__ import annotations

from collections.abc import Sequence

from dataselect.models.ngrams.keyness import KeynessScore, typical_ngrams

_ORDER = 3
_MOST = 3  # n-grams of a name
_CHANCE = 2.0  # a z-score that chance alone seldom reaches
_NEARLY = 0.75  # of the z-score of an n-gram, for a longer one that holds it to be the name


def group_names(groups: Sequence[Sequence[str]], rest: Sequence[str]) -> list[str]:
    """A name for each group of texts, told from the other groups and the `rest`.

    Up to three n-grams that share no word, those of the highest log odds first; an empty name where
    nothing is typical. No two names are the same.

    >>> group_names([["play jazz", "play blues"], ["will it rain", "rain today"]], ["hello there"])
    ['play', 'rain']
    """
    names: list[str] = []
    for found in typical_ngrams(groups, rest, order=_ORDER):
        name = _name(found)
        names.append(name if name not in names else _other_name(name, names))
    return names


def _name(ranked: Sequence[KeynessScore]) -> str:
    """From the typical n-grams of a group, the most typical first."""
    telling = [each for each in ranked if each.z_score > _CHANCE] or list(ranked[:1])
    chosen: list[str] = []
    used: set[str] = set()
    for each in telling:
        if len(chosen) == _MOST:
            break
        if used.isdisjoint(each.ngram.split()):
            ngram = _longer(each, telling)
            if used.isdisjoint(ngram.split()):
                chosen.append(ngram)
                used.update(ngram.split())
    return ", ".join(chosen)


def _longer(found: KeynessScore, telling: Sequence[KeynessScore]) -> str:
    """The longest n-gram that holds the one that is found and is nearly as typical."""
    holding = [
        each.ngram
        for each in telling
        if f" {found.ngram} " in f" {each.ngram} " and each.z_score >= _NEARLY * found.z_score
    ]
    return max(holding, key=len)


def _other_name(name: str, taken: Sequence[str]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"
