"""Canaries as records have them: a text, and the form that it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dataselect.data.fields import Column
from dataselect.data.json_lines.json_values import RefusedError
from dataselect.models.memorization.canaries import Canary


@dataclass(frozen=True, kw_only=True)
class _CanaryColumn(Column):
    """A column that makes a Canary of a whole record; `path` is where the text is."""

    form: Column

    def get(self, record: dict[str, Any]) -> Canary:
        text, form = super().get(record), self.form.get(record)
        try:
            return Canary.of(text, form)
        except ValueError as error:
            raise RefusedError(f"field '{self.form.path}' {error}") from None


def canary_column(text: Column, form_field: str) -> Column:
    """A column of canaries, with their texts where `text` has them."""
    return _CanaryColumn(
        text.path,
        text.check,
        lambda _: False,
        text.option,
        form=Column.text(form_field, "--form-field"),
    )
