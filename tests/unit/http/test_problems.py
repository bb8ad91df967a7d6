"""What every answer has, whatever went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from domain.errors import KeyRingError, UnavailableError
from entrypoints.http import bodies
from entrypoints.http.edge import SECURITY_HEADERS
from tests.house import pictures
from tests.unit.http.edge import Edge, enrollment

if TYPE_CHECKING:
    from httpx import Response

SECRET = "frame-bytes-of-maria"


def reached(edge: Edge, kind: str) -> Response:
    """One answer of each kind."""
    if kind == "bug":
        edge.house.judge.bug = ZeroDivisionError(SECRET)
    requests: dict[str, tuple[str, str, Any]] = {
        "ok": ("GET", "/face-auth/health", None),
        "created": ("POST", "/face-auth/enroll", enrollment("ana")),
        "bug": ("POST", "/face-auth/enroll", enrollment("ana")),
        "invalid": ("POST", "/face-auth/enroll", enrollment("ana", user_id=5)),
        "forbidden": ("GET", "/face-auth/audit/events", None),
        "unknown path": ("GET", "/face-auth/nowhere", None),
        "wrong method": ("PUT", "/face-auth/health", None),
        "socket over http": ("GET", "/face-auth/icu", None),
    }
    method, path, document = requests[kind]
    response: Response = edge.client.request(method, path, json=document, headers=edge.headers())
    return response


@pytest.mark.parametrize(
    "kind", ["ok", "created", "forbidden", "invalid", "unknown path", "wrong method", "socket over http", "bug"]
)
def test_every_answer_has_the_security_headers_and_names_no_software(edge: Edge, kind: str) -> None:
    response = reached(edge, kind)

    assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "server" not in response.headers
    assert "x-powered-by" not in response.headers


@pytest.mark.parametrize(
    "path", ["/page", "/face-auth", "/face-auth/health/", "/docs", "/face-auth/enrollments/no-uuid/complete"]
)
def test_an_unknown_path_is_a_problem_document_and_no_redirect(edge: Edge, path: str) -> None:
    response = edge.client.get(path, follow_redirects=False)

    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert response.headers["content-type"] == "application/problem+json"


def test_a_wrong_method_says_which_would_do(edge: Edge) -> None:
    response = edge.client.get("/face-auth/enroll")

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


def test_a_bug_is_logged_by_its_places_and_told_without_detail(edge: Edge) -> None:
    edge.house.judge.bug = ZeroDivisionError(SECRET)
    with capture_logs() as logs:
        response = edge.enroll("ana")

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert response.headers["content-type"] == "application/problem+json"
    assert not [word for word in ("ZeroDivision", "Traceback", ".py", SECRET) if word in response.text]
    (entry,) = logs
    assert entry["log_level"] == "error"
    assert entry["trail"][0] == "ZeroDivisionError"
    assert "house.py" in entry["trail"][-1]
    assert SECRET not in str(entry)
    assert "souza" not in str(entry)


def test_after_a_bug_the_next_request_is_served(edge: Edge) -> None:
    edge.house.judge.bug = ZeroDivisionError(SECRET)
    edge.enroll("ana")
    edge.house.judge.bug = None

    assert edge.enroll("ana").status_code == 201


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnavailableError("host db.internal port 5432"), "unavailable"),
        (KeyRingError("/srv/keys/ring.json"), "key_ring"),
    ],
)
def test_what_only_the_operator_can_mend_is_not_told_in_detail(edge: Edge, error: Exception, code: str) -> None:
    edge.house.judge.bug = error

    response = edge.enroll("ana")

    assert (response.status_code, response.json()["code"]) == (503, code)
    assert str(error) not in response.text


def test_a_body_that_declares_too_much_is_refused(edge: Edge) -> None:
    headers = edge.headers() | {"content-length": str(bodies.MAX_BODY_BYTES + 1)}

    response = edge.client.post("/face-auth/enroll", content=b"{}", headers=headers)

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_a_body_that_keeps_coming_is_cut_off(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies.EnrollBody, "max_bytes", 1000)

    response = edge.client.post("/face-auth/enroll", content=iter([b"[" * 400] * 5), headers=edge.headers())

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_a_lone_picture_over_the_limit_is_too_large_as_well(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = edge.post("/face-auth/enrollments", enrollment("ana", face_images=None)).json()
    monkeypatch.setattr(bodies, "MAX_CAPTURE_BYTES", 10)

    response = edge.client.post(
        f"/face-auth/enrollments/{opened['enrollment_id']}/captures", content=pictures("ana")[0], headers=edge.headers()
    )

    assert response.json()["code"] == "body_too_large"


def test_a_form_without_pictures_is_a_small_body(edge: Edge) -> None:
    response = edge.client.post(
        "/face-auth/consent", content=b"[" * (bodies.MAX_FORM_BYTES + 1), headers=edge.headers()
    )

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
