"""Each document holds the facts of the house it is of, no name, and the same bytes for the same facts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from application.notice import BUILT_IN
from application.reporting.processings import ropa
from domain.errors import InvalidInputError, NotFoundError
from entrypoints import evaluations
from entrypoints.absent import AbsentJudge
from entrypoints.documents import making
from entrypoints.documents.gathering import attached, deployment, packages
from tests.unit.documents.scripted import MARCH, NAMES, active, app_over, passive, scripted, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from entrypoints.app import App
    from entrypoints.documents.making import Made
    from tests.house import House

DOCUMENTS = ("ropa", "ripd", "encarregado", "monthly")
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def story() -> House:
    return scripted()


@pytest.fixture
def app(story: House, tmp_path: Path) -> App:
    said = {
        "controller_name": "Hospital das Dores",
        "encarregado_name": "Encarregada X",
        "encarregado_contact": "dpo@h",
    }
    return app_over(story, tmp_path, **said)


def html(made: Made) -> str:
    return making.encoded(made.report, "html", made_at=made.made_at).decode()


def without_images(text: str) -> str:
    return re.sub(r'src="data:[^"]*"', "", text)


@pytest.fixture(scope="module")
def papers(story: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Made, str, bytes]]:
    """Every document, as HTML and PDF."""
    app = app_over(story, tmp_path_factory.mktemp("home"), controller_name="Hospital das Dores")
    made = {kind: making.make(app, kind, month=MARCH if kind == "monthly" else None) for kind in DOCUMENTS}
    return {
        kind: (one, html(one), making.encoded(one.report, "pdf", made_at=one.made_at)) for kind, one in made.items()
    }


Papers = dict[str, tuple["Made", str, bytes]]


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_no_document_names_a_person(papers: Papers, kind: str) -> None:
    made, page, _ = papers[kind]
    text = (without_images(page) + json.dumps(made.facts)).lower()
    assert [name for name in NAMES if re.search(rf"\b{re.escape(name)}\b", text)] == []


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_the_same_facts_give_the_same_document(papers: Papers, app: App, kind: str) -> None:
    one, other = (making.make(app, kind) for _ in range(2))
    assert one.facts == other.facts
    assert one.report == other.report
    assert html(papers[kind][0]) == papers[kind][1]


def test_the_same_document_is_the_same_pdf(papers: Papers) -> None:
    made, _, pdf = papers["encarregado"]
    assert making.encoded(made.report, "pdf", made_at=made.made_at) == pdf


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_another_reader_reads_the_pdf(papers: Papers, kind: str) -> None:
    made, _, pdf = papers[kind]
    text = text_of(pdf)
    assert "Hospital das Dores" in text
    assert made.report.title[0][:12] in text
    assert made.report.sections[-1].title[0] in text


def test_the_record_of_processing_holds_what_is_in_force(app: App, story: House) -> None:
    made = making.make(app, "ropa")
    text = html(made)
    for fact in ("Hospital das Dores", "dpo@h", BUILT_IN.sha256, "LGPD art. 11, I", "faceauth-app", "183", "memory"):
        assert fact in text
    people = {one.code: one.people for one in ropa(story.services, deployment(app)).processings}
    assert people["enrollment"] == 1, "caio; ana withdrew, bia was erased"
    assert made.facts["standing"]["erasures"] == {"executed": 1}
    assert made.facts["deployment"]["schema"] >= 19


def test_what_the_hospital_has_not_said_is_asked_for(story: House, tmp_path: Path) -> None:
    text = html(making.make(app_over(story, tmp_path), "encarregado"))
    assert "FACEAUTH_ENCARREGADO_NAME" in text
    assert "não informado / not stated" in text


def test_passive_liveness_is_one_notch_weaker_than_active_and_says_why(story: House, tmp_path: Path) -> None:
    def risk(house: House) -> dict[str, Any]:
        facts = making.make(app_over(house, tmp_path), "ripd").facts
        return next(one for one in facts["risks"] if one["code"] == "presentation_attack")

    weaker, stronger = risk(passive(story)), risk(active(story))
    assert weaker["residual"] == stronger["residual"] + 1
    assert "8 to 14 %" in weaker["why"][1]
    assert "one notch weaker" in html(making.make(app_over(passive(story), tmp_path), "ripd"))
    assert "one notch weaker" not in html(making.make(app_over(active(story), tmp_path), "ripd")).lower()


def test_what_was_not_measured_here_is_said_to_be_so(app: App) -> None:
    text = html(making.make(app, "ripd"))
    assert "não medido nesta máquina / not measured on this machine" in text
    assert "acompanha o programa / shipped" in text
    assert "APCER 0.00% (n 370), BPCER 1.52% (n 5355)" in text


def test_the_last_evaluation_is_cited_with_sample_and_date(app: App) -> None:
    evaluations.keep(
        app.settings,
        "verification",
        {
            "policy": {"threshold": 0.41, "fmr": 0.0001, "fnmr": 0.02, "intervals": {"fmr": [0.0, 0.0005]}},
            "counts": {"pairs": 6000, "genuine": 3000},
            "sessions": [{"clip": "ana.mp4"}],
        },
    )
    evaluations.keep(
        app.settings,
        "pad",
        {"apcer": {"print": 0.012}, "bpcer": 0.03, "counts": {"files": {"print": 250}}, "intervals": {"apcer": {}}},
    )
    made = making.make(app, "ripd")
    text = html(made)
    for fact in ("FMR (T 0.4100)", "0.010%", "0.000% … 0.050%", "pairs 6000", "APCER print (pad)", "1.200%"):
        assert fact in text
    at = made.facts["record"]["deployment"]["evaluations"]["verification"]["measured_at"]
    assert at in text
    assert "ana.mp4" not in json.dumps(made.facts)
    assert "not measured on this machine" not in text


@pytest.mark.parametrize("content", ["", "{", "[]", '{"measured_at": 3}', "\x00"])
def test_a_damaged_evaluation_counts_as_none(app: App, content: str) -> None:
    folder = app.settings.home / "evaluations"
    folder.mkdir()
    (folder / "last-pad.json").write_text(content)
    assert evaluations.last(app.settings) == {}


def test_an_evaluation_with_odd_figures_breaks_no_document(app: App) -> None:
    evaluations.keep(app.settings, "pad", {"apcer": None, "bpcer": "x", "intervals": [1], "counts": None, "policy": 1})
    assert "Taxas de erro" in html(making.make(app, "ripd"))


def test_attachments_are_cited_by_their_digest(app: App, tmp_path: Path) -> None:
    file = tmp_path / "evaluation.html"
    file.write_bytes(b"abc")
    made = making.make(app, "ripd", attachments=attached([file]))
    assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" in html(made)
    with pytest.raises(InvalidInputError, match="cannot be read"):
        attached([tmp_path / "none.html"])


def test_dependencies_come_with_version_and_licence() -> None:
    found = {one.name.lower(): one for one in packages()}
    assert found["numpy"].version[0].isdigit()
    assert "BSD" in found["starlette"].licence
    assert "faceauth" not in found
    assert sum(one.licence == "?" for one in found.values()) < len(found) / 5
    assert len(found) == len(packages())


def test_script_in_a_setting_is_text(story: House, tmp_path: Path) -> None:
    app = app_over(story, tmp_path, controller_name=SCRIPT, encarregado_contact=SCRIPT)
    for kind in ("ropa", "encarregado"):
        assert "<script" not in html(making.make(app, kind))


def test_recipients_are_hosts_without_paths_or_passwords(story: House, tmp_path: Path) -> None:
    app = app_over(
        story,
        tmp_path,
        passwords="ldap",
        ldap_urls=("ldaps://user:secret@dir.example:636/dc=x",),
        idp_issuer="https://idp.example/realms/h?token=secret",
    )
    names = {one.kind: one.name for one in deployment(app).recipients}
    assert (names["LDAP"], names["IdP"]) == ("dir.example:636", "idp.example")


def test_what_is_no_report_is_refused(app: App) -> None:
    with pytest.raises(InvalidInputError, match="ropa"):
        making.make(app, "gossip")
    with pytest.raises(InvalidInputError, match="incident"):
        making.make(app, "incident")
    with pytest.raises(NotFoundError):
        making.make(app, "incident", incident_id=app.services.ids.new())
    with pytest.raises(InvalidInputError, match="formats"):
        making.encoded(making.make(app, "encarregado").report, "docx", made_at=app.services.clock.now())


def test_a_command_without_models_still_states_the_threshold_in_force(story: House, tmp_path: Path) -> None:
    blind = replace(story, services=replace(story.services, judge=AbsentJudge()))
    values = {label[1]: value for label, value in deployment(app_over(blind, tmp_path)).measures}
    assert "T 0.5835" in values["proof of life"]
