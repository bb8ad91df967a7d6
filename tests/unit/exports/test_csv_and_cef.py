"""Tables that no spreadsheet runs, lines that no collector mistakes."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime

import pytest

from adapters.exports.cef import CUT, MOST_DATA, Cef, header, value
from adapters.exports.csv_cells import BOM, COLUMNS, Csv, json_cell, neutral
from adapters.exports.json_lines import JsonLines
from application.exporting.records import Record
from tests.house import House
from tests.unit.exports.exporting import HOSTILE, cef_fields, made_up, taken, with_data

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def table(records: list[Record], delimiter: str = ",") -> list[list[str]]:
    form = Csv()
    body = form.head(1) + b"".join(form.record(record, first=False) for record in records) + form.tail()
    return list(csv.reader(io.StringIO(body.decode(), newline=""), delimiter=delimiter, strict=delimiter == ","))


def nasty(words: str) -> Record:
    base = made_up("device.paired.v1", "device", NOW, department=words)
    return with_data(base, label=words, reason=words, deep={words: [words]})


@pytest.mark.parametrize("words", HOSTILE, ids=ascii)
def test_no_cell_begins_a_formula_in_whatever_way_the_line_is_divided(words: str) -> None:
    record = nasty(words)

    (_, row) = table([record])
    divided = [cell for line in table([record], ";") for cell in line]

    assert len(row) == len(COLUMNS)
    assert not [cell for cell in row if cell.startswith(FORMULA)]
    assert not [cell for cell in divided if cell.startswith(FORMULA)]


@pytest.mark.parametrize("words", HOSTILE, ids=ascii)
def test_the_data_cell_reads_as_the_same_values(words: str) -> None:
    data = {words: [words, {"x": words}], "n": -1.5, "none": None}

    assert json.loads(json_cell(data)) == data
    assert ";" not in json_cell(data)


def test_a_text_inside_the_data_cell_begins_no_formula_either() -> None:
    assert json_cell({"a": "=1+1", "b": "\t@x", "c": "fine", "d": "-2"}) == (
        '{"a":"\\u003d1+1","b":"\\t\\u0040x","c":"fine","d":"\\u002d2"}'
    )


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("icu", "icu"),
        ("=1", "'=1"),
        ("  =1", "'  =1"),
        ("a-b=c", "a-b=c"),
        ("a;=b", "a;'=b"),
        ("a; @b", "a;' @b"),
        ("\t=1", "'\t'=1"),
        ("", ""),
    ],
)
def test_what_is_changed_in_a_cell_is_an_apostrophe_before_the_sign(text: str, cell: str) -> None:
    assert neutral(text) == cell


def test_rows_end_as_rfc_4180_has_it_and_quotes_are_doubled() -> None:
    row = Csv().record(nasty('say "ah"'), first=True)

    assert row.endswith(b"\r\n")
    assert b'"say ""ah"""' in row
    assert Csv(bom=True).head(1).startswith(BOM + b'"position"')
    assert Csv().head(1).startswith(b'"position"')


def test_a_damaged_row_has_its_position_and_no_time() -> None:
    _, row = table([made_up("damaged", "", datetime.fromtimestamp(0, UTC))])

    assert dict(zip(COLUMNS, row, strict=True)) | {"aggregate_id": ""} == {
        **dict.fromkeys(COLUMNS, ""),
        "position": "5",
        "event": "damaged",
        "version": "1",
        "outcome": "unreadable",
        "reason": "damaged",
        "data": "{}",
    }


@pytest.mark.parametrize("words", HOSTILE, ids=ascii)
def test_one_event_is_one_line_of_json_and_of_cef(words: str) -> None:
    record = nasty(words)

    line = JsonLines().record(record, first=True)
    assert line.count(b"\n") == 1
    assert json.loads(line)["data"]["label"] == words
    assert Cef("1").record(record, first=True).count(b"\n") == 1
    assert len(Cef("1").line(record).splitlines()) == 1


@pytest.mark.parametrize("words", HOSTILE, ids=ascii)
def test_nothing_in_a_value_of_cef_is_taken_for_a_key_or_a_field(words: str) -> None:
    plain_header, plain = cef_fields(Cef("1").line(nasty("icu")))
    told_header, told = cef_fields(Cef("1").line(nasty(words)))

    assert told_header == plain_header
    assert set(told) == set(plain)


def test_cef_escapes_what_its_guide_says() -> None:
    assert header("a|b\\c\nd=e") == "a\\|b\\\\c d=e"
    assert value("a|b\\c\nd=e\r") == "a|b\\\\c\\nd\\=e\\r"


def test_a_line_of_cef_says_who_what_of_whom_and_how_it_ended() -> None:
    record = made_up("attempt.refused.v1", "attempt", NOW, department="icu", reason="presentation_attack")
    head, fields = cef_fields(Cef("1.2").line(record))

    assert head == ["CEF:0", "faceauth", "faceauth", "1.2", "attempt.refused.v1", "attempt.refused.v1", "8"]
    assert fields["rt"] == str(int(NOW.timestamp() * 1000))
    assert (fields["suid"], fields["cs1"], fields["reason"]) == ("operator:cli", "icu", "presentation_attack")
    assert (fields["outcome"], fields["externalId"]) == ("serious", "5")


def test_what_a_custom_string_cannot_hold_is_cut_and_says_so() -> None:
    long = with_data(made_up("device.paired.v1", "device", NOW), label="x" * 2 * MOST_DATA)
    _, fields = cef_fields(Cef("1").line(long))

    assert len(fields["cs4"]) == MOST_DATA
    assert fields["cs4"].endswith(CUT)


@pytest.mark.parametrize("form", [Csv(), JsonLines(), Cef("1")], ids=lambda form: form.name)
def test_without_names_no_name_and_no_seal_leaves_the_house(lived: House, form: Csv | JsonLines | Cef) -> None:
    text = b"".join(form.record(record, first=False) for record in taken(lived)).decode()

    assert not re.search(r"souza|EMP-", text, re.IGNORECASE)
    assert "[sealed]" in text.replace("\\", "")


def test_what_was_stored_to_hurt_comes_out_harmless(attacked: House) -> None:
    records = taken(attacked)

    rows = table(records)
    assert len(rows) == len(records) + 1
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]
