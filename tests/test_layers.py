"""The structure: imports go down, start-up stays light, a name has one home."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dataselect
from dataselect.command_line.registry import COMMANDS

PACKAGE = Path(dataselect.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up; a module imports its own floor and those below it.
FLOORS = [
    "threads",
    "address_space",
    "errors",
    "documents",
    "versions",
    "console",
    "interrupts",
    "data",
    "models",
    "selection",
    "execution",
    "command_line",
    "operations",
    "analysis",
    "demo",
    "cli",
    "__main__",
]
LIGHT = {"orjson", "typer", "dataselect"}
HEAVY_FLOORS = {"models", "operations", "analysis"}
COMMAND_MODULES = {f"dataselect.{each.module}" for each in COMMANDS.values()}


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def part(module: str, number: int) -> str:
    """The floor of a module (1), or its folder on that floor (2)."""
    return [*module.split("."), "", ""][number]


def imports(path: Path, *, at_start: bool) -> list[str]:
    """Modules that a file imports; `at_start`: only those that importing the file itself brings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_start else list(ast.walk(tree))
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.append(node.module)
            if node.module == "dataselect":
                found += [f"dataselect.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_imports_go_down(path: Path) -> None:
    own = part(name_of(path), 1)
    if not own:  # the package's front, which hands out names of all floors
        return
    for module in imports(path, at_start=False):
        if module.startswith("dataselect.") and part(module, 1) != own:
            assert FLOORS.index(part(module, 1)) < FLOORS.index(own), f"{own} imports {module}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "operations").rglob("*.py")), ids=name_of)
def test_operations_do_not_import_each_other(path: Path) -> None:
    own = part(name_of(path), 2)
    for module in imports(path, at_start=False):
        if module.startswith("dataselect.operations."):
            assert part(module, 2) == own, f"{own} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_commands_and_their_options_know_the_command_line(path: Path) -> None:
    name = name_of(path)
    if part(name, 1) in ("command_line", "cli", "__main__"):
        return
    if name in COMMAND_MODULES or path.stem.endswith("options"):
        return
    for module in imports(path, at_start=False):
        assert not module.startswith(("typer", "click", "dataselect.command_line")), module


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_start_up_is_light(path: Path) -> None:
    name = name_of(path)
    if (
        part(name, 1) in HEAVY_FLOORS
        and name not in COMMAND_MODULES
        and not path.stem.endswith("options")
    ):
        return
    for module in imports(path, at_start=True):
        top = module.split(".")[0]
        assert top in LIGHT or top in sys.stdlib_module_names, f"{module} at module level"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from dataselect.cli import main; main(['--help']);"
        "heavy = {'numpy', 'scipy', 'sklearn', 'tqdm', 'zstandard', 'rich', 'pydantic'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_is_named_like_one_of_the_standard_library(path: Path) -> None:
    stem = path.stem
    assert stem.startswith("__") or stem not in sys.stdlib_module_names


SHARED_STEMS = {"__init__", "command", "options", "model", "scorer", "base", "table"}
"""Names that say which part of its folder a module is."""


def test_a_module_name_has_one_home() -> None:
    homes: dict[str, Path] = {}
    for path in SOURCES:
        if path.stem not in SHARED_STEMS:
            assert path.stem not in homes, f"{path} and {homes[path.stem]}"
            homes[path.stem] = path


def test_a_class_name_has_one_home() -> None:
    homes: dict[str, Path] = {}
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert node.name not in homes, f"{node.name}: {path} and {homes[node.name]}"
                homes[node.name] = path


@pytest.mark.parametrize("folder", sorted({path.parent for path in SOURCES}), ids=name_of)
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= 14  # about a dozen, and __init__


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_module_and_a_test(command: str) -> None:
    module = COMMANDS[command].module.replace(".", "/")
    assert (PACKAGE / f"{module}.py").exists()
    tests = "".join(
        path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("*.py")
    )
    assert ", ".join(f'"{word}"' for word in command.split()) in tests
