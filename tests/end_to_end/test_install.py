"""A wheel without extras in an empty environment, as a user's first minute has it."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def run(*command: object, **options: object) -> str:
    found = subprocess.run(  # noqa: PLW1510  # what it printed is worth more than its code
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    assert found.returncode == 0, found.stdout
    return str(found.stdout)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that holds the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("install")
    programs = folder / "empty" / "bin"
    venv.create(folder / "empty")
    try:
        run(*PIP, "wheel", "-q", "--no-deps", "-w", folder, ROOT)
        (wheel,) = folder.glob("dataselect-*.whl")
        run(*PIP, "--python", programs / "python", "install", "-q", "--no-compile", wheel)
    except AssertionError as error:
        if "onnection" in str(error):
            pytest.skip("no package index can be reached")
        raise
    return programs


def test_base_install_is_light(programs: Path) -> None:
    installed = run(*PIP, "--python", programs / "python", "list", "--format=json").splitlines()
    names = {
        package["name"] for line in installed if line[:1] == "[" for package in json.loads(line)
    }
    assert "scikit-learn" in names
    assert not names & {"torch", "sentence-transformers", "matplotlib", "pytest"}


def test_help_and_a_relevance_pipeline_run(programs: Path, tmp_path: Path) -> None:
    program = programs / "dataselect"
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


def test_the_manual_is_installed(programs: Path) -> None:
    assert "# relevance: " in run(programs / "dataselect", "help", "relevance")
