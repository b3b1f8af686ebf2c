"""Ray as a cluster: one that is there, or one that is started for a run."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from dataselect.errors import (
    DataselectError,
    OptionError,
    OutputError,
    ReadError,
    WorkerError,
)
from dataselect.execution.distributed.cluster import AnyTask, Cluster, Task, done
from dataselect.execution.distributed.ray_engine.ray_connection import (
    connected,
    signals_kept,
    standard_error_dropped,
    temporary_folder,
)
from dataselect.interrupts import signals_deferred

if TYPE_CHECKING:
    from dataselect.execution.distributed.shipping import Handle

_MOST_ATTEMPTS = 3  # for what another time or another machine may mend
_PATIENCE = 0.5  # seconds that a signal may have to wait
_PAUSE = 1.0  # seconds before the next attempt, doubled each time
_RESTARTS = 3  # of a task whose process or machine dies
_PER_SLOT = 2  # tasks in flight: none waits for the driver, and autoscalers see what is to do
_LOCAL = "local"


class Failure(NamedTuple):
    """An error that a task raised, and the machine where it did; none where Ray gave up on it."""

    error: DataselectError
    node: str | None = None

    @property
    def may_pass(self) -> bool:
        """Whether another attempt may succeed: a full disk, a file that could not be reached."""
        is_passing = isinstance(self.error, OutputError | ReadError | WorkerError)
        return is_passing and self.node is not None


@dataclass
class _Attempt:
    index: int
    task: Any
    number: int = 1
    avoid: str | None = None  # a machine


class RayCluster(Cluster):
    """Ray: a cluster that is there, or one that lives as long as this object on this machine.

    Started when it is first used.
    """

    def __init__(self, address: str | None = None, jobs: int | None = None) -> None:
        """`jobs`: how many tasks run at once; as many as the cluster has processors by default.

        Raises OptionError where Ray is not installed.
        """
        if find_spec("ray") is None:
            raise OptionError("--engine ray needs Ray; pip install ray fsspec")
        self._address = address or os.environ.get("RAY_ADDRESS") or _LOCAL
        self._jobs = jobs
        self.is_one_machine = self._address == _LOCAL  # it is started here, for this run
        self._ray: Any = None
        self._folder: TemporaryDirectory[str] | None = None

    # -- Life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect, or start a cluster. Raises WorkerError where there is none."""
        if self._ray is None:
            with signals_deferred(), signals_kept():
                if self.is_one_machine:
                    self._folder = temporary_folder()
                self._ray = connected(self._address, self._jobs, self._folder)
                self._attempt = self._ray.remote(_attempted)  # sent to the cluster once

    def close(self) -> None:
        """Leave the cluster, and end it if it was started here."""
        with signals_deferred():
            if self._ray is not None:
                with standard_error_dropped():
                    self._ray.shutdown()
            if self._folder is not None:
                self._folder.cleanup()
        self._ray = self._folder = None

    def keep(self, data: bytes) -> Handle:
        """Put bytes into Ray's object store."""
        self.start()
        with signals_deferred():
            return _Kept(self._ray.put(data))

    # -- Tasks -----------------------------------------------------------------------------------

    def run(
        self, tasks: Iterable[AnyTask], *, whole_machine: bool = False
    ) -> Generator[tuple[AnyTask, Any], None, None]:
        """As the base class says; Ray itself begins a task anew whose process or machine died.

        What still runs when this ends is ended by `close`: to cancel it can crash Ray.
        """
        self.start()
        todo = (_Attempt(index, task) for index, task in enumerate(tasks))
        waiting: dict[Any, _Attempt] = {}
        failed: dict[int, DataselectError] = {}
        while True:
            self._submit(todo, waiting, failed, whole_machine=whole_machine)
            if not waiting:
                break
            reference = self._first_ready(waiting)
            attempt = waiting.pop(reference)
            result = self._result(reference, attempt.task.shard.path)
            if not isinstance(result, Failure):
                yield attempt.task, result
            elif result.may_pass and attempt.number < _MOST_ATTEMPTS and not failed:
                time.sleep(_PAUSE * 2 ** (attempt.number - 1))
                again = _Attempt(attempt.index, attempt.task, attempt.number + 1, result.node)
                waiting[self._begin(again, whole_machine=whole_machine)] = again
            else:  # earlier tasks may fail too, and their errors come first
                failed[attempt.index] = result.error
                waiting = {own: each for own, each in waiting.items() if each.index < min(failed)}
        if failed:
            raise failed[min(failed)]

    def _first_ready(self, references: Iterable[Any]) -> Any:
        """The reference whose task ends first; signals are let in from time to time.

        Ray loses the exceptions that they raise within it.
        """
        references = list(references)
        while True:
            with signals_deferred():
                ready, _ = self._ray.wait(references, timeout=_PATIENCE)
            if ready:
                return ready[0]

    def _result(self, reference: Any, what: str) -> Any:
        """What a task returned, or its Failure, also where Ray gave up on it.

        `what` it was about.
        """
        errors = self._ray.exceptions
        try:
            with signals_deferred():
                return self._ray.get(reference)
        except errors.RayTaskError:
            raise  # a fault of the program
        except errors.RayError as error:
            why = str(error).partition("\n")[0]
            killed = f"{what}: its task was killed {_RESTARTS + 1} times ({why})"
            return Failure(WorkerError(f"{killed}; give it more memory, or make smaller shards"))

    def _submit(
        self,
        todo: Iterator[_Attempt],
        waiting: dict[Any, _Attempt],
        failed: dict[int, DataselectError],
        *,
        whole_machine: bool,
    ) -> None:
        """Begin as many tasks as there is room for; none after one has failed."""
        most = self._jobs or _PER_SLOT * int(self._ray.cluster_resources().get("CPU", 1))
        while not failed and len(waiting) < most and (attempt := next(todo, None)):
            waiting[self._begin(attempt, whole_machine=whole_machine)] = attempt

    def _begin(self, attempt: _Attempt, *, whole_machine: bool) -> Any:
        ray = self._ray
        name = f"{type(attempt.task).__name__} {attempt.task.shard.name}"
        options: dict[str, Any] = {"num_cpus": 1, "max_retries": _RESTARTS, "name": name}
        options["scheduling_strategy"] = "SPREAD"
        nodes = {node["NodeID"]: node["Resources"] for node in ray.nodes() if node["Alive"]}
        if whole_machine:
            sizes = [int(own["CPU"]) for own in nodes.values() if "CPU" in own]
            options["num_cpus"] = min(sizes, default=1)  # of machines that are yet to come
            if any("GPU" in own for own in nodes.values()):
                options["num_gpus"] = 1
        others = sorted(nodes.keys() - {attempt.avoid})
        if attempt.avoid is not None and others:
            bound_to = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
            other = others[attempt.index % len(others)]
            options["scheduling_strategy"] = bound_to(other, soft=True)
        with signals_deferred():
            return self._attempt.options(**options).remote(attempt.task, os.getcwd())


@dataclass(frozen=True)
class _Kept:
    """Bytes in Ray's object store."""

    reference: Any

    def get(self) -> bytes:
        import ray

        data: bytes = ray.get(self.reference)
        return data


def _attempted(task: Task, folder: str) -> Any:
    """What a task returns, or its Failure. This runs on a worker.

    `folder`: where the driver runs, for paths relative to that.
    """
    import ray

    with suppress(OSError):  # not on this machine, and then paths are to be absolute
        os.chdir(folder)
    try:
        return done(task)
    except DataselectError as error:
        return Failure(error, ray.get_runtime_context().get_node_id())
