"""``faceauth notice`` and ``faceauth consent``, over the wired whole on PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from adapters.memory.vision import scripted_judge
from application import consent_codes
from application.notice import BUILT_IN
from domain.errors import InvalidInputError
from domain.notice import MAX_CHARACTERS
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.notice import bases_of, read_text
from tests.house import ICU, person, pictures

if TYPE_CHECKING:
    from pathlib import Path

    from entrypoints.settings import Settings


@pytest.fixture
def texts(tmp_path: Path) -> list[str]:
    """A notice as an editor on Windows saves it, and one with script in it."""
    pt, en = tmp_path / "pt.md", tmp_path / "en.md"
    pt.write_bytes("\ufeff# Aviso\r\n\r\nReconhecimento facial".encode())
    en.write_text("# Notice\n\n<script>alert(1)</script>")
    return ["--pt-br", str(pt), "--en", str(en)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        ("Avisão".encode("latin-1"), "UTF-8"),
        ("Aviso".encode("utf-16"), "UTF-8"),
        (b"a" * (4 * MAX_CHARACTERS + 1), "larger"),
    ],
)
def test_a_file_that_holds_no_notice_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "notice.md"
    path.write_bytes(content)

    with pytest.raises(InvalidInputError, match=told):
        read_text(path)


def test_a_file_that_is_not_there_is_told_and_a_folder_too(tmp_path: Path) -> None:
    for path in (tmp_path / "none.md", tmp_path):
        with pytest.raises(InvalidInputError, match="cannot be read"):
            read_text(path)


@pytest.mark.parametrize(
    "given",
    [
        (["authentication"], "", ""),
        (["authentication=whim"], "", ""),
        (["marketing=consent"], "", ""),
        (["authentication=consent", "authentication=consent"], "", ""),
        (["authentication=fraud_prevention"], "", ""),
        (["authentication=fraud_prevention"], "a" * 64, ""),
        ([], "a" * 64, "2026-01-01"),
    ],
)
def test_a_basis_that_is_none_or_lacks_its_test_is_told(given: tuple[list[str], str, str]) -> None:
    with pytest.raises(InvalidInputError):
        bases_of(*given)


@pytest.mark.database
def test_a_notice_is_published_listed_and_shown_and_its_version_is_used_once(command: Any, texts: list[str]) -> None:
    status, out, _ = command("notice", "publish", "--version", "2027-01", *texts, "--consent-days", "365", "--json")
    assert status == 0
    assert json.loads(out)["text"]["pt-BR"] == "# Aviso\n\nReconhecimento facial"
    assert "<script" not in json.loads(out)["html"]["en"]

    status, _, err = command("notice", "publish", "--version", "2027-01", *texts)
    assert (status, "notice_version_taken" in err) == (1, True)

    _, out, _ = command("notice", "list", "--json")
    versions = [(row["version"], row.get("in_force", False)) for row in json.loads(out)["notices"]]
    assert versions == [("2026-11", False), ("2027-01", True)]
    _, out, _ = command("notice", "show")
    assert "2027-01" in out
    _, out, _ = command("notice", "show", "--version", "2026-11", "--json")
    assert json.loads(out)["sha256"] == BUILT_IN.sha256


@pytest.mark.database
def test_a_person_is_invited_decides_is_enrolled_and_gets_a_receipt(
    command: Any, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEAUTH_DEPARTMENTS", ICU)
    new = ("--user-id", "EMP-ana", "--display-name", "<b>Ana", "--department", ICU)
    status, out, err = command("consent", "invite", "--user", "ana.souza", *new, "--json")
    assert status == 0, err
    code = json.loads(out)["code"]
    with bootstrap(settings, judge=scripted_judge()) as app:
        consent_codes.grant(app.services, code=code, notice_version="2026-11", address="192.0.2.1")
        who, act = person("ana"), app.services.act("operator:cli", "cli")
        app.enrolling.enroll(who, department=ICU, pictures=pictures("ana"), notice_version=None, act=act)

    _, out, _ = command("consent", "list", "--channel", "code", "--json")
    assert json.loads(out)["total"] == 2
    file = tmp_path / "receipt.json"
    assert command("consent", "receipt", "ana.souza", "--out", str(file))[0] == 0
    assert command("consent", "verify", str(file))[0] == 0
    _, out, _ = command("consent", "show", "ana.souza")
    assert "given" in out
    file.write_text(file.read_text().replace('"BR"', '"US"'))
    status, _, err = command("consent", "verify", str(file))
    assert (status, "invalid_input" in err) == (1, True)


@pytest.mark.database
def test_an_enrolment_without_a_form_or_with_a_form_that_belongs_to_none_is_told(command: Any, tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"x")
    words = ("enroll", str(picture), "--department", ICU, "--username", "ana", "--display-name", "Ana")

    status, _, err = command(*words)
    assert (status, "consent_missing" in err) == (1, True)
    status, _, err = command(*words, "--own-consent", "--form-sha256", "a" * 64)
    assert (status, "invalid_input" in err) == (1, True)
    status, _, err = command(*words, "--consent", "--form", str(picture), "--form-sha256", "a" * 64)
    assert (status, "different forms" in err) == (1, True)
