"""The `dataselect` program: its start, its signals, and an exit code and a line for every error.

Nothing but the standard library's lightest is imported before signals are dealt with.
"""

import _signal  # type: ignore[import-not-found]  # what is beneath signal, which imports enum
import gc
import os
import sys


def run() -> None:
    """Entry point of the console script."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        # While modules are loaded there is nothing to clean up, and no traceback to show.
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    gc.set_threshold(_OBJECTS)
    from dataselect.numerical_libraries import leave_out_tools, limit_threads

    limit_threads(os.environ)
    leave_out_tools()
    code = main()
    gc.freeze()  # or Python searches for garbage while it takes modules down: 0.03 to 0.1 s
    sys.exit(code)


# Made between two searches for garbage. Modules make fewer, and no garbage: by default it is looked
# for 120 times while they are loaded, which took a twelfth of a fit.
_OBJECTS = 100_000


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit code."""
    _hold_standard_descriptors()
    if not _is_posix():
        print(
            "dataselect: it needs a POSIX system, such as Linux or macOS; "
            "on Windows run it within WSL",
            file=sys.stderr,
        )
        return 1
    from dataselect.errors import Interrupted
    from dataselect.interrupts import end_by, end_when_asked_to_stop

    try:
        code = _exit_code(arguments)
        end_when_asked_to_stop()
    except Interrupted as stop:
        end_by(stop.signum)
    return code


def _is_posix() -> bool:
    try:
        import fcntl  # noqa: F401
    except ImportError:
        return False
    return os.name == "posix"


def _hold_standard_descriptors() -> None:
    """Open closed standard descriptors onto nothing, so that no file of ours takes their number.

    They are opened the wrong way round: using them fails, as it should.
    """
    for descriptor, mode in (0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number: this one


def _exit_code(arguments: list[str] | None) -> int:
    """Do what the arguments ask for, and say what went wrong."""
    from dataselect.command_line.help.overview import is_overview_asked_for, show_overview
    from dataselect.console import say
    from dataselect.errors import Interrupted, ReaderGone
    from dataselect.interrupts import raise_when_asked_to_stop

    code = 0
    try:
        if is_overview_asked_for(sys.argv[1:] if arguments is None else arguments):
            show_overview()
            return code
        from dataselect.command_line.parser import parse

        command = parse(arguments)
        if isinstance(command, int):
            return command
        from dataselect.address_space import prepare_for_a_limit
        from dataselect.allocator import keep_freed_memory

        raise_when_asked_to_stop()
        prepare_for_a_limit()
        keep_freed_memory()
        command()
    except ReaderGone:  # standard output, or a pipe that we write to by its name
        pass
    except KeyboardInterrupt:  # raised by a library; ours are Interrupted
        raise Interrupted(_signal.SIGINT) from None
    except SystemExit as end:
        say(f"a library ended the program (exit code {end.code}); please report this as a bug")
        code = 1
    except Exception as error:
        message, code = _explained(error)
        say(message)
    if code < 2:
        _forget_printed()
    return code


def _explained(error: Exception) -> tuple[str, int]:
    """Message and exit code for an error; one that nobody foresaw is raised again."""
    from dataselect.address_space import is_for_want_of_memory
    from dataselect.errors import DataselectError

    match error:
        case DataselectError():
            return error.message, error.exit_code
        case _ if is_for_want_of_memory(error):
            return "out of memory; split the input, or use fewer --jobs", 1
        case OSError():  # rare: what reads and writes records has errors of its own
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror or error}; check the disk and the system", 1
    raise error


def _forget_printed() -> None:
    """Point standard output at nothing if flushing it fails, or it would fail again at exit."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
