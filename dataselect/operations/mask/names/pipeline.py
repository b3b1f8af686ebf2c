"""spaCy pipelines: of an installed package, or of a folder that can make nobody else's code run.

A folder's `config.cfg` may name any function that an installed package registers, and calls back
other pipelines. What is read of a folder here is its vocabulary, tokenizer and those components
that find names, made of spaCy's own layers, whose weights are arrays and no pickles.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataselect.data.files.raw_files import file_digest
from dataselect.errors import InputError

if TYPE_CHECKING:
    from spacy.language import Language

_FINDERS = ("ner", "entity_ruler")
_SHARED = ("tok2vec", "transformer", "curated_transformer")  # vectors that finders listen to
_IN_FOLDERS = (*_FINDERS, "tok2vec")
_OWN = re.compile(
    r"spacy\.(?:Tokenizer|Vectors|TransitionBasedParser|Tok2Vec|Tok2VecListener|HashEmbedCNN|"
    r"MultiHashEmbed|CharacterEmbed|MaxoutWindowEncoder|MishWindowEncoder|ner_scorer|"
    r"entity_ruler_scorer|levenshtein_compare)\.v\d"
)
_LANGUAGE = re.compile("[a-z]{2,3}")
_TRUSTED = "install it as a package, whose code you trust, and give the package's name"


def of_folder(folder: str) -> Language:
    """The components of a folder's pipeline that find names.

    Raises InputError for one that would run other code than spaCy's own.
    """
    from spacy.util import load_config, load_model_from_config

    config = load_config(os.path.join(folder, "config.cfg"), interpolate=True)
    settings, components = config["nlp"], config["components"]
    names = _needed(config)
    described = {
        "lang": settings["lang"],
        "pipeline": names,
        "tokenizer": settings["tokenizer"],
    }
    own = {name: components[name] for name in names}
    if not _LANGUAGE.fullmatch(described["lang"]):
        raise InputError(f"{folder}: '{described['lang']}' is no language of spaCy's")
    for name, component in own.items():
        if component["factory"] not in _IN_FOLDERS:
            raise InputError(
                f"{folder}: component '{name}' is no {' or '.join(_IN_FOLDERS)}; {_TRUSTED}"
            )
    for function in _functions([described, own]):
        if not _OWN.fullmatch(function):
            raise InputError(
                f"{folder}: calls '{function}', which is not among spaCy's own layers; {_TRUSTED}"
            )
    pipeline = load_model_from_config({"nlp": described, "components": own}, auto_fill=True)
    return pipeline.from_disk(folder, exclude=["config"])


def of_package(name: str) -> Language:
    """The pipeline of an installed package, less the components that do not serve names."""
    import spacy

    pipeline = spacy.load(name)
    pipeline.select_pipes(enable=_needed(pipeline.config.interpolate()))
    return pipeline


def _needed(config: Mapping[str, Any]) -> list[str]:
    """Components that find names, and those that they listen to, in the pipeline's order."""
    components = config["components"]
    pipeline = [str(name) for name in config["nlp"]["pipeline"]]
    factories = {name: components[name].get("factory") for name in pipeline}
    finders = [name for name in pipeline if factories[name] in _FINDERS]
    listens = any("Listener" in each for each in _functions([components[n] for n in finders]))
    shared = _SHARED if listens else ()
    return [name for name in pipeline if name in finders or factories[name] in shared]


def _functions(value: Any) -> Iterator[str]:
    """Names of registered functions anywhere in a part of a configuration."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if str(key).startswith("@"):
                yield str(inner)
            else:
                yield from _functions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _functions(inner)


def digest(pipeline: Language) -> str:
    """SHA-256, in hexadecimal, of all files of a loaded pipeline."""
    found = hashlib.sha256()
    for folder, folders, names in os.walk(pipeline.path):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, pipeline.path)
            found.update(f"{shown}\n{file_digest(path)}\n".encode())
    return found.hexdigest()
