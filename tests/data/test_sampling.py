"""Drawing a background from a pool: uniform, seeded, whatever the blocks."""

import json
from pathlib import Path

import numpy as np
import pytest

from dataselect.data.fields import POSITION, Column
from dataselect.data.files import chunks
from dataselect.data.input_files import Inputs
from dataselect.data.sampling import sample_columns, sample_texts, total_records
from dataselect.errors import InputError

COLUMN = Column.text("text")


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    path = tmp_path / "pool.jsonl"
    path.write_text("".join(json.dumps({"text": f"text {i}"}) + "\n" for i in range(500)))
    return path


def draw(pool: Path, size: int, seed: int = 0, *, strict: bool = True) -> list[str]:
    rng = np.random.default_rng(seed)
    return sample_texts(Inputs([str(pool)]), COLUMN, size, rng, strict=strict)


def test_draws_without_replacement_in_input_order(pool: Path) -> None:
    drawn = [int(text.split()[1]) for text in draw(pool, 50)]
    assert len(drawn) == 50
    assert drawn == sorted(set(drawn))


def test_a_small_pool_is_taken_whole(pool: Path) -> None:
    assert len(draw(pool, 1_000)) == 500


def test_block_sizes_do_not_change_the_draw(pool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = draw(pool, 20)
    monkeypatch.setattr(chunks, "BLOCK_BYTES", 64)
    assert draw(pool, 20) == whole


def test_seeds_differ(pool: Path) -> None:
    assert draw(pool, 20, seed=1) != draw(pool, 20, seed=2)


def test_what_is_drawn_knows_its_place(pool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records count, good or bad, and blank lines do not."""
    lines = pool.read_text().splitlines(keepends=True)
    lines[100] = "broken\n"
    lines[200] = "\n  \n" + lines[200]
    pool.write_text("".join(lines))
    monkeypatch.setattr(chunks, "BLOCK_BYTES", 1000)
    rng = np.random.default_rng(0)
    files = Inputs([str(pool), str(pool)])
    texts, places = sample_columns(files, [COLUMN, POSITION], 300, rng, strict=False)
    assert [int(text.split()[1]) for text in texts] == [place % 500 for place in places]
    assert max(places) > 900
    assert total_records(files) == 1_000


def test_every_record_is_as_likely(pool: Path) -> None:
    """400 draws of 50 in 500: each is drawn 40 times, give or take five standard deviations."""
    counts = np.zeros(500)
    for seed in range(400):
        counts[[int(text.split()[1]) for text in draw(pool, 50, seed)]] += 1
    assert abs(counts - 40).max() < 5 * np.sqrt(400 * 0.1 * 0.9)


def test_bad_records_are_left_for_the_run_that_follows(pool: Path) -> None:
    pool.write_text(pool.read_text() + "broken\n")
    assert len(draw(pool, 1_000, strict=False)) == 500
    with pytest.raises(InputError, match=r"pool\.jsonl:501: not JSON"):
        draw(pool, 1_000, strict=True)
