"""The program as its caller sees it: signals at any time, exit codes, one line for each error."""

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Inside, Shell, environment

from dataselect import cli
from dataselect.console import printable
from dataselect.errors import Interrupted

COMMANDS = {
    "help": ["--help"],
    "fit": [
        "relevance",
        "--in-domain",
        "text.jsonl",
        "--background",
        "general.jsonl",
        "text.jsonl",
    ],
    "diversity": ["diversity", "--top-k", "2", "text.jsonl"],
    "train": ["lm", "train", "text.jsonl", "-o", "new.arpa"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    texts = ("play some jazz", "will it rain", "stop the blue band", "rain in the north")
    lines = [f'{{"text":"{text} {n}","x":{n}}}\n' for n in range(5) for text in texts]
    (tmp_path / "text.jsonl").write_text("".join(lines))
    general = [f'{{"text":"the train leaves platform {n} at noon"}}\n' for n in range(20)]
    (tmp_path / "general.jsonl").write_text("".join(general))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def heeds_as_we_want(process: int) -> bool:
    """Whether Python's own handler of SIGINT is gone."""
    with open(f"/proc/{process}/status") as file:
        caught = next(line for line in file if line.startswith("SigCgt"))
    return not int(caught.split()[1], 16) & 1 << signal.SIGINT - 1


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("after", [0.0, 0.1, 0.4])
def test_an_interrupt_while_modules_are_loaded_shows_no_traceback(
    folder: Path, command: str, after: float
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dataselect", *COMMANDS[command]],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    assert process.stderr is not None
    was_python = False
    while process.poll() is None:
        ours = heeds_as_we_want(process.pid)
        if was_python and ours:
            break
        was_python = was_python or not ours
        time.sleep(0.0005)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) in (-signal.SIGINT, 0, 2), said
    assert "Traceback" not in said
    assert {path.name for path in folder.iterdir()} <= {"text.jsonl", "general.jsonl", "new.arpa"}


def test_a_signal_that_a_library_would_lose_ends_the_process(tmp_path: Path) -> None:
    (tmp_path / "careless.py").write_text(
        "import os, signal\n"
        "try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "except BaseException: print('lost')\n"
    )
    program = (
        "from dataselect.interrupts import raise_when_asked_to_stop as heed;heed(); import careless"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "")
    assert done.stderr == "dataselect: stopped by SIGTERM; unfinished files are removed\n"


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), SystemExit(0)], ids=repr)
def test_only_our_own_closed_output_is_success(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def parse(_: object) -> Callable[[], None]:
        def command() -> None:
            raise error

        return command

    monkeypatch.setattr("dataselect.command_line.parser.parse", parse)
    inside("select").refused(1, "")


def test_a_keyboard_interrupt_of_a_library_is_one_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(_: object) -> Callable[[], None]:
        def command() -> None:
            raise KeyboardInterrupt

        return command

    monkeypatch.setattr("dataselect.command_line.parser.parse", parse)
    with pytest.raises(Interrupted):
        cli._exit_code(["command"])


PRINTING = ["--help", "--version", "relevance --help", "lm --help"]


@pytest.mark.parametrize("arguments", PRINTING)
def test_help_into_a_closed_pipe_is_success_and_elsewhere_an_error(
    shell: Shell, arguments: str
) -> None:
    assert shell(f"dataselect {arguments} | true").silent() == b""
    shell(f"dataselect {arguments} > /dev/full").refused(1, "No space left")
    shell(f"dataselect {arguments} >&-", installed=True).refused(1, "<stdout>: it is closed")


MISTYPED = {
    "relevnce": "No such command 'relevnce'; did you mean relevance?; see --help",
    "Winnow": "did you mean winnow?",
    "train": "did you mean lm train or paraphrase train or translate train?",
    "lm tran": "No such command 'tran'; did you mean lm train?",
    "xyzzy": "No such command 'xyzzy'; see --help",
    "select --topk 5": "No such option: --topk; did you mean --top-k?; see --help",
    "select --topk=5": "did you mean --top-k?",
    "select -top-k 5": "did you mean --top-k?",
    "select --xyzzy": "--xyzzy; see --help",
    "lm eval --canary codes.jsonl": "--canary; it is an option of audit; see --help",
}


@pytest.mark.parametrize("arguments", MISTYPED)
def test_what_is_mistyped_gets_a_suggestion(inside: Inside, arguments: str) -> None:
    inside(*arguments.split()).refused(2, MISTYPED[arguments])


@pytest.mark.parametrize(
    "breakage", ["import sys; sys.modules['fcntl'] = None", "import os; os.name = 'nt'"]
)
def test_a_system_that_is_not_posix_gets_one_line(breakage: str) -> None:
    program = f"{breakage}\nfrom dataselect.cli import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("dataselect: it needs a POSIX system")
    assert done.stderr.count("\n") == 1


def test_messages_spell_control_characters_out(folder: Path, shell: Shell) -> None:
    (folder / "e.jsonl").write_text('{"text":"a","\\u001b]0;pwn\\u0007":1}\n')
    found = shell("dataselect select --by $'\\e]0;pwn\\a' --top-k 1 e.jsonl")
    assert "\\x1b]0;pwn\\x07" in found.err
    found = shell("dataselect demo $'x\\e[31mred\\u202e'")
    assert "x\\x1b[31mred\\u202e" in found.err
    assert not {"\x1b", "\x07", "\u202e"} & set(found.err)


def test_tables_spell_control_characters_out_but_not_their_own() -> None:
    assert printable("a\tb\n\x1b[31m\r\u2028") == "a\tb\n\\x1b[31m\\r\\u2028"


@pytest.mark.parametrize(("megabytes", "jobs"), [(150, 1), (220, 1), (300, 1), (340, 1), (340, 2)])
def test_a_limit_on_addresses_ends_a_run_in_words(folder: Path, megabytes: int, jobs: int) -> None:
    limit = megabytes << 20
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "dataselect",
            *COMMANDS["fit"],
            "-q",
            "--jobs",
            str(jobs),
        ],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode in (0, 1)
    assert done.stderr.count("\n") == done.returncode, done.stderr
    assert "dataselect: " in done.stderr or not done.stderr


def test_linear_algebra_gets_one_thread_unless_the_user_says_otherwise() -> None:
    from dataselect.numerical_libraries import limit_threads

    for given in ({}, {"OMP_NUM_THREADS": "3"}, {"OPENBLAS_NUM_THREADS": "2"}):
        found = dict(given)
        limit_threads(found)
        assert found == (given or {"OPENBLAS_NUM_THREADS": "1"})


def test_what_libraries_seldom_use_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys; from dataselect.numerical_libraries import leave_out_tools; leave_out_tools();"
        "import scipy.sparse; assert 'numpy.testing._private' not in sys.modules;"
        "assert 'numpy.f2py.crackfortran' not in sys.modules;"
        "from numpy.testing import assert_array_equal; assert_array_equal([1], [1]);"
        "import numpy.f2py; assert numpy.f2py.get_include();"
        "import sklearn.utils.extmath; assert 'scipy.stats.distributions' not in sys.modules;"
        "from scipy.stats import rankdata; assert rankdata([3, 4]).tolist() == [1, 2]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_short_series_of_kills_ends_without_a_fault() -> None:
    path = Path(__file__).parent.parent / "scripts" / "kill-series"
    command = [sys.executable, str(path), "--runs", "6", "--records", "10000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
