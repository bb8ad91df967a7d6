"""Enrolling through the API: the way it should go, and every way it should not."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pillow

from adapters.memory.vision import (
    ScriptedDetector,
    ScriptedEmbedder,
    ScriptedPad,
    ScriptedQuality,
    ScriptedShapes,
    picture,
)
from adapters.vision.decoder import OpenCvDecoder
from adapters.vision.pipeline import VisionPipeline
from tests.house import ICU, LAB, pictures
from tests.unit.http.edge import Edge, build_edge, enrollment, frames_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from httpx import Response

NEW_ROOM = "maternity"


def refused(response: Response, status: int, code: str) -> dict[str, Any]:
    """The problem document, checked."""
    document: dict[str, Any] = response.json()
    assert (response.status_code, document["code"], document["status"]) == (status, code, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert document["type"] == f"urn:faceauth:problem:{code}"
    return document


def noise(extension: str, width: int = 64, height: int = 64) -> bytes:
    stream = io.BytesIO()
    Pillow.effect_noise((width, height), 60).convert("RGB").save(stream, extension)
    return stream.getvalue()


def huge_header() -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    end = b"\0\0\0\0IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + end


class FacelessDetector(ScriptedDetector):
    """Real pictures hold no script: nothing is found in them."""

    def detect(self, image: Any) -> list[Any]:
        assert image.ndim == 3
        return []


@pytest.fixture
def decoding(tmp_path: Path) -> Iterator[Edge]:
    """An edge whose decoder is the real one."""

    def pipeline(_: object) -> VisionPipeline:
        return VisionPipeline(
            decoder=OpenCvDecoder(),
            detector=FacelessDetector(),
            shapes=ScriptedShapes(),
            quality=ScriptedQuality(),
            pad=ScriptedPad(),
            embedder=ScriptedEmbedder(),
        )

    edge = build_edge(tmp_path, judge=pipeline)
    with edge.client:
        yield edge


def test_five_pictures_and_consent_make_an_enrolment(edge: Edge) -> None:
    response = edge.enroll("ana")

    document = response.json()
    assert response.status_code == 201
    assert document["success"] is True
    assert {"subject_id", "enrollment_id", "template_id"} <= document.keys()
    assert [capture["accepted"] for capture in document["captures"]] == [True] * 5
    assert {frozenset(capture) for capture in document["captures"]} == {frozenset({"accepted", "reason", "quality"})}


def test_whoever_was_enrolled_signs_in(edge: Edge) -> None:
    enrolled = edge.enroll("ana").json()

    (result,) = [m for m in edge.sign_in(frames_of("ana")) if m.get("type") == "result"]

    assert result["session"]["subject_id"] == enrolled["subject_id"]


def test_a_data_url_is_a_picture_too(edge: Edge) -> None:
    images = ["data:image/jpeg;base64," + base64.b64encode(image).decode() for image in pictures("ana")]

    assert edge.enroll("ana", face_images=images).status_code == 201


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({"faces": 0}, "no_face"), ({"faces": 3}, "many_faces"), ({"reason": "blurred"}, "blurred")],
)
def test_pictures_that_cannot_be_used_are_named_one_by_one(edge: Edge, facts: dict[str, Any], reason: str) -> None:
    images = [json.dumps({"face": "ana", "take": take, **facts}).encode() for take in range(5)]

    document = refused(edge.enroll("ana", images=images), 422, "captures_insufficient")

    assert [capture["reason"] for capture in document["captures"]] == [reason] * 5
    assert edge.enroll("ana").status_code == 201


def test_a_presentation_attack_is_no_capture(edge: Edge) -> None:
    images = [picture("ana", take=take, pad=0.01) for take in range(5)]

    document = refused(edge.enroll("ana", images=images), 422, "captures_insufficient")

    assert {capture["reason"] for capture in document["captures"]} == {"presentation_attack"}


def test_the_same_picture_five_times_is_one_capture(edge: Edge) -> None:
    document = refused(edge.enroll("ana", images=[picture("ana")] * 5), 422, "captures_insufficient")

    assert [capture["reason"] for capture in document["captures"]] == [None] + ["captures_must_differ"] * 4


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "invalid_image"),
        (b"this is text, not a picture", "invalid_image"),
        (noise("JPEG")[:900], "invalid_image"),
        (huge_header(), "image_too_large"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100), "unsupported_image_format"),
        (noise("PNG", 1, 1), "no_face"),
        (noise("PNG"), "no_face"),
    ],
    ids=["empty", "text", "truncated", "20000x20000", "heic", "1x1", "a PNG whatever its name"],
)
def test_bad_pictures_are_refused_for_what_they_are(decoding: Edge, payload: bytes, reason: str) -> None:
    document = refused(decoding.enroll("ana", images=[payload] * 5), 422, "captures_insufficient")

    assert {capture["reason"] for capture in document["captures"]} == {reason}
    assert decoding.client.get("/face-auth/health").status_code == 200


def test_what_is_not_base64_is_no_picture(edge: Edge) -> None:
    document = refused(edge.enroll("ana", face_images=["%%% not base64 %%%"] * 5), 422, "captures_insufficient")

    assert {capture["reason"] for capture in document["captures"]} == {"invalid_image"}


@pytest.mark.parametrize("count", [0, 2, 4, 11, 50])
def test_an_enrolment_takes_five_to_ten_pictures(edge: Edge, count: int) -> None:
    refused(edge.enroll("ana", images=pictures("ana", count)), 422, "capture_count")

    assert edge.house.names() == []


def test_a_username_belongs_to_one_person(edge: Edge) -> None:
    edge.enroll("ana")

    refused(edge.enroll("bia", username="ANA.souza"), 409, "username_taken")

    assert edge.enroll("bia").status_code == 201


def test_a_person_is_enrolled_once(edge: Edge) -> None:
    edge.enroll("ana")

    refused(edge.enroll("ana"), 409, "already_enrolled")


def test_a_face_has_one_name_and_the_second_is_audited(edge: Edge) -> None:
    edge.enroll("ana")
    edge.house.services.departments.add(LAB)

    document = refused(edge.enroll("eva", department=LAB, images=pictures("ana")), 409, "duplicate_person")

    assert "ana" not in json.dumps(document)
    assert edge.house.last("enrollment.revoked.v1")["reason"] == "duplicate_person"


@pytest.mark.parametrize(
    "given", [None, {"notice_version": "x", "accepted": False}], ids=["no word of it", "not accepted"]
)
def test_nobody_is_enrolled_without_consent(edge: Edge, given: Any) -> None:
    refused(edge.enroll("ana", consent=given), 403, "consent_missing")

    assert edge.house.names() == []


@pytest.mark.parametrize("word", ["yes", "true", 1, "on"])
def test_consent_is_a_plain_true_not_something_like_it(edge: Edge, word: Any) -> None:
    consent = enrollment("ana")["consent"] | {"accepted": word}

    refused(edge.enroll("ana", consent=consent), 422, "invalid_input")


def test_consent_to_an_older_notice_does_not_do(edge: Edge) -> None:
    refused(edge.enroll("ana", consent={"notice_version": "1999-01", "accepted": True}), 409, "notice_outdated")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"user_id": 5}', b"[" * 100_000])
def test_a_body_that_is_no_enrolment_is_refused(edge: Edge, body: bytes) -> None:
    response = edge.client.post("/face-auth/enroll", content=body, headers=edge.headers())

    refused(response, 422, "invalid_input")


@pytest.mark.parametrize("field", ["user_id", "username", "display_name"])
@pytest.mark.parametrize("value", ["a\x00b", "   ", "x" * 300, "line\nbreak"])
def test_a_name_is_printable_and_of_a_sane_length(edge: Edge, field: str, value: str) -> None:
    document = refused(edge.enroll("ana", **{field: value}), 422, "invalid_input")

    assert field in document["detail"]


def test_what_came_in_does_not_come_back(edge: Edge) -> None:
    secret = "Maria Conceicao 123.456.789-09"
    body = enrollment("ana", display_name=[secret], username={secret: secret}, face_images=secret)

    response = edge.post("/face-auth/enroll", body)

    refused(response, 422, "invalid_input")
    assert secret not in response.text


def test_a_flood_of_unknown_fields_gets_a_short_answer(edge: Edge) -> None:
    body = enrollment("ana") | {f"{number}" * 50: number for number in range(10_000, 12_000)}

    response = edge.post("/face-auth/enroll", body)

    refused(response, 422, "invalid_input")
    assert len(response.content) < 10_000


def test_a_department_nobody_made_is_unknown_to_its_own_admin(edge: Edge) -> None:
    refused(edge.enroll("ana", department="morgue"), 404, "department_unknown")


def test_who_administers_all_departments_opens_one_by_enrolling(edge: Edge) -> None:
    assert edge.enroll("ana", department=NEW_ROOM, admin="*").status_code == 201

    assert NEW_ROOM in edge.house.services.departments.names()


@pytest.mark.parametrize("name", ["../etc", "a/b", "a\x00b", "?x", "-", "*"])
def test_a_department_is_not_opened_under_a_name_that_cannot_stand_in_a_path(edge: Edge, name: str) -> None:
    before = edge.house.services.departments.names()

    refused(edge.enroll("ana", department=name, admin="*"), 422, "invalid_input")

    assert edge.house.services.departments.names() == before


def test_an_enrolment_that_lacks_consent_opens_no_department(edge: Edge) -> None:
    edge.enroll("ana", department=NEW_ROOM, admin="*", consent=None)

    assert NEW_ROOM not in edge.house.services.departments.names()


def test_a_department_is_closed_to_the_admin_of_another(edge: Edge) -> None:
    refused(edge.enroll("ana", department=ICU, admin=LAB, consent=None), 403, "department_forbidden")

    assert edge.house.names() == []


def open_one(edge: Edge) -> str:
    body = enrollment("ana", face_images=None)
    response = edge.post("/face-auth/enrollments", body)
    assert response.status_code == 201
    return f"/face-auth/enrollments/{response.json()['enrollment_id']}"


def test_an_enrolment_goes_step_by_step_too(edge: Edge) -> None:
    path = open_one(edge)
    images = pictures("ana")

    in_json = edge.post(f"{path}/captures", {"image": base64.b64encode(images[0]).decode()})
    raw = [edge.client.post(f"{path}/captures", content=image, headers=edge.headers()) for image in images[1:]]

    assert [response.json()["success"] for response in (in_json, *raw)] == [True] * 5
    completed = edge.client.post(f"{path}/complete", headers=edge.headers())
    assert completed.status_code == 201
    assert len(completed.json()["captures"]) == 5
    assert edge.sign_in(frames_of("ana"))[-1]["close"] == 1000


def test_a_bad_capture_says_why_and_the_enrolment_goes_on(edge: Edge) -> None:
    path = open_one(edge)

    response = edge.client.post(f"{path}/captures", content=b"garbage", headers=edge.headers())

    assert response.json() == {
        "success": False,
        "capture": {"accepted": False, "reason": "invalid_image", "quality": None},
    }


def test_completing_too_early_ends_the_enrolment(edge: Edge) -> None:
    path = open_one(edge)

    refused(edge.client.post(f"{path}/complete", headers=edge.headers()), 422, "captures_insufficient")
    refused(edge.client.post(f"{path}/complete", headers=edge.headers()), 409, "enrollment_state")


@pytest.mark.parametrize(("method", "step"), [("POST", "/captures"), ("POST", "/complete"), ("DELETE", "")])
def test_the_enrolments_of_others_do_not_exist(edge: Edge, method: str, step: str) -> None:
    path = open_one(edge)

    refused(edge.client.request(method, path + step, headers=edge.headers(department=LAB)), 404, "not_found")


def test_cancelling_an_active_enrolment_ends_its_sessions(edge: Edge) -> None:
    path = f"/face-auth/enrollments/{edge.enroll('ana').json()['enrollment_id']}"
    token = edge.session_token("ana")

    assert edge.client.delete(path, headers=edge.headers()).status_code == 204

    refused(edge.post("/face-auth/consent/withdraw", {}, token=token), 401, "invalid_token")
    refused(edge.client.delete(path, headers=edge.headers()), 409, "enrollment_state")


def test_a_lost_store_is_said_and_the_service_serves_again_when_it_is_back(edge: Edge) -> None:
    edge.house.store.lost = True
    refused(edge.enroll("ana"), 503, "unavailable")
    assert edge.client.get("/face-auth/ready").status_code == 503

    edge.house.store.lost = False
    assert edge.enroll("ana").status_code == 201
    assert edge.client.get("/face-auth/ready").status_code == 200


def test_no_answer_tells_more_than_it_should(edge: Edge) -> None:
    answers = [edge.enroll("ana"), edge.enroll("eva", images=pictures("ana")), edge.enroll("bia")]

    for answer in answers:
        assert not [word for word in ("similarity", "threshold", "gallery", "pad", "Traceback") if word in answer.text]
