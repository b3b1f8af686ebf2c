"""The structure: imports go down, start-up stays light, a name has one home."""

import ast
import subprocess
import sys
from collections import Counter
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import dataselect
from dataselect.command_line.registry import COMMANDS

PACKAGE = Path(dataselect.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# From the bottom up; a module imports its own floor and those below it.
FLOORS = [
    "numerical_libraries",
    "address_space",
    "allocator",
    "errors",
    "content_keys",
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


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path, *, at_start: bool) -> list[str]:
    """Modules that a file imports; `at_start`: only those that importing the file itself brings."""
    tree = tree_of(path)
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


def test_imports_go_down() -> None:
    for path in SOURCES:
        own = part(name_of(path), 1)
        for module in imports(path, at_start=False):
            # The package's front hands out names of all floors.
            if own and module.startswith("dataselect.") and part(module, 1) != own:
                below = FLOORS.index(part(module, 1)) < FLOORS.index(own)
                assert below, f"{name_of(path)} imports {module}"


def test_operations_do_not_import_each_other() -> None:
    for path in (PACKAGE / "operations").rglob("*.py"):
        own = part(name_of(path), 2)
        for module in imports(path, at_start=False):
            if module.startswith("dataselect.operations."):
                assert part(module, 2) == own, f"{name_of(path)} imports {module}"


def test_only_commands_and_their_options_know_the_command_line() -> None:
    for path in SOURCES:
        name = name_of(path)
        if part(name, 1) in ("command_line", "cli", "__main__"):
            continue
        if name in COMMAND_MODULES or path.stem.endswith("options"):
            continue
        for module in imports(path, at_start=False):
            known = module.startswith(("typer", "click", "dataselect.command_line"))
            assert not known, f"{name} imports {module}"


def test_start_up_is_light() -> None:
    for path in SOURCES:
        name = name_of(path)
        is_option = name in COMMAND_MODULES or path.stem.endswith("options")
        if part(name, 1) in HEAVY_FLOORS and not is_option:
            continue
        for module in imports(path, at_start=True):
            top = module.split(".")[0]
            assert top in LIGHT or top in sys.stdlib_module_names, f"{name} imports {module}"


def test_urls_are_opened_in_one_place() -> None:
    """What is behind a path is asked of `data.storage`, which alone knows fsspec."""
    knows = {"fsspec": {"storage", "urls"}, "dataselect.data.urls": {"storage"}}
    for path in SOURCES:
        for module in imports(path, at_start=False):
            for asked, homes in knows.items():
                known = module == asked or module.startswith(f"{asked}.")
                assert not known or path.stem in homes, f"{name_of(path)} imports {module}"


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from dataselect.cli import main; main(['--help']);"
        "heavy = {'numpy', 'scipy', 'sklearn', 'tqdm', 'zstandard', 'rich', 'pydantic', 'typer'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_help_of_commands_imports_nothing_that_reads() -> None:
    code = (
        "import sys; from dataselect.command_line.parser import load_command;"
        "[load_command(each) for each in sys.argv[1:]];"
        "read = {each for each in sys.modules if each.startswith('dataselect.data')};"
        "assert not read, read"
    )
    subprocess.run([sys.executable, "-c", code, *COMMANDS], check=True)


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    stems = {path.stem for path in SOURCES if not path.stem.startswith("__")}
    assert not stems & sys.stdlib_module_names


SHARED_STEMS = {"__init__", "command", "options", "scorer", "base", "table"}
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
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert node.name not in homes, f"{node.name}: {path} and {homes[node.name]}"
                homes[node.name] = path


def test_a_folder_can_be_taken_in_at_a_glance() -> None:
    sizes = Counter(path.parent for path in SOURCES)
    large = {name_of(folder): size for folder, size in sizes.items() if size > 12}
    assert not large


def test_every_command_has_a_module_and_a_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.rglob("*.py"))
    for command, each in COMMANDS.items():
        assert (PACKAGE / f"{each.module.replace('.', '/')}.py").exists()
        assert ", ".join(f'"{word}"' for word in command.split()) in tests, command


def test_scripts_import_what_there_is() -> None:
    scripts = Path(__file__).parents[1] / "scripts"
    for path in scripts.rglob("*"):
        if path.suffix != ".py" and not (path.is_file() and b"python3\n" in path.read_bytes()[:30]):
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("dataselect"):
                module = import_module(str(node.module))
                for name in node.names:
                    known = hasattr(module, name.name) or find_spec(f"{node.module}.{name.name}")
                    assert known, f"{path} imports {name.name} of {node.module}"
