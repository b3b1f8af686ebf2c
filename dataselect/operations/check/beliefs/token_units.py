"""What tokens consist of, and the features of that, as the slot tagger sees them.

A token has one unit for each place near it, each pair of these, its text's intent, and the known
values that it is part of. Features are counted by unit, of which there are far fewer than tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dataselect.models.normalization import lowered
from dataselect.models.slot_tagger.token_features import (
    EDGE,
    OFFSETS,
    PAIRS,
    FeatureColumns,
    features_of_word,
    shifted,
)
from dataselect.operations.check.beliefs.known_values import known_values

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from dataselect.operations.check.corpus_tokens import CorpusTokens


class TokenUnits(NamedTuple):
    """Units of tokens, (t, u), and features of units, (u, f), sparse, 1 where there is one."""

    items: csr_array
    features: csr_array

    @classmethod
    def of(cls, tokens: CorpusTokens, intents: NDArray[np.intp]) -> TokenUnits:
        """`intents` (n,) of records, -1 for none. Features that occur once are left out."""
        from scipy.sparse import csr_array, hstack

        columns = FeatureColumns(grows=True)
        named: list[list[int]] = []
        units: list[NDArray[np.intp]] = []
        forms = [EDGE, *tokens.forms[1:]]
        small = [lowered(form) for form in forms]
        ids = tokens.ids.astype(np.intp)
        near = {offset: shifted(ids, tokens.bounds, offset) for offset in OFFSETS}
        for offset, own in near.items():
            units.append(own + len(named))
            named += [
                columns(features_of_word(offset, form, word, ()))
                for form, word in zip(forms, small, strict=True)
            ]
        words = tokens.words().astype(np.intp)
        near = {offset: shifted(words, tokens.bounds, offset) for offset in OFFSETS}
        for one, other in PAIRS:
            codes, pair = np.unique(near[one] * len(forms) + near[other], return_inverse=True)
            units.append(pair + len(named))
            named += [columns([f"{one} {other} {code}"]) for code in codes.tolist()]
        _, intent = np.unique(intents, return_inverse=True)
        units.append(np.repeat(intent, np.diff(tokens.bounds)) + len(named))
        named += [columns(["1", f"intent={each}"]) for each in range(int(intent.max()) + 1)]
        token, value = known_values(tokens)
        kinds = 3 * len(tokens.names)
        values = csr_array(
            (np.ones(len(token), np.float32), (token, value)), shape=(len(tokens.ids), kinds)
        )
        named += [columns([f"value={kind}"]) for kind in range(kinds)]
        count = len(tokens.ids)
        fixed = csr_array(
            (
                np.ones(count * len(units), np.float32),
                np.stack(units, axis=1).astype(np.int32).ravel(),
                np.arange(0, count * len(units) + 1, len(units), dtype=np.int32),
            ),
            shape=(count, len(named) - kinds),
        )
        items = hstack([fixed, values], format="csr")
        bounds = np.cumsum([0, *map(len, named)], dtype=np.int32)
        flat = np.fromiter((each for own in named for each in own), np.int32, bounds[-1])
        features = csr_array(
            (np.ones(len(flat), np.float32), flat, bounds), shape=(len(named), len(columns.places))
        )
        often = np.flatnonzero(features.T @ items.sum(axis=0) > 1)
        return cls(items, features[:, often])
