"""A wheel without extras in an environment with nothing else, as a user's first minute has it."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def run(*command: object, **options: object) -> str:
    found = subprocess.run(  # noqa: PLW1510  # what it printed is worth more than its code
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        **options,  # type: ignore[call-overload]
    )
    assert found.returncode == 0, found.stdout
    return str(found.stdout)


def required(package: Distribution, without: tuple[str, ...] = ()) -> Iterator[Distribution]:
    """What a package needs but for extras, and what that needs, as this environment has it."""
    for each in map(Requirement, package.requires or []):
        needed = each.marker is None or each.marker.evaluate({"extra": ""})
        if needed and each.name not in without:
            yield distribution(each.name)
            yield from required(distribution(each.name), (*without, each.name))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel and what it requires: links, for copies take long."""
    folder = tmp_path_factory.mktemp("install")
    venv.create(folder / "empty")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (wheel,) = folder.glob("dataselect-*.whl")
    pip = (sys.executable, "-m", "pip", "--python", folder / "empty/bin/python")
    run(*pip, "install", "-q", "--no-deps", "--no-index", "--no-compile", wheel)
    (packages,) = (folder / "empty" / "lib").glob("python*/site-packages")
    (ours,) = packages.glob("dataselect-*.dist-info")
    for each in required(Distribution.at(ours)):
        for name in {file.parts[0] for file in each.files or []} - {"..", "__pycache__"}:
            if not (packages / name).exists():
                (packages / name).symlink_to(str(each.locate_file(name)))
    return folder / "empty"


def test_base_install_is_light(empty: Path) -> None:
    names = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    installed = set(run(empty / "bin" / "python", "-c", names).split())
    assert {"dataselect", "scikit-learn", "joblib"} <= installed
    assert not installed & {"torch", "sentence-transformers", "matplotlib", "pytest"}


def test_help_and_a_relevance_pipeline_run(empty: Path, tmp_path: Path) -> None:
    program = empty / "bin" / "dataselect"
    assert "relevance" in run(program, "--help")
    run(program, "demo", "-q", tmp_path / "demo")
    pipeline = (
        f'gzip -dc pool.jsonl.gz | "{program}" relevance -q --in-domain annotated.jsonl --share 5%'
        f' | "{program}" select -q --by relevance --top-k 100'
    )
    kept = run("bash", "-o", "pipefail", "-c", pipeline, cwd=tmp_path / "demo").splitlines()
    truths = [json.loads(line)["truth"] for line in kept]
    right = sum(truth in ("play_music", "set_alarm") for truth in truths)
    assert len(kept) == 100
    assert right >= 80


def test_the_manual_is_installed(empty: Path) -> None:
    assert "# relevance: " in run(empty / "bin" / "dataselect", "help", "relevance")
