"""Templates divided so that no intent or template of a test is ever trained on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from dataselect.models.paraphrase_detector.pairs.templates import Frame, Key, Template

_PARAPHRASES = 2  # so many templates make some


class Splits(NamedTuple):
    """`test` has intents that no other split has, `dev` templates that `train` has not."""

    train: list[Template]
    dev: list[Template]
    test: list[Template]


def split(
    templates: Sequence[Template],
    held_out: Collection[str | None],
    dev_share: float,
    rng: np.random.Generator,
) -> Splits:
    """Divide templates: `held_out` intents are the test, `dev_share` of the other ones is dev.

    A template needs another one with the same slots to make paraphrases of, so that few that have
    the same go to dev together or not at all. Values are not divided: names and numbers come in
    every intent, and `Corpus.share_of_values_in` tells how many are known.
    """
    frames: dict[Frame, dict[Key, None]] = defaultdict(dict)
    for template in templates:
        if template.intent not in held_out:
            frames[template.frame][template.key] = None
    dev: set[Key] = set()
    for alike in frames.values():
        number = round(dev_share * len(alike))
        if number < _PARAPHRASES:
            number = len(alike) if rng.random() < dev_share else 0
        keys = list(alike)
        dev |= {keys[place] for place in rng.permutation(len(keys))[:number].tolist()}
    splits = Splits([], [], [])
    for template in templates:
        if template.intent in held_out:
            splits.test.append(template)
        else:
            (splits.dev if template.key in dev else splits.train).append(template)
    return splits
