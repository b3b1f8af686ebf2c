"""Sentence-transformers models: found, loaded without a word, and told apart by a digest."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

from dataselect.errors import InputError, OptionError
from dataselect.models.system_errors import raise_if_of_machine

_MODULES = "modules.json"  # every folder that sentence-transformers saved has one
_HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")
_HUB_OWNER = "sentence-transformers"  # of names without one
_LOGGERS = ("huggingface_hub", "sentence_transformers", "torch", "transformers")
_LONGEST_REASON = 160  # characters; torch lists all kinds of devices where one is wrong
# How transformers tells of weights that a file lacks: 5 by a table, 4 by a list of quoted names.
_NEW_WEIGHT = re.compile(r"^(\S.*?) +\| +MISSING|'([\w.]+)'", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")  # where standard output is a terminal
# What a model was called, and which version wrote it, do not change its vectors.
_IDLE_SETTINGS = ("_name_or_path", "transformers_version", "dtype", "torch_dtype")
_IDLE_TOKENIZER_STATE = ("padding", "truncation")  # set anew by each call


def load(model: str, device: str | None) -> Any:
    """A `SentenceTransformer` in single precision, on `device` or the library's choice.

    `model`: a folder, or the name of a model of the Hugging Face hub. One that is in the hub's
    cache is never looked up on the network. Code that comes with a model is not run. Raises
    InputError for what cannot be used, OptionError where the library is not installed.
    """
    local = os.path.isdir(model)
    if local and not os.path.exists(os.path.join(model, _MODULES)):
        # sentence-transformers would put mean pooling on whatever it finds.
        raise _not_a_model(model)
    if not local and (os.path.exists(model) or not _HUB_NAME.fullmatch(model)):
        raise InputError(f"{model}: no such folder; name one, or a model of the hub")
    with quiet() as said:
        loaded = _loaded(model, device, local or _in_hub_cache(model))
    if lacking := lacking_weights(said):
        raise InputError(
            f"{model}: its file lacks weights ({lacking[0]} ...); fetch or save it again"
        )
    return loaded.float().eval()  # half precision would let a vector depend on its batch


def require_library() -> None:
    """Raise OptionError where sentence-transformers is not installed."""
    try:
        import sentence_transformers  # noqa: F401
    except ImportError as error:
        raise _not_installed(error) from None


@contextlib.contextmanager
def quiet() -> Iterator[list[str]]:
    """Keep the libraries' bars, warnings and log lines from standard error.

    The list that it gives fills with what they log.
    """
    collector = _Collector(logging.WARNING)
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        for name in _LOGGERS:
            stack.enter_context(_handled_by(collector, name))
        yield collector.messages


class _Collector(logging.Handler):
    """Keeps the text of log records."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextlib.contextmanager
def _handled_by(handler: logging.Handler, name: str) -> Iterator[None]:
    """Let nothing but `handler` see the warnings of a logger."""
    logger = logging.getLogger(name)
    before = logger.handlers, logger.propagate, logger.level
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.handlers, logger.propagate, level = before
        logger.setLevel(level)


def _in_hub_cache(name: str) -> bool:
    """Whether a model has been fetched from the hub; raises InputError if it cannot be fetched."""
    repository = name if "/" in name else f"{_HUB_OWNER}/{name}"
    try:
        from huggingface_hub import hf_hub_download, try_to_load_from_cache
        from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
    except ImportError as error:
        raise _not_installed(error) from None
    if isinstance(try_to_load_from_cache(repository, _MODULES, cache_dir=_cache_folder()), str):
        return True
    try:
        hf_hub_download(repository, _MODULES, cache_dir=_cache_folder())
    except LocalEntryNotFoundError:
        raise InputError(
            f"{name}: no such folder, and not fetched from the hub yet; run 'hf download "
            f"{repository}' where there is a network, or name a local folder"
        ) from None
    except EntryNotFoundError:
        raise _not_a_model(name) from None
    except Exception as error:  # the network and the hub have many
        raise InputError(
            f"{name}: no such folder, and the hub does not give it ({first_line(error)}); check "
            "the name, or name a local folder"
        ) from None
    return False


def _cache_folder() -> str | None:
    """Where sentence-transformers looks for models of the hub, None for the hub's own folder."""
    return os.environ.get("SENTENCE_TRANSFORMERS_HOME")


def _loaded(model: str, device: str | None, local: bool) -> Any:
    try:
        import torch
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise _not_installed(error) from None
    if device is not None:
        require_device(device)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # a pooler that is never used may be in no file, but has a digest
            return SentenceTransformer(model, device=device, local_files_only=local)
    except Exception as error:  # each format has an exception of its own
        raise_if_of_machine(model, error)
        raise InputError(
            f"{model}: sentence-transformers cannot load it ({first_line(error)}); fetch or save "
            "it again"
        ) from None


def require_device(device: str) -> None:
    """Try a device of PyTorch's. Raises InputError where it is not there."""
    import torch

    try:
        torch.empty(1, device=device).cpu()
    except Exception as error:  # each device has an exception of its own
        raise InputError(
            f"--device {device}: not there ({first_line(error)}); leave it out, or name cpu"
        ) from None


def lacking_weights(said: list[str]) -> list[str]:
    """Weights that were drawn at random because the model's file lacks them, by the library's log.

    A pooler does not count: it is often left out, and sentence vectors are made without.
    """
    reports = [_COLOUR.sub("", each) for each in said if "newly initialized" in each]
    names = [first or second for each in reports for first, second in _NEW_WEIGHT.findall(each)]
    return [name for name in names if "pooler." not in name]


def digest(model: Any) -> str:
    """SHA-256, in hexadecimal, of all that makes a loaded model's vectors: not of its name.

    That is weights (name, type, shape, bytes), the settings of the network and of each module,
    the tokenizer, the longest text and the prompts.
    """
    found = hashlib.sha256(json.dumps(_settings(model), sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        found.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        found.update(tensor.cpu().contiguous().reshape(-1).numpy())
    return found.hexdigest()


def _settings(model: Any) -> dict[str, Any]:
    # Layers of a network share its settings; modules that cannot be set have none.
    networks = {id(each.config): each.config for each in model.modules() if _is_network(each)}
    return {
        "networks": [_without(each.to_dict(), _IDLE_SETTINGS) for each in networks.values()],
        "modules": [
            (type(each).__name__, getattr(each, "get_config_dict", dict)()) for each in model
        ],
        "tokenizer": _tokenizer_state(model.tokenizer),
        "longest": model.max_seq_length,
        "prompts": (model.prompts, model.default_prompt_name),
    }


def _is_network(module: Any) -> bool:
    return hasattr(getattr(module, "config", None), "to_dict")


def _tokenizer_state(tokenizer: Any) -> Any:
    fast = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(fast, "to_str"):
        return _without(json.loads(fast.to_str()), _IDLE_TOKENIZER_STATE)
    return tokenizer.get_vocab()


def _without(settings: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in keys}


def first_line(error: Exception) -> str:
    """What an error of a library says, short enough for a line of ours."""
    said = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    return said if len(said) <= _LONGEST_REASON else f"{said[:_LONGEST_REASON]} ..."


def _not_a_model(model: str) -> InputError:
    return InputError(
        f"{model}: not a sentence-transformers model, it has no {_MODULES}; name another, or save "
        "one with SentenceTransformer.save"
    )


INSTALL = (
    "pip install sentence-transformers faiss-cpu (6 GB with CUDA; for less, install PyTorch's CPU "
    "build first)"
)
"""How to get what neural encoders and detectors need."""


def _not_installed(error: ImportError) -> OptionError:
    return OptionError(
        f"a neural model needs sentence-transformers ({first_line(error)}); {INSTALL}"
    )
