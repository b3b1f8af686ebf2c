"""The background that winnowing compares with: a model, text, or a sample of the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataselect.data.fields import Column
from dataselect.data.files.raw_files import rereadable
from dataselect.data.formats.record_files import RecordFiles
from dataselect.data.input_files import Inputs
from dataselect.data.sampling import no_good_record, read_columns, sample_like, sample_texts
from dataselect.errors import InputError, OptionError
from dataselect.execution.run import FAIL

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from dataselect.execution.run import Settings
    from dataselect.models.language_model.scoring.language_model import LanguageModel
    from dataselect.models.normalization import Normalization

AUTO = "auto"
"""Asks for a sample of the pool."""


def read_background(
    path: str | None,
    column: Column,
    in_domain: Sequence[str],
    pool: Inputs,
    normalization: Normalization,
    settings: Settings,
    rng: np.random.Generator,
    *,
    relevance: bool = False,
) -> LanguageModel | list[str] | None:
    """The model in a file, or else its texts; for AUTO as much of the pool as is in-domain.

    `column`: where the file has its texts. `relevance`: it is learnt from texts, and without a file
    from a sample of the pool that is as large as that of `dataselect relevance`.

    Raises OptionError, InputError, and RequirementError where the pool holds no good record.
    """
    from dataselect.models.language_model.scoring.language_model import (
        LanguageModel,
        is_language_model,
    )
    from dataselect.models.relevance.log_odds import BACKGROUND_SIZE

    if path is None and not relevance:
        return None
    if path is None or path == AUTO:
        column, strict = Column.text(settings.text_field), settings.on_error == FAIL
        pool.keep_for_rereading()
        if relevance:
            drawn = sample_texts(pool, column, BACKGROUND_SIZE, rng, strict=strict)
        else:
            drawn = sample_like(in_domain, pool, column, rng, strict=strict)
        if not drawn and not settings.allow_empty:
            raise no_good_record(pool, [column], " to train a background model on; check it")
        return drawn or None
    rereadable(path)
    if is_language_model(Inputs([path])):
        if relevance:
            raise OptionError(f"--relevance learns from text, and {path} is a language model")
        return LanguageModel(path, normalization)
    [texts] = read_columns(RecordFiles([path], text_field=column.path), [column])
    if not texts:
        raise InputError(f"{path}: no background text; check --background")
    return texts
