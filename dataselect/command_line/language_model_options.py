"""The options of commands that score with an n-gram language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dataselect.command_line.option import option, text_field_of
from dataselect.errors import InputError, OptionError

if TYPE_CHECKING:
    from dataselect.data.input_files import Inputs

_MODEL = "Language model"


@dataclass(frozen=True)
class LanguageModelOptions:
    """The in-domain model: one that is there, or one trained on the spot."""

    lm: str | None = option(
        "FILE", _MODEL, "The in-domain model: ARPA, or KenLM's binary, which processes share."
    )
    in_domain: list[str] | None = option(
        "FILE", _MODEL, "Train the model on this JSONL text; may be given again."
    )
    in_domain_field: str | None = text_field_of("--in-domain")
    order: int = option(
        "N", _MODEL, "Longest n-gram of a model that is trained here [default: 3].", 3, min=2, max=6
    )

    def reads(self) -> list[Inputs]:
        """The files that are read. Raises OptionError."""
        from dataselect.data.formats.record_files import RecordFiles
        from dataselect.data.input_files import Inputs

        if (self.lm is None) == (self.in_domain is None):
            raise OptionError(
                "give a language model by --lm FILE, or --in-domain FILE to train one"
            )
        return [Inputs([self.lm]) if self.lm is not None else RecordFiles(self.in_domain or [])]

    def texts(self, text_field: str) -> list[str]:
        """The in-domain text, where it is given. Raises InputError.

        `text_field`: where other records have theirs.
        """
        if not self.in_domain:
            return []
        from dataselect.data.fields import Column
        from dataselect.data.formats.record_files import RecordFiles
        from dataselect.data.sampling import read_columns

        column = Column.text_of("--in-domain", self.in_domain_field, text_field)
        [texts] = read_columns(RecordFiles(self.in_domain, text_field=column.path), [column])
        if not texts:
            raise InputError(f"{', '.join(self.in_domain)}: no text to train on; check --in-domain")
        return texts
