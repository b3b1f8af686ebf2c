"""Files of annotated utterances are told by suffix and first bytes, folders by what they hold."""

import io
import zipfile
from pathlib import Path

import pytest
from conftest import Inside
from format_files import write_files

from dataselect.data.formats.record_files import RecordFiles


def archive(*members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for member in members:
            file.writestr(member, "[]")
    return buffer.getvalue()


FILES: dict[str, tuple[str, str | bytes]] = {
    "rasa": ("nlu.yml", 'version: "3.1"\nnlu:\n- intent: a\n'),
    "snips-yaml": ("intent.yaml", "type: intent\nname: a\nutterances: []\n"),
    "snips": ("train_PlayMusic_full.json", '{"PlayMusic": [{"data": [{"text": "a"}]}]}'),
    "luis": ("app.json", '{"luis_schema_version": "7.0.0", "utterances": []}'),
    "clu": ("clu.json", '{"metadata": {"projectKind": "Conversation"}, "assets": {}}'),
    "dialogflow": ("a_usersays_en.json", '[{"id": "1", "data": [{"text": "a"}]}]'),
    "alexa": ("en-US.json", '{"interactionModel": {"languageModel": {}}}'),
    "lex": ("Intent.json", '{"name": "a", "sampleUtterances": [{"utterance": "a"}]}'),
    "conll": ("de.test.conll", "# id: 1\n1\ta\tI\tO\n"),
    "mtop": ("train.txt", "1\tIN:A\t\ta\tb\tc\t[IN:A a ]\t{}\n"),
    "top": ("alarm_train.tsv", "domain\tutterance\tsemantic_parse\n"),
    "multiatis": ("train_EN.tsv", "id\tutterance\tslot_labels\tintent\n"),
    "dialogflow archive": ("agent.zip", archive("package.json", "agent.json")),
    "lex archive": ("bot.zip", archive("Manifest.json", "Bot/BotLocales/en_US/Intents/a")),
    "jsonl": ("massive.json", '{"id": "0", "utt": "a", "annot_utt": "a"}\n'),
    "text": ("log.txt", "1\tIN: a\n"),
    "tsv": ("log.tsv", "id\tutterance\tintent\n"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_told(name: str, tmp_path: Path) -> None:
    paths = write_files(tmp_path, dict([FILES[name]]))
    [found] = RecordFiles(paths).formats
    assert found.name == name.split(maxsplit=1)[0]


FOLDERS = {
    "rasa": ["data/nlu.yml", "domain.yml"],
    "bio": ["seq.in", "seq.out", "label"],
    "dialogflow": ["intents/a.json", "intents/a_usersays_en.json"],
    "lex": ["Bot/BotLocales/en_US/Intents/a/Intent.json"],
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_told(name: str, tmp_path: Path) -> None:
    write_files(tmp_path, {file: "nlu:\n" * file.endswith("nlu.yml") for file in FOLDERS[name]})
    [found] = RecordFiles([str(tmp_path)]).formats
    assert found.name == name


def test_training_data_stands_wherever_records_do(inside: Inside, tmp_path: Path) -> None:
    examples = ["play some jazz", "put on a song", "play the blues", "a song please"]
    nlu = "nlu:\n- intent: music\n  examples: |\n" + "".join(f"    - {each}\n" for each in examples)
    other = nlu.replace("music", "talk").replace("jazz", "cards").replace("song", "price")
    pool = "play jazz\nthe price of oil\nsong of the day\nput on weight\n"
    write_files(tmp_path, {"nlu.yml": nlu, "both.yml": nlu + other[5:], "pool.txt": pool})

    def out(*line: str) -> bytes:
        assert inside(*line, "-q", "-o", "out", "pool.txt").code == 0
        return (tmp_path / "out").read_bytes()

    near = out("relevance", "--in-domain", "nlu.yml", "--top-k", "1")
    assert near.startswith(b'{"text":"play jazz"')
    assert b'"nearest":"nlu.yml:' in out("diversity", "--labelled", "nlu.yml", "--top-k", "1")
    labels = out("label", "--labelled", "both.yml", "--to", "rasa")
    assert labels.startswith(b'version: "3.1"\nnlu:\n- intent: ')
