"""The structure: imports go down, start-up stays light, names do not hide the standard library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dataselect
from dataselect.commands import COMMANDS, module_of

PACKAGE = Path(dataselect.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up; a module imports its own layer and those below it. Single modules are
# listed in the order in which they may import each other.
LAYERS = [
    "threads",
    "address_space",
    "errors",
    "messages",
    "scratch",
    "signals",
    "renames",
    "first_bytes",
    "compression",
    "documents",
    "inputs",
    "outputs",
    "system_errors",
    "members",
    "records",
    "annotations",
    "ranking",
    "choosing",
    "fates",
    "selection",
    "scoring",
    "budgets",
    "plausibility",
    "report",
    "texts",
    "engines",
    "scorers",
    "alignment",
    "duplicates",
    "sweep",
    "work",
    "grounds",
    "spool",
    "worker_process",
    "workers",
    "progress",
    "run_report",
    "runs",
    "tally",
    "pipeline",
    "distributed",
    "formats",
    "evaluation",
    "comparison",
    "review",
    "demo",
    "commands",
    "cli",
    "__main__",
]
LIGHT = {"orjson", "typer", "dataselect"}


def layer(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


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
    own = layer(name_of(path))
    if own == "dataselect":  # the package's front, which hands out names of all layers
        return
    for module in imports(path, at_start=False):
        if module.startswith("dataselect.") and layer(module) != own:
            assert LAYERS.index(layer(module)) < LAYERS.index(own), f"{own} imports {module}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "scorers").glob("*.py")), ids=name_of)
def test_scorers_do_not_import_each_other(path: Path) -> None:
    others = [module for module in imports(path, at_start=False) if "dataselect.scorers" in module]
    assert others == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_engines_and_scorers_are_heavy_to_import(path: Path) -> None:
    if layer(name_of(path)) in ("engines", "scorers"):
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


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_module_and_a_test(command: str) -> None:
    assert (PACKAGE / "commands" / f"{module_of(command)}.py").exists()
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py"))
    assert ", ".join(f'"{word}"' for word in command.split()) in tests
