"""Jobs as users have them: from their own files to their own files, in at most three commands."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conftest import Shell

MUSIC = [
    "play",
    "some",
    "jazz",
    "by",
    "the",
    "blue",
    "band",
    "please",
    "now",
    "turn",
    "up",
    "this",
    "song",
]
WEATHER = [
    "will",
    "it",
    "rain",
    "in",
    "the",
    "north",
    "tomorrow",
    "or",
    "snow",
    "how",
    "warm",
    "is",
    "the",
    "wind",
]
GERMAN = {word: f"{word[::-1]}en" for word in [*MUSIC, *WEATHER]}


def texts(seed: int, words: list[str], count: int) -> Iterator[str]:
    draw = random.Random(seed)
    for _ in range(count):
        yield " ".join(draw.choices(words, k=draw.randint(3, 9)))


def translated(text: str) -> str:
    return " ".join(GERMAN[word] for word in text.split())


def mixed(seed: int, count: int) -> list[str]:
    """Texts about music, and as many about the weather, shuffled."""
    found = [*texts(seed, MUSIC, count // 2), *texts(seed + 1, WEATHER, count // 2)]
    random.Random(seed).shuffle(found)
    return found


def written(path: Path, lines: list[str]) -> list[str]:
    path.write_text("".join(f"{line}\n" for line in lines))
    return lines


def in_domain(folder: Path) -> None:
    written(folder / "music.txt", list(texts(0, MUSIC, 60)))


def is_music(text: str) -> bool:
    return sum(word in MUSIC for word in text.split()) * 2 > len(text.split())


def test_ten_hours_of_a_nemo_manifest(tmp_path: Path, shell: Shell) -> None:
    in_domain(tmp_path)
    draw = random.Random(7)
    records = [
        {
            "audio_filepath": f"/data/wav/{number:05}.wav",
            "duration": round(draw.uniform(3, 14), 2),
            "text": text,
        }
        for number, text in enumerate(mixed(1, 12_000))
    ]
    manifest = written(tmp_path / "manifest.json", [json.dumps(record) for record in records])
    shell(
        "dataselect relevance -q --in-domain music.txt --budget 10h --cost duration "
        "--to nemo -o ten_hours.json manifest.json"
    ).silent()
    lines = (tmp_path / "ten_hours.json").read_text().splitlines()
    kept = [json.loads(line) for line in lines]
    seconds = sum(record["duration"] for record in kept)
    assert 36_000 - 14 < seconds <= 36_000
    assert all(is_music(record["text"]) for record in kept)
    assert {line.partition(',"relevance":')[0] + "}" for line in lines} <= set(manifest)
    assert all("relevance" in record for record in kept)


def marian(number: int, texts: list[str]) -> list[str]:
    """A list as `marian-decoder --n-best --alignment hard --word-scores` prints it."""
    lines = []
    for rank, text in enumerate(texts):
        words = len(text.split())
        alignment = " ".join(f"{place}-{place}" for place in range(words))
        scores = " ".join(["-0.25"] * (words + 1))
        score = -1 - 0.001 * rank
        lines.append(
            f"{number} ||| {text} ||| {alignment} ||| WordScores= {scores} ||| "
            f"F0= {score * words:.4g} ||| {score:.4g}"
        )
    return lines


def test_marian_lists_with_alignments_to_plain_text(tmp_path: Path, shell: Shell) -> None:
    in_domain(tmp_path)
    good = list(texts(3, MUSIC, 200))
    draw = random.Random(4)
    spoilt = [" ".join(draw.choices(WEATHER, k=len(text.split()))) for text in good]
    pairs = zip(spoilt, good, strict=True)
    lines = [line for number, pair in enumerate(pairs) for line in marian(number, [*pair])]
    written(tmp_path / "output.nbest", lines)
    shell(
        "dataselect rescore -q --from marian --in-domain music.txt --score-weight 0 "
        "--lm-weight 1 -o best.txt output.nbest"
    ).silent()
    best = (tmp_path / "best.txt").read_text().splitlines()
    assert len(best) == 200
    assert sum(map(str.__eq__, best, good)) > 190


def test_a_tenth_of_moses_pairs_back_into_moses_files(tmp_path: Path, shell: Shell) -> None:
    in_domain(tmp_path)
    english = written(tmp_path / "corpus.en", mixed(5, 20_000))
    german = written(tmp_path / "corpus.de", [translated(text) for text in english])
    shell(
        "dataselect relevance -q --from moses --text-field src --in-domain music.txt "
        "--top-k 2000 --to moses -o kept.en,kept.de corpus.en corpus.de"
    ).silent()
    kept = [(tmp_path / f"kept.{each}").read_text().splitlines() for each in ("en", "de")]
    assert [len(side) for side in kept] == [2000, 2000]
    assert all(map(is_music, kept[0]))
    pairs = set(zip(english, german, strict=True))
    assert set(zip(*kept, strict=True)) <= pairs


def test_a_kaldi_directory_to_a_smaller_one(tmp_path: Path, shell: Shell) -> None:
    in_domain(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    utterances = {f"s{n % 9}-{n:04}": text for n, text in enumerate(mixed(8, 1000))}
    ids = sorted(utterances)
    written(data / "text", [f"{id_} {utterances[id_]}" for id_ in ids])
    written(data / "utt2spk", [f"{id_} {id_[:2]}" for id_ in ids])
    written(data / "utt2dur", [f"{id_} {2 + len(id_) / 10}" for id_ in ids])
    shell(
        "dataselect relevance -q --in-domain music.txt --budget 5min --cost duration --to kaldi "
        "-o text data"
    ).silent()
    lines = (tmp_path / "text").read_text().splitlines()
    assert len(lines) == int(300 / 2.7)
    kept: dict[str, Any] = dict(line.split(" ", 1) for line in lines)
    assert list(kept) == sorted(kept)
    assert kept.items() <= utterances.items()
    assert all(map(is_music, kept.values()))
