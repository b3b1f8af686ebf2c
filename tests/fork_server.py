"""A `dataselect` for tests that starts in a fraction of the time: a server forks the process.

The server imports what commands import, once. The client is first on the PATH of what tests start:
it hands over its arguments, environment, folder and open files, the server forks, and the child
runs the installed program. Ignored signals and most limits are not handed over, and options of
Python in the environment come too late: tests of these run the installed program itself.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import io
import marshal
import os
import pkgutil
import re
import resource
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, NoReturn

import fork_client
from fork_client import HEADER, MOST_FILES

from dataselect.command_line.parser import load_command
from dataselect.command_line.registry import COMMANDS
from dataselect.numerical_libraries import limit_threads

_PROGRAM = Path(sys.executable).parent / "dataselect"
_LIBRARIES = (
    *("multiprocessing.pool", "msgspec", "rapidfuzz.distance", "sacrebleu", "scipy.cluster.vq"),
    *("sklearn.cluster", "sklearn.utils.extmath", "pycrfsuite", "jinja2", "matplotlib.figure"),
    *("encodings.cp437", "encodings.utf_32_le", "importlib.resources", "shlex"),
)
"""What commands load when they need it; some are extras."""
_LEFT_OUT = r"\.__main__$|\.(paraphrase_detector|translator)\."
"""What imports torch, which is large and seldom needed."""


class _Request(NamedTuple):
    received: list[int]
    """Our numbers of the client's files."""
    arguments: list[str]
    environment: dict[bytes, bytes]
    folder: bytes
    umask: int
    largest_file: tuple[int, int]
    """The limits that `ulimit -f` sets."""
    files: list[int]


def _received(connection: socket.socket) -> _Request:
    header, files, _, _ = socket.recv_fds(connection, HEADER, MOST_FILES)
    request = connection.recv(int.from_bytes(header, "big"), socket.MSG_WAITALL)
    return _Request(files, *marshal.loads(request))


def _preload() -> None:
    import dataselect

    found = [each.name for each in pkgutil.walk_packages(dataselect.__path__, "dataselect.")]
    for name in _LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for name in found:
        if not re.search(_LEFT_OUT, name):
            importlib.import_module(name)
    for command in COMMANDS:
        load_command(command)
    assert "torch" not in sys.modules, "what imports it is to be left out"
    gc.freeze()  # a collection would copy the pages of all that is shared


def _served(address: str) -> _Request:
    """Fork a process for each client; returns in those, and ends with standard input."""
    own, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, _nothing)
    clients: dict[int, socket.socket] = {}
    waited_for: list[Any]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            waited_for = [0, own, listener, *clients.values()]
            ready, _, _ = select.select(waited_for, [], [])
            if 0 in ready:
                for process in clients:
                    os.kill(process, signal.SIGKILL)
                sys.exit()
            for process, client in clients.items():
                if client in ready:  # it is gone
                    os.kill(process, signal.SIGKILL)
            if own in ready:
                own.recv(4096)
                _tell(clients)
            if listener in ready:
                connection, _ = listener.accept()
                try:
                    request = _received(connection)
                except EOFError:  # it is gone already
                    connection.close()
                    continue
                process = os.fork()
                if not process:
                    signal.set_wakeup_fd(-1)
                    return request
                for number in request.received:
                    os.close(number)
                clients[process] = connection


def _nothing(signum: int, frame: FrameType | None) -> None:
    """Let the signal be written to the wakeup descriptor."""


def _tell(clients: dict[int, socket.socket]) -> None:
    """Tell clients whose processes have ended how they did."""
    while clients:
        process, status = os.waitpid(-1, os.WNOHANG)
        if not process:
            break
        with clients.pop(process) as client, contextlib.suppress(OSError):
            client.sendall(str(status).encode())


def _run(request: _Request) -> NoReturn:
    """Go on as the installed program, started by the client."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    moved = [fcntl.fcntl(number, fcntl.F_DUPFD, MOST_FILES) for number in request.received]
    os.closerange(0, MOST_FILES)
    for number, target in zip(moved, request.files, strict=True):
        os.dup2(number, target)
        os.close(number)
    sys.stdin, sys.stdout, sys.stderr = (
        _standard(number, number in request.files) for number in range(3)
    )
    os.umask(request.umask)
    resource.setrlimit(resource.RLIMIT_FSIZE, request.largest_file)
    os.chdir(request.folder)
    os.environb.clear()
    os.environb.update(request.environment)
    sys.argv = [str(_PROGRAM), *request.arguments]
    code = None
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        code = end.code
    # What Python does at its end, but for taking down the modules, which takes 0.1 s.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    os._exit(code if isinstance(code, int) else code is not None)


def _standard(number: int, is_open: bool) -> io.TextIOWrapper:
    """A standard stream, as Python opens it, or None if it is closed."""
    if not is_open:
        return None  # type: ignore[return-value]  # as in sys itself
    return open(  # it ends with the process
        number,
        "w" if number else "r",
        buffering=1 if number == 2 else -1,
        encoding="utf-8",
        errors="backslashreplace" if number == 2 else "strict",
        closefd=False,
    )


@contextlib.contextmanager
def fork_server() -> Iterator[str]:
    """Run a server. Yields the folder of its client."""
    folder = tempfile.mkdtemp(prefix="fork")  # sockets have short names
    client = Path(folder, "dataselect")
    client.write_text(f"#!{sys.executable} -IS\n{Path(fork_client.__file__).read_text()}")
    client.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, __file__, os.path.join(folder, "socket")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        with server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield folder
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.path[0] = str(_PROGRAM.parent)  # as Python sets it for the program
    limit_threads(os.environ)
    _preload()
    _run(_served(sys.argv[1]))
