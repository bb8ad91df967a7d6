"""The page on which a person without a session reads the notice and decides, with a one-time code; no script on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from adapters.reports.markdown import render_markdown
from application import consent_codes
from application import notice as notices
from application.services import Services
from domain.errors import (
    ConsentCodeError,
    ConsentMissingError,
    FaceauthError,
    InvalidInputError,
    NotAllowedError,
    NoticeOutdatedError,
    TooManyGuessesError,
)
from domain.notice import Notice
from entrypoints.http import bodies
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint
from entrypoints.http.peer import client_address
from entrypoints.http.problems import STATUS

if TYPE_CHECKING:
    import jinja2

PATH: Final = "/face-auth/consent/form"
TEMPLATE: Final = Path(__file__).parent / "page" / "consent.html.jinja"
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # With "no-referrer" a browser sends Origin: null with the form, and the check below could not tell it from another.
    "referrer-policy": "same-origin",
}
FIELDS: Final = frozenset({"code", "decision", "notice_version"})
MAX_CODE_CHARACTERS: Final = 40
ACCEPT, WITHDRAW, OBJECT = "accept", "withdraw", "object"


@dataclass(frozen=True, slots=True)
class Message:
    """What became of the decision, in both languages."""

    good: bool
    pt: str
    en: str


DONE: Final = {
    ACCEPT: Message(True, "O seu consentimento está registrado.", "Your consent has been recorded."),
    WITHDRAW: Message(
        True,
        "O seu consentimento foi retirado. O reconhecimento facial não vale mais para você.",
        "Your consent has been withdrawn. Face recognition does not serve for you any more.",
    ),
    OBJECT: Message(
        True,
        "A sua oposição está registrada. O reconhecimento facial não vale mais para você.",
        "Your objection has been recorded. Face recognition does not serve for you any more.",
    ),
}
FAILED: Final[dict[type[FaceauthError], Message]] = {
    ConsentCodeError: Message(
        False,
        "O código está errado, já foi usado ou venceu. Peça outro à administração do seu setor.",
        "The code is wrong, used or over. Ask your department's administration for another.",
    ),
    TooManyGuessesError: Message(
        False, "Foram muitas tentativas. Espere um minuto.", "Too many tries. Wait for a minute."
    ),
    NoticeOutdatedError: Message(
        False,
        "O aviso mudou enquanto você lia. Leia a nova versão; o seu código continua valendo.",
        "The notice changed while you were reading. Read the new version; your code is still good.",
    ),
    ConsentMissingError: Message(False, "Não havia consentimento a encerrar.", "There was no consent to end."),
    NotAllowedError: Message(
        False,
        "O formulário não veio desta página. Abra-a de novo e envie.",
        "The form did not come from this page. Open it again and send it.",
    ),
    InvalidInputError: Message(False, "Escolha uma decisão e digite o código.", "Choose a decision and type the code."),
}


class ConsentForm:
    """One page, and what its form sends."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        return [Endpoint("GET", PATH, self.show, ANYONE), Endpoint("POST", PATH, self.decide, ANYONE)]

    async def show(self, _request: Request) -> Response:
        """The notice in force and the form; nothing of a query is read."""
        return await self._page(None)

    async def decide(self, request: Request) -> Response:
        """Take the decision; every answer is the page again."""
        try:
            if not from_here(request):
                raise NotAllowedError("the form was sent from another page")
            given = _form(await bodies.read_limited(request, bodies.MAX_FORM_BYTES))
            address = client_address(request, self._desk.app.settings)
            await self._desk.run(_decide, self._services, given, address)
        except tuple(FAILED) as error:
            message = next(text for kind, text in FAILED.items() if isinstance(error, kind))
            return await self._page(message, STATUS[error.code])
        return HTMLResponse(_rendered(None, DONE[given["decision"]]), headers=HEADERS)

    async def _page(self, message: Message | None, status: int = 200) -> Response:
        notice = await self._desk.run(notices.in_force, self._services)
        return HTMLResponse(_rendered(notice, message), status, headers=HEADERS)


def from_here(request: Request) -> bool:
    """Say whether a browser sent this from a page of this service: by its own word, and fail closed without one."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "")
    if site is not None and site != "same-origin":
        return False
    if origin:
        return urlsplit(origin).netloc == request.headers.get("host")
    return site == "same-origin"


def _form(body: bytes) -> dict[str, str]:
    """Return the fields. Raises ``InvalidInputError`` for anything but this form, never quoting it."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=8)
    except ValueError:
        raise InvalidInputError("the form cannot be read") from None
    given = dict(pairs)
    sound = len(given) == len(pairs) and given.keys() == FIELDS and given["decision"] in DONE
    if not sound or not 0 < len(given["code"]) <= MAX_CODE_CHARACTERS:
        raise InvalidInputError("choose a decision and type the code")
    return given


def _decide(services: Services, given: dict[str, str], address: str) -> None:
    if given["decision"] == ACCEPT:
        version = given["notice_version"]
        consent_codes.grant(services, code=given["code"], notice_version=version, address=address)
        return
    objection = given["decision"] == OBJECT
    consent_codes.end(services, code=given["code"], reason="subject_request", address=address, objection=objection)


@cache
def _template() -> jinja2.Template:
    # A second and 50 MB that only those pay for who open the page.
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _rendered(notice: Notice | None, message: Message | None) -> str:
    pt, en = (render_markdown(text) for text in ((notice.pt_br, notice.en) if notice else ("", "")))
    return _template().render(notice=notice, message=message, pt_html=pt, en_html=en)
