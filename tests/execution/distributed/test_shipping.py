"""Parcels: objects that arrive on other machines with the files that they read."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from conftest import MUSIC_ARPA
from small_models import BINARY

from dataselect.errors import InputError, OutputError, WorkerError
from dataselect.execution.distributed import shipping
from dataselect.execution.distributed.cluster import Carried
from dataselect.execution.distributed.shipping import Shipment, digest_of, pack
from dataselect.models.language_model.scoring.language_model import LanguageModel
from dataselect.operations.winnow.winnow import Winnow

TEXTS = ["play jazz", "now play", "rain"]


@dataclass
class Reader:
    """Something that reads a file or folder, and holds another thing."""

    path: str
    other: Any = None
    ships_file: ClassVar[str] = "path"

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "other": self.other}

    def texts(self) -> dict[str, str]:
        root = Path(self.path)
        files = [root] if root.is_file() else [path for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(root)): path.read_text() for path in files}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of a machine that has opened no parcel yet."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(shipping, "_opened", {})
    return folder


def sent(thing: Any, *, with_files: bool = True) -> Shipment:
    """A parcel after its journey."""
    packed = pack(thing, Carried, with_files=with_files)
    arrived = pickle.loads(pickle.dumps(packed))
    assert arrived == packed
    return packed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a folder in it."""
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "a.txt").write_text("one")
    (tmp_path / "model" / "deep" / "b.txt").write_text("two")
    return tmp_path / "model"


def test_a_thing_without_files_arrives_as_it_was() -> None:
    assert sent({"a": [1, 2]}).open() == {"a": [1, 2]}


def test_a_file_is_read_where_it_is_if_it_is_there(folder: Path, elsewhere: Path) -> None:
    opened = sent(Reader(str(folder / "a.txt"))).open()
    assert opened.path == str(folder / "a.txt")
    assert list(elsewhere.iterdir()) == []


def test_a_file_and_a_folder_arrive_where_they_are_not(folder: Path) -> None:
    whole = Reader(str(folder), Reader(str(folder / "a.txt")))
    texts = whole.texts()
    packed = sent(whole)
    shutil.rmtree(folder)
    opened = packed.open()
    assert opened.texts() == texts == {"a.txt": "one", "deep/b.txt": "two"}
    assert opened.other.texts() == {".": "one"}
    assert Path(opened.path).name == "model"


def test_a_file_of_the_same_name_and_other_content_is_not_taken_for_it(folder: Path) -> None:
    packed = sent(Reader(str(folder)))
    (folder / "a.txt").write_text("something else")
    assert packed.open().texts() == {"a.txt": "one", "deep/b.txt": "two"}


def test_what_arrived_is_unpacked_once_a_machine(
    folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = sent(Reader(str(folder)))
    shutil.rmtree(folder)
    first = packed.open()
    assert packed.open() is first
    monkeypatch.setattr(shipping, "_opened", {})  # as in another process
    before = elsewhere.stat().st_mtime_ns
    assert packed.open().path == first.path
    assert elsewhere.stat().st_mtime_ns == before
    [unpacked] = elsewhere.iterdir()
    assert unpacked.stat().st_mode & 0o777 == 0o700


def test_the_digest_tells_contents_and_not_where_they_are(folder: Path, tmp_path: Path) -> None:
    digest = digest_of(Reader(str(folder)))
    assert pack(Reader(str(folder)), Carried, with_files=True).digest == digest
    shutil.copytree(folder, tmp_path / "copies" / "model")
    assert digest_of(Reader(str(tmp_path / "copies" / "model"))) == digest
    (folder / "deep" / "b.txt").write_text("TWO")
    assert digest_of(Reader(str(folder))) != digest
    assert digest_of(Reader(str(tmp_path / "copies" / "model"), other=1)) != digest


def test_the_digest_is_that_of_another_process(tmp_path: Path) -> None:
    (tmp_path / "music.arpa").write_text(MUSIC_ARPA)
    program = (
        "from dataselect.execution.distributed.shipping import digest_of;"
        "from dataselect.models.language_model.scoring.language_model import LanguageModel;"
        "from dataselect.operations.winnow.winnow import Winnow;"
        "print(digest_of(Winnow(LanguageModel('music.arpa')).record_scorer()))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest_of(Winnow(LanguageModel(str(tmp_path / "music.arpa"))).record_scorer())}


def test_a_model_that_has_scored_is_the_same_model(tmp_path: Path) -> None:
    (tmp_path / "music.arpa").write_text(MUSIC_ARPA)
    scorer = Winnow(LanguageModel(str(tmp_path / "music.arpa"))).record_scorer()
    before = digest_of(scorer)
    scorer.score([TEXTS])
    assert digest_of(scorer) == before


@pytest.mark.parametrize("model", [MUSIC_ARPA.encode(), BINARY], ids=["ARPA", "binary"])
def test_a_language_model_scores_the_same_where_it_arrives(tmp_path: Path, model: bytes) -> None:
    path = tmp_path / "music.model"
    path.write_bytes(model)
    scorer = Winnow(LanguageModel(str(path))).record_scorer()
    expected = scorer.score([TEXTS]).values.tolist()
    packed = sent(scorer)
    path.unlink()
    assert packed.open().score([TEXTS]).values.tolist() == expected


def test_a_name_that_is_no_file_stays_a_name() -> None:
    assert sent(Reader("some/model-of-the-hub")).open().path == "some/model-of-the-hub"


def test_a_file_that_is_gone_is_named_where_it_does_not_travel(folder: Path) -> None:
    packed = sent(Reader(str(folder)), with_files=False)
    assert packed.open().texts() == {"a.txt": "one", "deep/b.txt": "two"}
    shipping._opened.clear()
    (folder / "a.txt").unlink()
    with pytest.raises(WorkerError, match=r"model: changed while it was used; run again"):
        packed.open()


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"a\.txt: No such file"):
        digest_of(Reader(str(folder)))


def test_a_full_disk_says_what_was_unpacked(
    folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = sent(Reader(str(folder)))
    shutil.rmtree(folder)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "makedirs", full)
    with pytest.raises(OutputError, match=r"No space left on device while unpacking .*model; set"):
        packed.open()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_a_folder_of_another_user_is_not_trusted(folder: Path, elsewhere: Path) -> None:
    packed = sent(Reader(str(folder)))
    shutil.rmtree(folder)
    packed.open()
    shipping._opened.clear()
    [unpacked] = elsewhere.iterdir()
    os.chown(unpacked, 65_534, -1)
    with pytest.raises(OutputError, match=r"belongs to another user; set TMPDIR"):
        packed.open()
