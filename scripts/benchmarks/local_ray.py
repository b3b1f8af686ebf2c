"""A Ray cluster on this machine, for a while."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from contenders import Failed, spend

_ATTEMPTS = 20
_SECONDS_BETWEEN = 0.5


@contextmanager
def cluster(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The address of a cluster of two processors, which ends with the block. Raises Failed.

    `environment`: what its workers have in theirs, beside what this process has.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    os.environ |= {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    os.environ |= environment or {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # else the cluster would live on
    ray = os.path.join(os.path.dirname(sys.executable), "ray")
    process = subprocess.Popen(
        [
            *(ray, "start", "--head", "--block", "--port", address.partition(":")[2]),
            *("--num-cpus", "2", "--include-dashboard", "false", "--no-monitor"),
            *("--include-log-monitor", "false"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str) -> None:
    """Return once tasks can be run. Raises Failed."""
    host, _, port = address.partition(":")
    for _ in range(_ATTEMPTS):
        with suppress(OSError):
            socket.create_connection((host, int(port))).close()
            break
        time.sleep(_SECONDS_BETWEEN)
    code = f"import ray; ray.init({address!r}, log_to_driver=False)"
    for _ in range(_ATTEMPTS - 1):
        with suppress(Failed):
            spend((sys.executable, "-c", code))
            return
        time.sleep(_SECONDS_BETWEEN)
    spend((sys.executable, "-c", code))
