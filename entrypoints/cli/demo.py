"""``faceauth demo``: the whole story on six faces, through the real use cases, in a state directory of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import typer

from application import consent, history, notice
from application.enroll import EnrollmentRefusedError
from application.person import Person
from entrypoints.app import App
from entrypoints.bootstrap import bootstrap
from entrypoints.cli import demo_faces
from entrypoints.cli.audit import print_events
from entrypoints.cli.models import ensure_models
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.cli.people import sign_in
from entrypoints.cli.private_home import private_settings
from entrypoints.settings import load_settings

if TYPE_CHECKING:
    from application.ports.vision import Image

DEPARTMENT: Final = "demo"
ACTOR: Final = "operator:demo"
ENROLLED: Final = (0, 1, 2, 3)
STRANGER: Final = 5
TURNED_AWAY: Final = 4
"""People of the photograph, left to right; the fifth shows the camera the side of the face."""
PRINTED: Final = 2
WITHDRAWING: Final = 1
REMAINING: Final = 3
STEPS: Final = 2 * len(ENROLLED) + 6
REFUSED: Final = "face_not_recognised"
NOT_GOOD_ENOUGH: Final = "quality_too_low"

STORY: Final = {
    "enrollment.activated.v1": len(ENROLLED),
    "attempt.succeeded.v1": len(ENROLLED) + 1,
    "session.opened.v1": len(ENROLLED) + 1,
    "attempt.refused.v1": 4,
    "consent.withdrawn.v1": 2,
    "enrollment.revoked.v1": 1,
    "session.revoked.v1": 1,
}
"""How often these events must be in the history at the end; a withdrawal ends both purposes."""

SYNTHETIC_PT: Final = (
    "Fotos sintéticas: variações de uma única fotografia pública de seis pessoas; a impressão é imitada. "
    "Mostra o caminho, não mede acurácia."
)
SYNTHETIC_EN: Final = (
    "Synthetic captures: variations of one public photograph of six people; the print is an imitation. "
    "This shows the way through, it measures no accuracy."
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried: in words, what should come of it and what did."""

    pt: str
    en: str
    expected: str
    got: str

    @property
    def ok(self) -> bool:
        """Whether it went as expected."""
        return self.got == self.expected


def demo(as_json: JsonOption = False) -> None:
    """Mostra tudo com seis rostos, em um ambiente próprio / Show everything on six faces, in a place of its own."""
    settings = load_settings()
    ensure_models(settings)
    photo = demo_faces.photograph()
    if not as_json:
        console.print(f"{SYNTHETIC_PT}\n{SYNTHETIC_EN}\n", soft_wrap=True, markup=False)
    with (
        progress_bar("Preparando / preparing") as (bar, task),
        private_settings(settings) as own,
        bootstrap(own.model_copy(update={"departments": (DEPARTMENT,)}), follow=True) as app,
    ):
        steps: list[Step] = []
        for step in Demo(app, photo).steps():
            steps.append(step)
            bar.update(task, total=STEPS, completed=len(steps), description="Demonstração / demo")
            if not as_json:
                print_step(step)
        documents = [history.as_document(event, app.services.vault) for event in history.events(app.services.store)]
    report([*steps, told(documents)], documents, as_json=as_json)


def report(steps: list[Step], documents: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print what is left to print: everything as JSON, or the history and the last step. Exit with 1 for a failure."""
    if as_json:
        shown = [asdict(step) | {"ok": step.ok} for step in steps]
        print_json({"ok": all(step.ok for step in steps), "note": SYNTHETIC_EN, "steps": shown, "history": documents})
    else:
        console.print("\nHistórico / history:")
        print_events(documents)
        print_step(steps[-1])
    if not all(step.ok for step in steps):
        raise typer.Exit(1)


def print_step(step: Step) -> None:
    """Print a step on one line, with a mark; where it went otherwise, what was expected and what came."""
    mark = "[green]✓[/]" if step.ok else "[bold red]✗[/]"
    differs = "" if step.ok else f": esperado / expected {step.expected}, veio / got {step.got}"
    console.print(mark, end=" ")
    console.print(f"{step.pt} / {step.en}{differs}", soft_wrap=True, markup=False)


class Demo:
    """The story, step by step, on a wired App."""

    def __init__(self, app: App, photo: Image) -> None:
        """Tell it with the people of that photograph."""
        self._app = app
        self._photo = photo
        self._subjects: dict[int, UUID] = {}

    def steps(self) -> Iterator[Step]:
        """Do everything, yielding each step once it is done."""
        for person in ENROLLED:
            yield self._enroll(person)
        for person in ENROLLED:
            yield self._try(person, ("entra com outras fotos", "is let in with other captures"), _username(person))
        yield self._try(STRANGER, ("não tem cadastro: recusada", "is not enrolled: refused"), REFUSED)
        words = "mostra o perfil: pedem que olhe para a câmera", "shows the profile: is asked to look at the camera"
        yield self._try(TURNED_AWAY, words, NOT_GOOD_ENOUGH)
        yield self._show_print(PRINTED)
        if WITHDRAWING in self._subjects:
            yield self._withdraw(WITHDRAWING)
        yield self._try(WITHDRAWING, ("retirou o consentimento: recusada", "withdrew consent: refused"), REFUSED)
        yield self._try(REMAINING, ("continua entrando", "is still let in"), _username(REMAINING))

    def _enroll(self, person: int) -> Step:
        name = _username(person)
        try:
            enrolled = self._app.enrolling.enroll(
                Person(name, name, f"Pessoa {person + 1}"),
                department=DEPARTMENT,
                pictures=demo_faces.captures(self._photo, person, demo_faces.ENROLMENT),
                notice_version=notice.in_force(self._app.services).version,
                act=self._app.services.act(ACTOR, "cli"),
            )
        except EnrollmentRefusedError as refusal:
            captures, got = refusal.captures, refusal.code
        else:
            captures, got = enrolled.captures, "enrolled"
            self._subjects[person] = enrolled.subject_id
        good, taken = sum(capture.accepted for capture in captures), len(demo_faces.ENROLMENT)
        return Step(
            f"Pessoa {person + 1}: consente e é cadastrada com {taken} fotos",
            f"person {person + 1} consents and is enrolled from {taken} captures",
            f"enrolled, {taken} captures good",
            f"{got}, {good} captures good",
        )

    def _try(self, person: int, words: tuple[str, str], expected: str) -> Step:
        pictures = demo_faces.captures(self._photo, person, demo_faces.SIGN_IN)
        return self._sign_in(person, pictures, words, expected)

    def _show_print(self, person: int) -> Step:
        words = "impressão em papel (imitada): recusada", "as a paper print (imitated): refused"
        return self._sign_in(person, demo_faces.prints(self._photo, person), words, "presentation_attack")

    def _sign_in(self, person: int, pictures: list[bytes], words: tuple[str, str], expected: str) -> Step:
        outcome = sign_in(self._app.services, pictures, department=DEPARTMENT)
        got = outcome.admission.username if outcome.admission else outcome.code
        return Step(f"Pessoa {person + 1}: {words[0]}", f"person {person + 1} {words[1]}", expected, got)

    def _withdraw(self, person: int) -> Step:
        act = self._app.services.act(ACTOR, "cli")
        ended = consent.withdraw(self._app.services, self._subjects[person], reason="demo", act=act)
        return Step(
            f"Pessoa {person + 1}: retira o consentimento; cadastro e sessão terminam",
            f"person {person + 1} withdraws consent; enrolment and session end",
            "revoked: enrolment, 1 session",
            f"revoked: {'enrolment' if ended.enrollment_revoked else 'no enrolment'}, {ended.sessions_revoked} session",
        )


def told(documents: list[dict[str, Any]]) -> Step:
    """Compare the history with the story."""
    counts = Counter(document["event"] for document in documents)
    differing = [f"{name} x {counts[name]}, not {count}" for name, count in STORY.items() if counts[name] != count]
    return Step("O histórico conta o mesmo", "the history tells the same", "same", "; ".join(differing) or "same")


def _username(person: int) -> str:
    return f"pessoa{person + 1}"
