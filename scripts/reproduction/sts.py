"""STS: cosines of two sentences' vectors beside human scores, as a check of the encoders.

The default encoder is fitted to the sentences of the file itself.
"""

from __future__ import annotations

import numpy as np
from common import Plan, Record, Table, load
from scipy.stats import spearmanr

from dataselect.models.encoders.base import Encoder
from dataselect.models.encoders.lexical import Lexical
from dataselect.models.encoders.sentence_transformer import Neural

_LANGUAGES = {"English": "en", "German": "de"}
_SIDES = ("text1", "text2")


def measure(plan: Plan) -> list[Table]:
    """Spearman's rank correlation by encoder and language."""
    table = Table(f"STS, Spearman, {plan.seeds} seeds", list(_LANGUAGES))
    for language, code in _LANGUAGES.items():
        records = load(plan.data / "sts" / f"{code}.test.jsonl.gz")
        texts = [record[side] for side in _SIDES for record in records]
        for seed in range(plan.seeds):
            encoder = Lexical.fit(texts, rng=np.random.default_rng(seed))
            table.add("default encoder", language, _correlation(encoder, records))
        if plan.encoder is not None:
            neural = Neural(plan.encoder, cache=str(plan.cache))
            table.add(plan.encoder_name, language, _correlation(neural, records))
    return [table]


def _correlation(encoder: Encoder, records: list[Record]) -> float:
    one, other = (encoder.encode([r[side] for r in records], unit=True) for side in _SIDES)
    cosines = (one * other).sum(axis=1)
    return float(spearmanr(cosines, [record["score"] for record in records]).statistic)
