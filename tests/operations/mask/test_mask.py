"""`dataselect mask`: what is found, placeholders, slots, keys, and what is refused."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Inside, Outcome
from hypothesis import given
from hypothesis import strategies as st

from dataselect import MaskScorer, select_file
from dataselect.data.json_lines.json_edits import Path as JsonPath
from dataselect.documents import parsed, typed
from dataselect.operations.mask.checksums import IBAN_LENGTHS, iban, luhn
from dataselect.operations.mask.key_file import KeyLine, key_line
from dataselect.operations.mask.masked_fields import MaskedFields, SlotPlace
from dataselect.operations.mask.masking import PLACEHOLDER, Masking
from dataselect.operations.mask.patterns import find
from dataselect.operations.mask.restoring import restored_edits

Mask = Callable[..., list[dict[str, Any]]]

RECORD: dict[str, Any] = {
    "id": 7,
    "text": "call Anna at 030 1234567, Anna has a@example.org, too",
    "slots": [
        {"slot": "contact_name", "start": 5, "end": 9, "value": "Anna"},
        {"slot": "time", "start": 50, "end": 53},
    ],
    "ref": "call Anna",
    "nbest": [{"text": "call Anna now", "score": -1.5}, {"text": "stop", "score": -2.0}],
}


def write(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return list(map(json.loads, path.read_text().splitlines()))


@pytest.fixture
def mask(tmp_path: Path, inside: Inside) -> Mask:
    """What the command writes of some records, given its options."""

    def run(*options: str, records: tuple[dict[str, Any], ...] = (RECORD,)) -> list[dict[str, Any]]:
        write(tmp_path / "in.jsonl", *records)
        inside("mask", *options, "in.jsonl", "-q", "-o", "out.jsonl").silent()
        return read(tmp_path / "out.jsonl")

    return run


# -- what is found --------------------------------------------------------------------------------

FOUND = [
    ("email", "write to anna.b+c@mail.example.co.uk.", "anna.b+c@mail.example.co.uk"),
    ("email", "an müller@exämple.de, bitte", "müller@exämple.de"),
    ("email", "请发到a@example.com谢谢", "a@example.com"),
    ("url", "see https://example.org/a?b=1.", "https://example.org/a?b=1"),
    ("url", "on www.example.fr today", "www.example.fr"),
    ("url", "it is example.com/shop!", "example.com/shop"),
    ("iban", "from DE89 3704 0044 0532 0130 00 please", "DE89 3704 0044 0532 0130 00"),
    ("iban", "iban fr1420041010050500013m02606 ok", "fr1420041010050500013m02606"),
    ("card", "pay 4111 1111 1111 1111 now", "4111 1111 1111 1111"),
    ("card", "amex 378282246310005", "378282246310005"),
    ("phone", "ring (555) 234-5678 x12 later", "(555) 234-5678 x12"),
    ("phone", "ring +49 (0)30 1234567", "+49 (0)30 1234567"),
    ("phone", "au 01 23 45 67 89", "01 23 45 67 89"),
    ("phone", "on 020 7946 0958", "020 7946 0958"),
    ("phone", "al 612 345 678", "612 345 678"),
    ("digits", "pin 8301 is mine", "8301"),
    ("digits", "code four two oh seven thanks", "four two oh seven"),
    ("digits", "der Code ist vier zwei 0 sieben", "vier zwei 0 sieben"),
    ("digits", "fu\u0308nf drei ze\u0301ro one", "fu\u0308nf drei ze\u0301ro one"),
    ("digits", "١٢٣٤ is arabic", "١٢٣٤"),
    ("digits", "soft 12\u00ad34\u200d5 hyphen", "12\u00ad34\u200d5"),
    ("phone", "wide ０３０－１２３４５６７", "０３０－１２３４５６７"),
]


@pytest.mark.parametrize(("kind", "text", "part"), FOUND)
def test_what_is_found(kind: str, text: str, part: str) -> None:
    assert [(text[each.start : each.end], each.kind) for each in find(text)] == [(part, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "book a table for 2 at 7:30 on 01.02.24",
        "play 99 luftballons at 100 percent for 10,000 people",
        "wake me at six, one of three alarms",
        "email me at home",
        "i said no.It is 3.5 or 12/5",
        "flight 123 from gate 45",
    ],
)
def test_what_is_not(text: str) -> None:
    assert find(text) == []


def test_check_digits_decide() -> None:
    # By hand: 4 1 1 1, doubled from the left: 8+1+2+1 and so on, 30 in all.
    assert luhn("4111111111111111")
    assert [each.kind for each in find("4111 1111 1111 1112")] == ["digits"] * 4
    account = "DE89370400440532013000"
    assert iban(account)
    wrong = [account[:2] + f"{n:02}" + account[4:] for n in range(2, 99) if n != 89]
    assert not any(map(iban, wrong))
    assert not iban(account[:-1])
    assert len(IBAN_LENGTHS) > 80


def test_matches_that_overlap_are_one_of_the_longest_kind() -> None:
    text = "https://example.org/?mail=a@example.org"
    assert [tuple(each) for each in find(text)] == [(0, len(text), "url")]
    assert [each.kind for each in find(text, ["email"])] == ["email"]


# -- placeholders ---------------------------------------------------------------------------------


def test_a_value_has_one_number_in_all_texts_of_a_record(mask: Mask) -> None:
    [found] = mask("--slots", "contact_name", "--fields", "ref,nbest.*.text")
    assert found["text"] == (
        "call <contact_name_1> at <phone_1>, <contact_name_1> has <email_1>, too"
    )
    assert found["ref"] == "call <contact_name_1>"
    assert [each["text"] for each in found["nbest"]] == ["call <contact_name_1> now", "stop"]
    assert found["slots"] == [
        {"slot": "contact_name", "start": 5, "end": 21, "value": "<contact_name_1>"},
        {"slot": "time", "start": 68, "end": 71},
    ]
    assert found["text"][68:71] == "too"
    kinds = {"contact_name": 4, "email": 1, "phone": 1}
    assert found["masked"] == {"count": 6, "kinds": kinds}
    assert [*found] == [*RECORD, "masked"]


def test_values_are_found_in_another_unicode_form(mask: Mask) -> None:
    record = {
        "text": "call Zoë",
        "slots": [{"slot": "name", "start": 5, "end": 8}],
        "ref": "call Zoe\u0308 now",
    }
    [found] = mask("--slots", "name", "--fields", "ref", records=(record,))
    assert (found["text"], found["ref"]) == ("call <name_1>", "call <name_2> now")


def test_copies_are_told_by_what_is_written(tmp_path: Path, inside: Inside) -> None:
    """The commonest text of a report is no text that was masked, wherever it was."""
    for field, record in (
        ("text", {"text": "pin 8301"}),
        ("a.0.text", {"a": [{"text": "pin 8301"}]}),
    ):
        write(tmp_path / "in.jsonl", *[record] * 30)
        done = inside("mask", "in.jsonl", "--text-field", field, "-o", "o", "--report", "r")
        assert done.code == 0
        assert "8301" not in done.err + (tmp_path / "r").read_text()


def test_all_slots_and_some_kinds(mask: Mask) -> None:
    [found] = mask("--slots", "*", "--kinds", "email")
    assert found["text"] == (
        "call <contact_name_1> at 030 1234567, <contact_name_1> has <email_1>, <time_1>"
    )


def test_placeholders_that_are_there_stay_and_stand_for_nothing_else(mask: Mask) -> None:
    record = {"text": "<digits_1> and <digits_12345> or 98765", "slots": []}
    [found] = mask(records=(record,))
    assert found["text"] == "<digits_1> and <digits_12345> or <digits_2>"
    [again] = mask(records=(found,))
    assert again["text"] == found["text"]
    assert again["masked"]["count"] == 0


def test_bytes_that_are_not_masked_stay(tmp_path: Path, inside: Inside) -> None:
    line = b'{ "b": 1.50e1,\t"text": "pin 1234 caf\\u00e9", "z": {"text": "5678"}, "a": [1 , 2] }'
    (tmp_path / "in.jsonl").write_bytes(line + b'\n{"text":"caf\\u00e9 \\/"}\r\n')
    inside("mask", "in.jsonl", "-q", "-o", "out.jsonl").silent()
    first, second = (tmp_path / "out.jsonl").read_bytes().splitlines()
    new = b'"text": "pin <digits_1> caf\xc3\xa9"'
    told = b',"masked":{"count":1,"kinds":{"digits":1}}}'
    assert first == line.replace(b'"text": "pin 1234 caf\\u00e9"', new)[:-1] + told
    assert second.startswith(b'{"text":"caf\\u00e9 \\/"')


def test_kinds_are_counted_in_summary_and_report(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", RECORD, {"text": "pin 1234"}, {"text": "none"})
    done = inside("mask", "in.jsonl", "-o", "out.jsonl", "--report", "report.json")
    assert "masked 1 digits, 1 email, 1 phone; this is no anonymisation" in done.err
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["mask"]["found"] == {"digits": 1, "email": 1, "phone": 1}
    assert report["counts"] == {"read": 3, "kept": 3, "dropped": 0, "errors": 0}


def test_jobs_and_python_give_the_same(tmp_path: Path, inside: Inside) -> None:
    records = [
        {**RECORD, "id": n, "text": f"call 030 {1000000 + n}", "slots": []} for n in range(99)
    ]
    write(tmp_path / "in.jsonl", *records)
    inside("mask", "in.jsonl", "-q", "-o", "1.jsonl").silent()
    inside("mask", "in.jsonl", "-q", "-o", "2.jsonl", "--jobs", "2").silent()
    select_file("in.jsonl", MaskScorer(), output="3.jsonl")
    first, *others = ((tmp_path / f"{n}.jsonl").read_bytes() for n in (1, 2, 3))
    assert others == [first, first]
    assert first.count(b"<phone_1>") == 99


# -- keys -----------------------------------------------------------------------------------------


def test_jobs_write_the_same_key_but_for_its_id(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", *({**RECORD, "id": n} for n in range(99)))
    written = []
    for jobs in "1", "2":
        inside(
            "mask", "in.jsonl", "-q", "-o", jobs, "--key", f"{jobs}.key", "--jobs", jobs
        ).silent()
        key = (tmp_path / f"{jobs}.key").read_text()
        own = json.loads(key.partition("\n")[0])["id"]
        written.append([part.replace(own, "") for part in (key, (tmp_path / jobs).read_text())])
    assert written[0] == written[1]


def test_a_key_takes_masking_back(tmp_path: Path, inside: Inside) -> None:
    lines = write(tmp_path / "in.jsonl", RECORD, {"text": "none"}, {**RECORD, "id": 8})
    fields = ("--slots", "contact_name", "--fields", "ref,nbest.*.text")
    inside("mask", "in.jsonl", "-q", "-o", "out.jsonl", "--key", "a.key", *fields).silent()
    assert stat.S_IMODE(os.stat(tmp_path / "a.key").st_mode) == 0o600
    assert "Anna" not in (tmp_path / "out.jsonl").read_text()
    shuffled = write(tmp_path / "out.jsonl", *reversed(read(tmp_path / "out.jsonl")))
    inside("mask", "--restore", "--key", "a.key", shuffled, "-q", "-o", "back.jsonl").silent()
    assert read(tmp_path / "back.jsonl") == [*reversed(read(lines))]


def test_a_table_is_restored_too(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "in.csv").write_text('id,text\n1,"ring 030 1234567, now"\n2,hello\n')
    inside("mask", "in.csv", "-q", "-o", "out.csv", "--key", "a.key").silent()
    inside("mask", "out.csv").refused(1, "restore it first")
    inside("mask", "--restore", "--key", "a.key", "out.csv", "-q", "-o", "back.csv").silent()
    assert (tmp_path / "back.csv").read_text() == (tmp_path / "in.csv").read_text()


def test_a_key_is_written_once(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", RECORD)
    (tmp_path / "a.key").write_text("")
    inside("mask", "in.jsonl", "--key", "a.key").refused(2, "a.key", "written once")
    assert (tmp_path / "a.key").read_text() == ""


def refused_key(inside: Inside, data: str, *options: str) -> Outcome:
    Path("other.key").write_text(data)
    return inside("mask", "--restore", "--key", "other.key", "out.jsonl", *options)


def test_what_a_key_is_not_of_is_refused(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", RECORD)
    for name in "out", "other":
        inside("mask", "in.jsonl", "-q", "-o", f"{name}.jsonl", "--key", f"{name}.key").silent()
    done = inside("mask", "--restore", "--key", "other.key", "out.jsonl")
    done.refused(1, "out.jsonl:1:", "another key")
    inside("mask", "out.jsonl").refused(1, "out.jsonl:1:", "restore it first")
    first, second = (tmp_path / "out.key").read_text().splitlines()
    refused_key(inside, first + "\n").refused(1, "out.jsonl:1:", "no such record")
    refused_key(inside, "").refused(1, "other.key:1", "not a line of a key")
    refused_key(inside, second + "\n").refused(1, "other.key:1", "not a line of a key")
    refused_key(inside, first + "\n[]\n").refused(1, "other.key:2", "not a line of a key")
    refused_key(inside, first, "--slots", "a").refused(2, "--slots", "the key knows")
    inside("mask", "--restore", "out.jsonl").refused(2, "--restore", "--key")


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"text": 5}, ["'text' is a number"]),
        ({"text": "hi", "phone": 4917012345}, ["'phone' is a number"]),
        ({"text": "hi", "slots": [{"slot": "a", "start": 1, "end": 5}]}, ["'slots' item 1 ('a')"]),
        ({"text": "hi", "slots": [{"slot": "a", "start": 0, "end": 1, "value": "i"}]}, ["item 1"]),
        ({"text": "hi", "slots": {}}, ["'slots' is not an array"]),
    ],
)
def test_bad_records(
    tmp_path: Path, inside: Inside, record: dict[str, Any], words: list[str]
) -> None:
    write(tmp_path / "in.jsonl", {"text": "1234"}, record)
    inside("mask", "in.jsonl", "--fields", "phone").refused(1, "in.jsonl:2:", *words)
    done = inside("mask", "in.jsonl", "--fields", "phone", "--on-error", "skip", "-o", "o.jsonl")
    assert (done.code, len(read(tmp_path / "o.jsonl"))) == (0, 1)


def test_a_key_is_of_one_machine(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", RECORD)
    ray = ("--engine", "ray", "-o", "out", "--key", "a.key")
    inside("mask", "in.jsonl", *ray).refused(2, "--key", "leave --engine ray out")


def test_kinds_that_there_are_not(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", RECORD)
    inside("mask", "in.jsonl", "--kinds", "email,name").refused(2, "'name' is none of")


# -- properties -----------------------------------------------------------------------------------

PIECES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(
        ["a@example.org", "030 1234567", "12345", "<digits_1>", "नमस्ते", "e\u0301", "𝄞"]
    ),
)
TEXTS = st.lists(PIECES, min_size=1, max_size=6).map(" ".join).filter(str.strip)


@st.composite
def slotted(draw: st.DrawFn) -> MaskedFields:
    """A text of any script with slots anywhere, also inside of what is masked."""
    text = draw(TEXTS)
    slots = []
    for place in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        name = draw(st.sampled_from(["city", "first name", "digits"]))
        slots.append(SlotPlace(name, start, end, ("slots", place), has_value=True))
    return MaskedFields({("text",): text}, slots, (), None)


@given(slotted(), st.sampled_from([(), ("city",), ("*",)]))
def test_slots_are_moved_exactly(fields: MaskedFields, names: tuple[str, ...]) -> None:
    """What stands outside of masked parts is the same, character by character; masks stay whole."""
    text = fields.texts["text",]
    found = Masking(slots=names).record(fields)
    edits = {path: json.loads(value) for path, value in found.edits.items()}
    if not found.values:
        assert edits == {}
        return
    masked = edits["text",]
    origins = origin_of(text, masked, found.values)
    for slot in fields.slots:
        start, end = edits[(*slot.path, "start")], edits[(*slot.path, "end")]
        assert edits[(*slot.path, "value")] == masked[start:end]
        inside = [first < slot.end and slot.start < last for first, last in origins]
        assert inside == [start <= place < end for place in range(len(masked))]


@given(slotted(), st.sampled_from([(), ("city",), ("*",)]))
def test_restoring_gives_texts_and_slots_back(fields: MaskedFields, names: tuple[str, ...]) -> None:
    found = Masking(slots=names).record(fields)
    edits = {path: json.loads(value) for path, value in found.edits.items()}
    texts: dict[JsonPath, str] = {("text",): edits.get(("text",), fields.texts["text",])}
    slots = [
        slot._replace(
            start=edits.get((*slot.path, "start"), slot.start),
            end=edits.get((*slot.path, "end"), slot.end),
        )
        for slot in fields.slots
    ]
    line = typed(KeyLine, parsed(key_line(0, found)))
    restored = restored_edits(MaskedFields(texts, slots, (), line))
    back = {path: json.loads(value) for path, value in restored.items()}
    if found.values:
        assert back["text",] == fields.texts["text",]
        for slot in fields.slots:
            assert back[(*slot.path, "start")] == slot.start
            assert back[(*slot.path, "end")] == slot.end
            assert back[(*slot.path, "value")] == fields.texts["text",][slot.start : slot.end]


def origin_of(text: str, masked: str, values: Any) -> list[tuple[int, int]]:
    """For each character of a masked text the part of the text that it stands for."""
    origins: list[tuple[int, int]] = []
    here = 0
    matches = {each.start(): each for each in PLACEHOLDER.finditer(masked) if each[0] in values}
    while len(origins) < len(masked):
        match = matches.get(len(origins))
        if match is None:
            assert masked[len(origins)] == text[here]
            origins.append((here, here + 1))
            here += 1
        else:
            value = values[match[0]]
            assert text.startswith(value, here)
            origins += [(here, here + len(value))] * len(match[0])
            here += len(value)
    assert here == len(text)
    return origins


def test_a_value_in_other_letters_of_its_case_is_masked(mask: Mask) -> None:
    """The search takes i for the Turkish letters that lower and upper case do not lead back to."""
    record = {"text": "ring D\u0131ana or DIANA", "slots": [{"slot": "p", "start": 5, "end": 10}]}
    [found] = mask("--slots", "p", records=(record,))
    assert found["text"] == "ring <p_1> or <p_2>"


def test_a_slot_that_no_record_has_is_told(tmp_path: Path, inside: Inside) -> None:
    write(tmp_path / "in.jsonl", RECORD)
    done = inside("mask", "--slots", "time, contakt", "in.jsonl", "-o", "out.jsonl")
    assert done.code == 0
    assert "no record has a slot 'contakt', which --slots names" in done.err
    assert "'time'" not in done.err
