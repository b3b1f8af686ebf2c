"""The program `dataselect` of `fork_server`: hands over what it was started with, then waits.

It is copied beside the server's socket, and imports little: it starts many times.
"""

import array
import marshal
import os
import resource
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOL_SOCKET, socket  # `socket` takes as long as the rest

HEADER = 4  # bytes, which say how many follow
MOST_FILES = 500
FILES = "/dev/fd"


def main() -> None:
    connection = socket(AF_UNIX)
    connection.connect(os.path.join(os.path.dirname(__file__), "socket"))
    files = [number for number in map(int, os.listdir(FILES)) if is_open(number)]
    files.remove(connection.fileno())
    largest = resource.getrlimit(resource.RLIMIT_FSIZE)
    place = (os.getcwdb(), os.umask(0), largest)
    request = marshal.dumps((sys.argv[1:], dict(os.environb), *place, files))
    rights = [(SOL_SOCKET, SCM_RIGHTS, array.array("i", files))] if files else []
    connection.sendmsg([len(request).to_bytes(HEADER, "big")], rights)
    connection.sendall(request)
    for number in files:  # the other end of a pipe waits until nobody has it open
        os.close(number)
    status = int(connection.recv(9) or 9)
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


def is_open(number: int) -> bool:
    """Whether a file is open still: the folder's own was, while it was listed."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
