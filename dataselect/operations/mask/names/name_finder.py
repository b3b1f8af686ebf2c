"""Names in texts: Presidio's kinds of what a spaCy pipeline finds."""

from __future__ import annotations

import contextlib
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from dataselect.errors import DataselectError, InputError, OptionError
from dataselect.models.encoders.loading import first_line
from dataselect.models.system_errors import raise_if_of_machine
from dataselect.operations.mask.patterns import Span
from dataselect.operations.mask.text_view import text_view

if TYPE_CHECKING:
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from spacy.language import Language

_KINDS = {"PERSON": "person", "LOCATION": "place", "ORGANIZATION": "organization"}
NAME_KINDS = tuple(_KINDS.values())
_BUILDINGS = {"FAC": "LOCATION"}  # airports, roads, bridges: not among Presidio's labels
_PIECE = re.compile(r"(?s).{1,1000}(?!\S)|.{1,1000}")
_BATCH = 64  # pieces: memory grows with what is read at once
INSTALL = "pip install presidio-analyzer"


@dataclass(frozen=True)
class NameFinder:
    """Finds names in texts; `model` is a spaCy pipeline: a folder, or an installed package.

    It is loaded when it is first used, once in a process. Raises OptionError where a package is
    missing, InputError for a model that cannot be used.

    >>> NameFinder("en_core_web_sm").find(["call Anna"])  # doctest: +SKIP
    [[Span(start=5, end=9, kind='person')]]
    """

    ships_file: ClassVar[str] = "model"

    model: str

    def load(self) -> None:
        """Load the model, and see whether its parts fit each other. Raises what `find` raises."""
        self.find(["Anna"])

    def find(self, texts: Sequence[str]) -> list[list[Span]]:
        """Names in each text, in order; format characters and wide letters do not hide them."""
        views = list(map(text_view, texts))
        found: list[list[Span]] = [[] for _ in texts]
        pieces = [
            (piece[0], (number, piece.start()))
            for number, view in enumerate(views)
            for piece in _PIECE.finditer(view.text)
        ]
        with _told(self.model):
            engine = _engine(self.model)
            [language] = engine.get_supported_languages()
            for _, own, (number, start) in engine.process_batch(
                pieces, language, batch_size=_BATCH, as_tuples=True
            ):
                for each in own.entities:
                    if "<" in each.text or ">" in each.text:
                        continue  # part of a placeholder that is there
                    begin, end = views[number].place(start + each.start_char, start + each.end_char)
                    found[number].append(Span(begin, end, _KINDS[each.label_]))
        return found

    def describe(self) -> dict[str, Any]:
        """What a report tells of the model."""
        from dataselect.operations.mask.names.pipeline import digest

        [pipeline] = _engine(self.model).nlp.values()
        return {"model": self.model, "sha256": digest(pipeline)}


@cache
def _engine(model: str) -> SpacyNlpEngine:
    """Presidio's engine of a pipeline, which leaves all but names out."""
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
    from presidio_analyzer.nlp_engine.ner_model_configuration import (
        MODEL_TO_PRESIDIO_ENTITY_MAPPING,
    )

    pipeline = _pipeline(model)
    entities = MODEL_TO_PRESIDIO_ENTITY_MAPPING | _BUILDINGS
    labels = {label for own in pipeline.pipe_labels.values() for label in own}
    if not any(entities.get(label, label) in _KINDS for label in labels):
        raise InputError(
            f"{model}: finds no persons, places or organizations, but "
            f"{', '.join(sorted(labels)) or 'nothing'}; name another"
        )
    engine = SpacyNlpEngine(
        ner_model_configuration=NerModelConfiguration(
            model_to_presidio_entity_mapping={
                label: entity for label, entity in entities.items() if entity in _KINDS
            },
            labels_to_ignore=[
                label for label in labels if entities.get(label, label) not in _KINDS
            ],
        )
    )
    engine.nlp = {str(pipeline.lang): pipeline}
    return engine


def _pipeline(model: str) -> Language:
    import spacy

    from dataselect.operations.mask.names.pipeline import of_folder, of_package

    if os.path.isdir(model):
        return of_folder(model)
    if os.path.exists(model) or not spacy.util.is_package(model):
        raise InputError(
            f"{model}: neither a folder nor an installed package of a spaCy pipeline; name one "
            "that finds names, such as en_core_web_sm once it is installed"
        )
    return of_package(model)


@contextlib.contextmanager
def _told(model: str) -> Iterator[None]:
    """Errors of libraries as ours, about a model."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions, and what a pipeline lacks for training
            yield
    except ImportError as error:
        raise OptionError(f"--names needs packages ({first_line(error)}); {INSTALL}") from None
    except (DataselectError, MemoryError):
        raise
    except Exception as error:  # each part has exceptions of its own
        raise_if_of_machine(model, error)
        raise InputError(
            f"{model}: spaCy cannot use it ({first_line(error)}); fetch or save it again"
        ) from None
