"""Workers: what keeps them from starting is said, not waited for."""

import subprocess
import sys

PROGRAM = """
from dataselect.workers import ordered_map
print(list(ordered_map(len, ["ab", "c"], 2)))
"""


def test_a_program_from_standard_input_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-"],
        input=PROGRAM,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "workers cannot read this program" in done.stderr
