"""MTOP, TOP, TOPv2 and MultiATIS++: tables whose cells are annotations."""

from pathlib import Path
from typing import Any

import pytest
from format_files import Reader
from nlu_files import fields, read_files

from dataselect.data.formats.nlu import multiatis, top
from dataselect.errors import InputError

MTOP = (
    "eng.1\tIN:CREATE_REMINDER\t0:6:SL:ACTION,7:26:SL:TODO,18:26:SL:DATE_TIME\t"
    "remind call mum at noon now\treminder\ten_XX\t"
    '[IN:CREATE_REMINDER [SL:TODO [IN:CALL [SL:CONTACT mum ] ] ] ]\t{"tokens":[]}'
)
THAI = (
    "tha.1\tIN:GET_WEATHER\t18:36:SL:DATE_TIME\tอากาศวันนี้\tweather\tth_XX\t"
    "[IN:GET_WEATHER [SL:DATE_TIME วันนี้ ] ]\t{}"
)
TOPV2 = """\
domain\tutterance\tsemantic_parse
alarm\twake mum's cat at 7\t[IN:CREATE_ALARM wake [SL:NAME [IN:GET mum 's ] cat ] [SL:TIME at 7 ] ]
"""
MULTIATIS = """\
id\tutterance\tslot_labels\tintent
1\tflights to san jose\tO O B-toloc.city_name I-toloc.city_name\tflight
2\tflights to boston\tO O\tflight
3\tground transport\tO O
4\t\t\tflight
"""


def slot(name: str, start: int, end: int, value: str) -> dict[str, Any]:
    return {"slot": name, "start": start, "end": end, "value": value}


def test_mtop_has_outer_slots_by_their_places(tmp_path: Path) -> None:
    assert fields(top.read_mtop, tmp_path, MTOP.encode()) == [
        {
            "id": "eng.1",
            "text": "remind call mum at noon now",
            "intent": "CREATE_REMINDER",
            "slots": [slot("ACTION", 0, 6, "remind"), slot("TODO", 7, 26, "call mum at noon no")],
            "domain": "reminder",
            "locale": "en_XX",
            "semantic_parse": "[IN:CREATE_REMINDER [SL:TODO [IN:CALL [SL:CONTACT mum ] ] ] ]",
        }
    ]


def test_places_in_bytes_are_told_by_the_parse(tmp_path: Path) -> None:
    in_bytes = "อากาศ".encode(), "อากาศวันนี้".encode()
    line = THAI.replace("18:36", f"{len(in_bytes[0])}:{len(in_bytes[1])}")
    [record] = fields(top.read_mtop, tmp_path, line.encode())
    assert record["slots"] == [slot("DATE_TIME", 5, 11, "วันนี้")]
    [record] = fields(top.read_mtop, tmp_path, THAI.replace("18:36", "5:11").encode())
    assert record["slots"] == [slot("DATE_TIME", 5, 11, "วันนี้")]


def test_topv2_has_the_slots_under_the_outermost_intent(tmp_path: Path) -> None:
    parse = "[IN:CREATE_ALARM wake [SL:NAME [IN:GET mum 's ] cat ] [SL:TIME at 7 ] ]"
    expected = {
        "text": "wake mum's cat at 7",
        "intent": "CREATE_ALARM",
        "slots": [slot("NAME", 5, 14, "mum's cat"), slot("TIME", 15, 19, "at 7")],
        "semantic_parse": parse,
    }
    assert fields(top.read_top, tmp_path, TOPV2.encode()) == [expected | {"domain": "alarm"}]
    of_2018 = f"wake mum's cat at 7\twake mum 's cat at 7\t{parse}\n"
    assert fields(top.read_top, tmp_path, of_2018.encode()) == [expected]


def test_multiatis_rows_of_unequal_count_are_bad(tmp_path: Path) -> None:
    good, bad = read_files(multiatis.read, tmp_path, MULTIATIS.encode())
    assert [item.fields for item in good] == [
        {
            "id": "1",
            "text": "flights to san jose",
            "intent": "flight",
            "slots": [slot("toloc.city_name", 11, 19, "san jose")],
        }
    ]
    assert [each.split(";")[0] for each in bad] == [
        "f0:3: 3 tokens, but 2 tags",
        "f0:4: 3 columns, where the header has 4",
        "f0:5: the text is empty",
    ]


BAD: dict[str, tuple[Reader, str, str]] = {
    "too few columns": (
        top.read_mtop,
        MTOP.replace("\treminder", ""),
        "7 columns, where MTOP has 8",
    ),
    "a slot outside": (top.read_mtop, MTOP.replace("7:26", "7:99"), "slot 'TODO' from 7 to 99"),
    "no slot": (top.read_mtop, MTOP.replace("0:6:SL:ACTION", "ACTION"), "'ACTION' is no slot"),
    "brackets": (top.read_top, TOPV2[:-2], "the brackets of the parse do not match"),
    "a header of other names": (top.read_top, TOPV2.splitlines()[0] + "s\n", "the brackets"),
    "another text": (top.read_top, TOPV2.replace("at 7\t", "at 8\t"), "the text is \"wake mum's"),
    "a parse without intent": (top.read_top, "a\ta\t[SL:X a ]", "the brackets of the parse"),
}


@pytest.mark.parametrize(("reader", "file", "message"), BAD.values(), ids=BAD)
def test_a_bad_line_is_told(reader: Reader, file: str, message: str, tmp_path: Path) -> None:
    good, [bad] = read_files(reader, tmp_path, file.encode())
    assert good == []
    assert message in bad


def test_multiatis_without_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="f0:1: no header of MultiATIS"):
        read_files(multiatis.read, tmp_path, MULTIATIS.split("\n", 1)[1].encode())


def test_tables_are_recognized_by_their_first_line() -> None:
    files = {"mtop": MTOP, "top": TOPV2, "multiatis": MULTIATIS, "none": "id\ttext\n1\tIN:x\n"}
    recognizers = {
        "mtop": top.recognizes_mtop,
        "top": top.recognizes_top,
        "multiatis": multiatis.recognizes,
    }
    for name, file in files.items():
        found = [other for other, asks in recognizers.items() if asks(file.encode())]
        assert found == [name] * (name != "none")
