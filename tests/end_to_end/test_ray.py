"""Ray itself: equal bytes, workers and machines that are killed, full disks, signals, one line."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Inside, Outcome, Shell, environment, run_inside
from in_process_cluster import joined, pool, split, write

needs_ray = pytest.mark.skipif(
    not (Path(sys.executable).parent / "ray").exists(), reason="Ray is not installed"
)
PATIENCE = 60  # seconds for something that has to happen sooner or later
SHARDS = 8
NAMES = {f"part-{number}.jsonl" for number in range(SHARDS)}
FAST = {"period": "300", "timeout": "1000", "initial_delay": "0"}  # milliseconds
TOKEN = "0123456789abcdef" * 4
ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": TOKEN,
    "RAY_health_check_failure_threshold": "3",
    **{f"RAY_health_check_{name}_ms": each for name, each in FAST.items()},
}


def until(happens: Callable[[], object]) -> None:
    """Wait for something to happen."""
    end = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)


def processes(session: int) -> list[int]:
    """Processes that one started which leads a session of its own."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(path.parent.name))
    return found


def kill(session: int) -> None:
    """End a process and all that it started, at once."""
    for process in processes(session):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


@contextlib.contextmanager
def node(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A machine of a cluster, as far as Ray can tell, once it has joined."""
    ray = Path(sys.executable).parent / "ray"
    options = ["--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats", "--block"]
    options.append("--include-log-monitor=false")  # which takes as long to start as a worker
    with tempfile.NamedTemporaryFile() as said:
        started = subprocess.Popen(
            [ray, "start", *options, *arguments],
            env=environment() | ENVIRONMENT,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            until(lambda: b"Ray runtime started" in Path(said.name).read_bytes())
            yield started
        finally:
            kill(started.pid)
            started.wait()


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of one machine, which asks for a token."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # sockets have short names
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("--include-dashboard=false", f"--temp-dir={folder}", "--node-ip-address=127.0.0.1")
    try:
        with node("--head", "--no-monitor", f"--port={port}", *options):
            yield f"127.0.0.1:{port}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards that take a while, and what one process makes of them."""
    folder = tmp_path_factory.mktemp("shared")
    lines = pool(2_000) * 10
    for name in NAMES:
        write(folder / "large" / name, lines)
    files = [folder / "large" / name for name in sorted(NAMES)]
    (folder / "said").write_text(run_inside(*LARGE, *files, "-o", folder / "local").err)
    return folder


@pytest.fixture
def world(tmp_path: Path, shared: Path) -> Path:
    """A folder with small shards, and one with shards that take a while."""
    split(tmp_path / "pool", pool(), [20, 20], ["", ".gz", ""])
    (tmp_path / "large").mkdir()
    for name in NAMES:
        (tmp_path / "large" / name).hardlink_to(shared / "large" / name)
    return tmp_path


SELECT = "dataselect select --by x --top-k 9"
ON_RAY = ("select", "--by", "x", "pool", "--engine", "ray", "-o", "out")
LARGE = ("select", "--by", "x", "--threshold", "0.3")
ON_LARGE = f"dataselect {' '.join(LARGE)} large --engine ray"


def start(world: Path, address: str) -> subprocess.Popen[bytes]:
    """Begin a run on a cluster, which writes into `out`."""
    return subprocess.Popen(
        [*ON_LARGE.split(), "--ray-address", address, "-o", "out"],
        cwd=world,
        env=environment() | ENVIRONMENT,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ended(run: subprocess.Popen[bytes]) -> Outcome:
    """How a run ended."""
    _, err = run.communicate(timeout=PATIENCE)
    return Outcome(run.returncode, b"", err.decode())


def writers(folder: Path, session: int) -> list[int]:
    """Processes of a session that write a shard into a folder now."""
    found = []
    for process in processes(session):
        with contextlib.suppress(OSError):  # it has ended
            open_files = [os.readlink(each) for each in Path(f"/proc/{process}/fd").iterdir()]
            if any(path.startswith(f"{folder}/.part") for path in open_files):
                found.append(process)
    return found


def half_written(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(".tmp")]


def started_on(other: int, world: Path, cluster: str) -> subprocess.Popen[bytes]:
    """A run that has a worker among the processes of a session, which is writing a shard."""
    while True:
        run = start(world, cluster)
        until(lambda run=run: writers(world / "out", other) or run.poll() is not None)  # type: ignore[misc]
        if run.poll() is None:
            return run
        assert ended(run).code == 0  # before it got there, as may be where the machine is busy
        shutil.rmtree(world / "out")


def is_the_same(run: subprocess.Popen[bytes], world: Path, shared: Path) -> None:
    """Assert that a run ends with the bytes and the message of one process."""
    found = ended(run)
    said = (shared / "said").read_text()
    assert (found.code, found.err) == (0, said)
    assert joined(world / "out") == (shared / "local").read_bytes()
    assert {path.name for path in (world / "out").iterdir()} == {*NAMES, "_manifest.json"}


# -- Equal bytes ---------------------------------------------------------------------------------


@needs_ray
def test_a_run_writes_and_says_what_it_does_here(world: Path, cluster: str, shell: Shell) -> None:
    write(world / "home" / ".ray" / "auth_token", [TOKEN.encode()])
    expected = shell(f"{SELECT} pool/* -o local")
    run = f"{SELECT} pool --engine ray --ray-address {cluster} -o out --jobs 1"
    found = shell(f"unset RAY_AUTH_MODE; HOME=home {run}")  # the token of this user
    assert (found.code, found.out, found.err) == (0, b"", expected.err)
    assert joined(world / "out") == (world / "local").read_bytes()


# -- What is left behind -------------------------------------------------------------------------


@needs_ray
def test_a_cluster_that_is_started_here_leaves_nothing(world: Path, shell: Shell) -> None:
    (world / "home").mkdir()
    with tempfile.TemporaryDirectory(dir="/tmp") as room:  # sockets have short names
        run = f"{SELECT} pool --engine ray --jobs 2 -o out -q"
        shell(f"unset RAY_AUTH_MODE; HOME=home RAY_TMPDIR={room} {run}").silent()
        assert not os.listdir(room)
    assert not os.listdir(world / "home")
    shell(f"{SELECT} pool/* -o local -q").silent()
    assert joined(world / "out") == (world / "local").read_bytes()


@needs_ray
def test_a_cluster_needs_room_for_its_files(
    world: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", "nowhere")
    said = "nowhere: No such file or directory; set RAY_TMPDIR to a folder for Ray"
    inside(*ON_RAY).refused(1, said)
    assert not (world / "out").exists()


# -- What is killed ------------------------------------------------------------------------------


@needs_ray
def test_a_worker_that_is_killed_is_replaced_and_a_machine_that_dies_is_done_without(
    world: Path, cluster: str, shared: Path
) -> None:
    with node(f"--address={cluster}") as other:
        run = started_on(other.pid, world, cluster)
        for worker in writers(world / "out", other.pid)[:1]:
            os.kill(worker, signal.SIGKILL)
        is_the_same(run, world, shared)
        shutil.rmtree(world / "out")
        run = started_on(other.pid, world, cluster)
        kill(other.pid)
        is_the_same(run, world, shared)


ALWAYS_FAILS = """
import sys
from dataclasses import dataclass
from dataselect.execution.distributed.ray_engine.ray_cluster import RayCluster
from dataselect.execution.distributed.shards import Shard
from dataselect.errors import DataselectError, OutputError

@dataclass
class Task:
    shard: Shard

    def __call__(self):
        with open("tries", "a") as file:
            print(self.shard.name, file=file)
        if self.shard.name == "b":
            raise OutputError("out/b: No space left on device")
        return self.shard.name

cluster = RayCluster(sys.argv[1])
tasks = [Task(Shard(f"pool/{name}", name, 0, "")) for name in "abc"]
try:
    for task, result in cluster.run(tasks):
        assert task.shard.name == result
except DataselectError as error:
    print(error)
cluster.close()
"""


@needs_ray
def test_a_task_is_tried_three_times_and_its_error_names_the_shard(
    tmp_path: Path, cluster: str, shell: Shell
) -> None:
    (tmp_path / "program.py").write_text(ALWAYS_FAILS)
    found = shell(f"RAY_AUTH_TOKEN={TOKEN} python program.py {cluster}").silent()
    assert found == b"pool/b: out/b: No space left on device\n"
    assert sorted((tmp_path / "tries").read_text().split()) == ["a", "b", "b", "b", "c"]


@needs_ray
def test_a_run_that_filled_the_disk_goes_on_once_there_is_room(
    world: Path, cluster: str, shell: Shell, shared: Path
) -> None:
    disk = world / "disk"
    disk.mkdir()
    if shell("mount -t tmpfs -o size=4m none disk").code:
        pytest.skip("only root may mount a small disk")
    try:
        run = f"RAY_AUTH_TOKEN={TOKEN} {ON_LARGE} --ray-address {cluster} -o disk/out"
        shell(f"{run} -q").refused(1, "large/part-", "disk/out/part-", "No space left on device")
        assert not (disk / "out" / "_manifest.json").exists()
        shell("mount -o remount,size=900m disk").silent()
        shell(f"{run} -q --resume").silent()
        assert joined(disk / "out") == (shared / "local").read_bytes()
    finally:
        shell("umount disk").silent()


# -- Signals -------------------------------------------------------------------------------------


@needs_ray
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_all_that_it_started(
    world: Path, cluster: str, signum: signal.Signals
) -> None:
    run = start(world, "local" if signum == signal.SIGINT else cluster)
    until(lambda: (world / "out").exists() and half_written(world / "out"))
    if signum == signal.SIGINT:
        os.killpg(run.pid, signum)  # as a terminal does
    else:
        run.send_signal(signum)
    found = ended(run)
    assert found.code == -signum
    assert found.err == (
        "dataselect: out: not complete; --resume keeps what is done\n"
        f"dataselect: stopped by {signum.name}; unfinished files are removed\n"
    )
    until(lambda: not processes(run.pid))
    assert not (world / "out" / "_manifest.json").exists()
    assert (world / "out" / "_unfinished").exists()


# -- What is not there ---------------------------------------------------------------------------


def test_what_to_install_is_said_where_ray_is_missing(
    world: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    inside(*ON_RAY).refused(2, "--engine ray needs Ray; pip install ray fsspec")
    assert not (world / "out").exists()


@needs_ray
@pytest.mark.parametrize("address", ["127.0.0.1:{}", "ray://127.0.0.1:{}", "no.such.invalid:{}"])
def test_an_address_where_nobody_listens_is_said_at_once(
    world: Path, inside: Inside, address: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = address.format(port)
    inside(*ON_RAY, "--ray-address", given).refused(1, given, "check --ray-address")
    assert not (world / "out").exists()


@needs_ray
def test_an_address_of_something_else_is_said(world: Path, shell: Shell) -> None:
    found = shell("dataselect select --by x pool --engine ray -o out --ray-address nowhere")
    found.refused(1, "nowhere: Ray cannot be used", "check --ray-address")
