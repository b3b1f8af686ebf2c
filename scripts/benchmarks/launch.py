"""Run a command and tell what it used: `launch.py FD COMMAND...` writes four numbers to FD.

They are seconds on the clock, seconds of processor, the peak as `ru_maxrss`, and the exit status as
`waitpid` has it. A process of its own, because the peak of a child begins at the highest peak of
the process that starts it, and that of this one is a few MiB.
"""

import os
import subprocess
import sys
from time import perf_counter

fd, *command = sys.argv[1:]
start = perf_counter()
process = subprocess.Popen(command)
# wait4, because getrusage(RUSAGE_CHILDREN) keeps the largest peak of all children
_, status, used = os.wait4(process.pid, 0)
wall = perf_counter() - start
told = f"{wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss} {status}"
os.write(int(fd), told.encode())
