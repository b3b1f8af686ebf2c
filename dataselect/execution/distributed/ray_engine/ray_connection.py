"""Connecting to Ray, or starting it, and leaving it without a word."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from dataselect.errors import WorkerError

_SECONDS_TO_CONNECT = 10
_TOKEN_NAMES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def temporary_folder() -> TemporaryDirectory[str]:
    """Where Ray may leave sockets, logs and what memory is too small for.

    Names of sockets are short: TMPDIR may be too long. Raises WorkerError.
    """
    above = os.environ.get("RAY_TMPDIR", "/tmp")  # noqa: S108 (where Ray itself goes)
    try:
        return TemporaryDirectory(prefix="ray-", dir=above, ignore_cleanup_errors=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise WorkerError(f"{above}: {why}; set RAY_TMPDIR to a folder for Ray") from None


def connected(address: str, jobs: int | None, folder: TemporaryDirectory[str] | None) -> Any:
    """Ray, connected; `folder` is for a cluster that is started here. Raises WorkerError."""
    # Nothing is sent anywhere, and nothing but errors is said.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)
    _require_listener(address)
    if folder is None and _has_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # read when Ray is imported
    if folder is not None and not _has_token():  # Ray would leave one in the home folder
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    import ray
    import ray.util.scheduling_strategies

    options: dict[str, Any] = {}
    if folder is not None:
        options = {"num_cpus": jobs or os.cpu_count(), "include_dashboard": False}
        options["_temp_dir"] = folder.name
    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **options)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise _unusable(address, str(error).partition("\n")[0]) from None
    return ray


def _has_token() -> bool:
    """Whether this user has a token; where one is, `ray start` makes a cluster that asks for it."""
    is_named = any(name in os.environ for name in _TOKEN_NAMES)
    return is_named or os.path.exists(os.path.expanduser("~/.ray/auth_token"))


def _require_listener(address: str) -> None:
    """Raise WorkerError where nobody listens: Ray itself would try for minutes."""
    found = urlsplit(address if "://" in address else f"//{address}")
    try:
        if found.hostname is None or found.port is None:  # a word such as auto
            return
        socket.create_connection((found.hostname, found.port), _SECONDS_TO_CONNECT).close()
    except (OSError, ValueError) as error:
        raise _unusable(address, getattr(error, "strerror", None) or str(error)) from None


def _unusable(address: str, what: str) -> WorkerError:
    return WorkerError(
        f"{address}: Ray cannot be used ({what}); check --ray-address or RAY_ADDRESS"
    )


@contextmanager
def standard_error_dropped() -> Iterator[None]:
    """Drop what is written to standard error, by C++ code as well, while the block runs.

    Of each task that still runs when the driver leaves, Ray's core says that it cannot be reported.
    """
    try:
        kept = os.dup(2)
    except OSError:  # it is closed already
        yield
        return
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def signals_kept() -> Iterator[None]:
    """Take back the handlers of signals that the block replaces."""
    kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in kept.items():
            with suppress(ValueError, TypeError):  # not the main thread; not a handler of Python's
                signal.signal(each, handler)
