"""What the console's pages show, and what they never show."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from application import lockout
from application.lockout import PASSWORD, Origin
from domain.errors import UnavailableError
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, EVERYWHERE
from entrypoints.http.console.codes import CODES
from entrypoints.http.console.pages import PAGES
from entrypoints.http.console.rendering import FOLDER
from entrypoints.http.console.strings import STRINGS
from tests.house import ICU, LAB
from tests.unit.http.console import visitor, words
from tests.unit.http.edge import frames_of

if TYPE_CHECKING:
    from tests.unit.http.edge import Edge

SCRIPT = "<script>alert(1)</script>"


def subject(edge: Edge, name: str = "ana", **changed: Any) -> str:
    enrolled: dict[str, str] = edge.enroll(name, **changed).json()
    return enrolled["subject_id"]


def test_the_dashboard_counts_what_happened(edge: Edge) -> None:
    subject(edge)
    edge.sign_in(frames_of("ana"))
    for _ in range(2):
        edge.sign_in(frames_of("stranger"))

    page = words(visitor(edge).get("/console"))

    assert "3 tentativas em 30 dias. admitidas: 1, recusadas: 2" in page
    assert "semelhança abaixo do limiar below_threshold 2" in page
    assert "1 admitidas, 2 não admitidas" in page
    assert "cadastros ativos 1" in page
    assert "sessões abertas 1" in page


def test_the_dashboard_is_of_a_department_and_a_period(edge: Edge) -> None:
    subject(edge)
    edge.sign_in(frames_of("ana"))
    everybody = visitor(edge, COMPLIANCE_OFFICER, EVERYWHERE)
    later = (edge.house.clock.now() + timedelta(days=3)).date().isoformat()

    assert "1 tentativas" in words(everybody.get("/console", department=ICU))
    assert "0 tentativas" in words(everybody.get("/console", department=LAB))
    assert "0 tentativas em 1 dias" in words(everybody.get("/console", since=later, until=later))


def test_scores_and_thresholds_are_for_officers(edge: Edge) -> None:
    subject(edge)
    edge.sign_in(frames_of("ana"))
    (row,) = edge.house.rows("auth_log_rows")

    for path in ("/console", "/console/attempts", f"/console/attempts/{row['attempt_id']}"):
        assert "Semelhança" in words(visitor(edge).get(path))
        shown = words(visitor(edge, DEPARTMENT_ADMIN).get(path))
        assert not any(word in shown for word in ("Semelhança", "Limiar", "PAD", f"{row['similarity']:.3f}"))


@pytest.mark.parametrize("who", ["ana.souza", " ANA.souza ", "id"])
def test_a_person_is_found_by_username_or_id_and_never_named_in_an_address(edge: Edge, who: str) -> None:
    found = subject(edge)

    answer = visitor(edge).post("/console/people", {"who": found if who == "id" else who})

    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/people/{found}")


@pytest.mark.parametrize(
    ("who", "status"), [("", 422), ("nobody", 404), (str(UUID(int=7)), 404), ("bia.souza", 404), (SCRIPT, 404)]
)
def test_nobody_is_found_as_quietly_as_somebody_behind_a_wall(edge: Edge, who: str, status: int) -> None:
    subject(edge, "bia", department=LAB)

    answer = visitor(edge).post("/console/people", {"who": who})

    assert answer.status_code == status
    assert 'aria-invalid="true"' in answer.text
    assert not who or who not in answer.text


def test_a_person_is_shown_after_it_is_on_record_who_looked(edge: Edge) -> None:
    whose = subject(edge)

    page = words(visitor(edge).get(f"/console/people/{whose}"))

    assert all(word in page for word in ("Dra. Ana Souza", "ana.souza", "EMP-ana", "dado"))
    (viewing,) = [event for event in edge.house.store.read(0, 1000) if event.name == "viewing.recorded.v1"]
    assert (viewing.fields["subject_id"], viewing.fields["what"]) == (UUID(whose), "person")


@pytest.mark.parametrize("page", ["", "/timeline"])
def test_who_cannot_be_recorded_as_looking_sees_nothing(edge: Edge, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whose = subject(edge)

    def lost(*_: Any, **__: Any) -> None:
        raise UnavailableError("lost")

    monkeypatch.setattr("entrypoints.http.console.page.record_viewing", lost)
    answer = visitor(edge).get(f"/console/people/{whose}{page}")

    assert answer.status_code == 503
    assert "Souza" not in answer.text


def test_lists_name_nobody(edge: Edge) -> None:
    subject(edge)
    edge.sign_in(frames_of("ana"))
    come = visitor(edge, COMPLIANCE_OFFICER, EVERYWHERE)

    for path in ("/console/people", "/console/attempts", "/console/sessions", "/console/events", "/console/replay"):
        answer = come.get(path)
        assert answer.status_code == 200
        assert "ouza" not in answer.text, path
        assert "EMP-" not in answer.text
    assert "viewing.recorded.v1" not in edge.house.names()


def test_a_timeline_tells_everything_the_newest_first(edge: Edge) -> None:
    whose = subject(edge)
    edge.sign_in(frames_of("ana"))

    answer = visitor(edge, COMPLIANCE_OFFICER, EVERYWHERE).get(f"/console/people/{whose}/timeline")

    names = re.findall(r"<code>([a-z_]+\.[a-z_]+\.v1)</code>", answer.text)
    assert names[0] == "viewing.recorded.v1"
    assert names.index("session.opened.v1") < names.index("enrollment.opened.v1")
    assert "Souza" not in words(answer)


def test_a_timeline_is_narrowed_to_a_kind(edge: Edge) -> None:
    whose = subject(edge)

    answer = visitor(edge).get(f"/console/people/{whose}/timeline", kind="consent.")

    assert set(re.findall(r"<code>([a-z]+)\.[a-z_]+\.v1</code>", answer.text)) == {"consent"}


def test_script_in_a_name_or_a_reason_stays_text(edge: Edge) -> None:
    whose = subject(edge, display_name=SCRIPT)
    come = visitor(edge)

    answer = come.get(f"/console/people/{whose}")
    assert SCRIPT not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    for path in (
        f"/console/attempts?reason={SCRIPT}",
        f"/console/events?kind={SCRIPT}",
        f"/console/replay?at={SCRIPT}",
    ):
        answer = come.get(path)
        assert (answer.status_code, "<script>alert" in answer.text) == (422, False)


BAD = {
    "/console": [
        "since=x",
        "until=2026-13-01",
        "department=laboratory",
        "since=2026-02-01&until=2026-01-01",
        "since=2020-01-01&until=2026-01-01",
    ],
    "/console/attempts": [
        "state=x",
        "reason=A%20B",
        "subject=7",
        "page=0",
        "page=x",
        "page=99999999999999999999",
        "since=0001-01-01",
    ],
    "/console/people": ["status=x", "page=-1"],
    "/console/sessions": ["device=x", "status=*"],
    "/console/events": ["up_to=-1", "up_to=x", "actor=%27"],
    "/console/replay": [
        "at=x",
        "at=2999-01-01",
        "at=2001-01-01T00:00",
        "step=1001",
        "step=x",
        "view=active_templates",
        "at=2026-01-01T00:00%2B99:00",
    ],
}


@pytest.mark.parametrize(("path", "query"), [(path, query) for path, queries in BAD.items() for query in queries])
def test_a_fault_is_told_at_its_field_and_nothing_is_shown(edge: Edge, path: str, query: str) -> None:
    answer = visitor(edge).get(f"{path}?{query}")

    assert answer.status_code == 422
    assert "Corrija antes de continuar" in answer.text
    assert "<caption>" not in answer.text


def test_a_list_goes_on_page_by_page(edge: Edge) -> None:
    come = visitor(edge)
    for _ in range(51):
        edge.house.attempt().start()

    first, second = come.get("/console/attempts"), come.get("/console/attempts", page="2")

    assert 'rel="next" href="?page=2"' in first.text
    assert 'rel="prev"' in second.text
    assert (first.text.count('scope="row"'), second.text.count('scope="row"')) == (50, 1)


def test_events_go_on_from_a_position_and_none_is_left_out(edge: Edge) -> None:
    for _ in range(120):
        edge.house.attempt().start()
    come, path, seen = visitor(edge, COMPLIANCE_OFFICER, EVERYWHERE), "/console/events", list[int]()
    while path:
        answer = come.get(path)
        seen += [int(n) for n in re.findall(r'<td class="number">(\d+)</td>', answer.text)]
        following = re.search(r'rel="next" href="([^"]+)"', answer.text)
        path = f"/console/events{following[1]}" if following else ""

    assert seen == [event.position for event in edge.house.store.read(0, 1000)][::-1]


def test_an_administrator_ends_a_lockout(edge: Edge) -> None:
    services = edge.house.services
    for _ in range(5):
        lockout.failed(services, Origin(PASSWORD, ICU, "192.0.2.1", claim_digest="0" * 64), act=edge.house.act())
    (found, _) = services.lockouts.locked(department=ICU, limit=9)[0]
    admin = visitor(edge, DEPARTMENT_ADMIN)
    assert "192.0.2.1" not in admin.get("/console/lockouts").text
    assert "Encerrar" not in visitor(edge).get("/console/lockouts").text

    done = admin.post("/console/lockouts", {"lockout_id": str(found.lockout_id), "reason": "Ana was here"})

    assert done.status_code == 303
    assert "O bloqueio foi encerrado" in admin.get(done.headers["location"]).text
    assert edge.house.last("lockout.released.v1")["reason"] == "other"
    again = admin.post("/console/lockouts", {"lockout_id": str(found.lockout_id), "reason": "known"})
    assert again.status_code == 404


def test_a_view_is_shown_as_it_was(edge: Edge) -> None:
    subject(edge)
    edge.house.clock.advance(timedelta(hours=1))
    before = edge.house.clock.now()
    edge.house.clock.advance(timedelta(hours=1))
    edge.post("/face-auth/consent/withdraw", {"username": "ana.souza"})
    come = visitor(edge)

    then = words(come.get("/console/replay", view="face_enrollments", at=before.isoformat()))
    now = words(come.get("/console/replay", view="face_enrollments"))

    assert "1 linhas existiam" in then
    assert "ativo" in then
    assert "revogado" in now
    assert "revogado" not in then


def test_the_slider_counts_where_it_was_moved_and_the_field_where_not(edge: Edge) -> None:
    subject(edge)
    edge.house.clock.advance(timedelta(hours=10))
    edge.house.attempt().start()
    come, now = visitor(edge), edge.house.clock.now().isoformat()

    moved = come.get("/console/replay", view="face_auth_logs", at=now, step="500", was="1000")
    rest = come.get("/console/replay", view="face_auth_logs", at=now, step="1000", was="1000")

    assert ("0 linhas" in moved.text, "1 linhas" in rest.text) == (True, True)


@pytest.mark.parametrize("page", [page for page in PAGES if page.in_nav], ids=lambda p: p.path)
def test_every_page_is_there_in_both_languages_and_the_choice_is_kept(edge: Edge, page: Any) -> None:
    come = visitor(edge, department=EVERYWHERE)

    first = come.get(page.path)
    english = come.get(page.path, lang="en")

    assert '<html lang="pt-BR">' in first.text
    assert '<html lang="en">' in english.text
    assert STRINGS[page.title][1] in words(english)
    assert "faceauth-language=en" in english.headers["set-cookie"]


def test_whoever_asks_for_a_part_gets_faults_as_whole_pages(edge: Edge) -> None:
    gone = edge.client.get("/console/attempts?state=refused", headers={"hx-request": "true"})
    assert (gone.status_code, gone.headers["hx-redirect"]) == (401, "/console/attempts?state=refused")


def test_a_bug_is_a_page_with_a_code_and_without_a_word_of_what_it_was(
    edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("entrypoints.http.console.dashboard.figures", broken)
    answer = visitor(edge).get("/console")

    assert answer.status_code == 500
    assert "internal_error" in answer.text
    assert "secret" not in answer.text


def test_every_string_that_a_template_names_is_there_and_none_is_idle() -> None:
    sources = [*FOLDER.glob("*.html"), *FOLDER.parent.glob("*.py")]
    text = "".join(each.read_text(encoding="utf-8") for each in sources if not each.name.endswith("strings.py"))
    named = set(re.findall(r'\bt\(["\'](\w+)["\']', text)) | set(re.findall(r'\btext\("(\w+)"', text))

    assert {each for each in named if not each.endswith("_")} <= STRINGS.keys()
    loose = {
        "fault_",
        "error_",
        "outcome_",
        "lockouts_",
        "answer_",
        "clock_",
        "done_",
        "notice_text_",
        "right_",
        "due_",
        "upheld",
        "overturned",
    }
    idle = [key for key in STRINGS if f'"{key}"' not in text and f"'{key}'" not in text]
    assert [key for key in idle if not any(key.startswith(each) for each in loose)] == []


def test_everything_is_said_in_both_languages() -> None:
    assert all(pt.strip() and en.strip() for pt, en in [*STRINGS.values(), *CODES.values()])
