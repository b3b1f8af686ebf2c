"""What can go wrong, each kind with the exit code that the command line gives it."""

import re
from typing import ClassVar

_OPTION = re.compile(r"(?<![^\s(])--([a-z]+(?:-[a-z]+)*)(?![\w./-])")


def parameters_named(message: str) -> str:
    """A message with each option named as the parameter that it is in Python.

    >>> parameters_named("--top-k 0 is under 1")
    'top_k 0 is under 1'
    """
    return _OPTION.sub(
        lambda found: _PARAMETERS.get(found[1]) or found[1].replace("-", "_"), message
    )


_PARAMETERS = {"from": "from_format", "to": "to_format"}
"""Parameters that cannot be called as the option is."""


class DataselectError(Exception):
    """Base of every error raised on purpose: one line that says where, what, and what to do.

    `message` names options as the command line spells them (`--top-k`), `str` parameters (`top_k`).
    """

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        return parameters_named(self.message)

    @property
    def message(self) -> str:
        """What the command line says."""
        return super().__str__()


class InputError(DataselectError):
    """Bad data: a record, a file or a model that cannot be used."""


class ReadError(InputError):
    """A file could not be read now: a disk or a network fails, or nothing is there."""


class OutputError(DataselectError):
    """A file could not be written: a full disk, a missing folder, no permission."""


class WorkerError(DataselectError):
    """A worker process died before its work was done."""


class OptionError(DataselectError):
    """Options that contradict each other or have no meaning here."""

    exit_code = 2


class RequirementError(DataselectError):
    """The run worked, but not as its caller requires: too few records, or a --fail-if holds."""

    exit_code = 3


class ReaderGone(Exception):
    """Whoever read our standard output has closed it: the run ends early, as a success."""


class Interrupted(BaseException):
    """A signal asked the run to stop; `signum` is the signal's number."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum
