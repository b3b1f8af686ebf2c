"""Where tasks run: what the driver asks of an engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dataselect.errors import DataselectError

if TYPE_CHECKING:
    from dataselect.execution.distributed.shards import Shard
    from dataselect.execution.distributed.shipping import Handle


class Task(Protocol):
    """Work on one shard: a call without arguments, the same wherever and however often."""

    @property
    def shard(self) -> Shard:
        """What it works on."""

    def __call__(self) -> Any:
        """Do it. Raises any DataselectError."""


AnyTask = TypeVar("AnyTask", bound=Task)


@dataclass(frozen=True)
class Carried:
    """Bytes that travel with whatever refers to them."""

    data: bytes

    def get(self) -> bytes:
        """The bytes."""
        return self.data


class Cluster(ABC):
    """Runs tasks. `run` is all that an engine needs; the rest may make it faster."""

    is_one_machine = False
    """Whether all tasks see the files that the driver sees."""

    def start(self) -> None:  # noqa: B027  an engine may be there already
        """Connect, unless that is done; whatever else is asked does so too.

        Raises WorkerError where there is no cluster.
        """

    def close(self) -> None:  # noqa: B027  there may be nothing to let go of
        """Let go of what was used."""

    def keep(self, data: bytes) -> Handle:
        """Put bytes where every machine can get them."""
        return Carried(data)

    @abstractmethod
    def run(
        self, tasks: Iterable[AnyTask], *, whole_machine: bool = False
    ) -> Generator[tuple[AnyTask, Any], None, None]:
        """Run tasks, begun in their order; yields each with its result as it is done.

        `whole_machine`: a task uses all processors, as neural networks do. Raises the error of the
        first task, in their order, that fails for good.
        """


def done(task: Task) -> Any:
    """What a task returns. Raises any DataselectError, which names the shard."""
    try:
        return task()
    except DataselectError as error:
        if task.shard.path in error.message:
            raise
        raise type(error)(f"{task.shard.path}: {error.message}") from None
