"""Seconds of processor that one process of a command takes, without those of its workers.

    python parent_time.py COMMAND OPTION...

Prints the seconds of starting up, and those of the work.
"""

import contextlib
import io
import sys
from time import process_time

from dataselect.cli import main

with contextlib.redirect_stdout(io.StringIO()):
    main([sys.argv[1], "--help"])
start = process_time()
status = main(sys.argv[1:])
print(start, process_time() - start)
sys.exit(status)
