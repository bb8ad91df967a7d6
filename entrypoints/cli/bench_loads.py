"""What ``faceauth bench`` measures: our own work, and the plain ONNX Runtime calls it is held against."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import numpy as np

from adapters.vision import detector, embedder, pad
from adapters.vision.bundle import Bundle
from adapters.vision.load import DETECTOR_ID, PAD_IDS
from adapters.vision.runtime import onnxruntime
from adapters.vision.sessions import ONLY_ERRORS
from application.ports.vault import subject_owner
from application.services import Services
from application.templates import seal_template
from domain.attempt import Attempt
from domain.biometrics import Embedding
from domain.consent import ENROLLMENT, Consent
from domain.enrollment import MIN_USED_CAPTURES, Enrollment
from domain.policies.liveness import FrameLog
from entrypoints.cli import demo_faces

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEPARTMENT: Final = "bench"
GALLERY: Final = 200
PERSON: Final = 2
FRAME_QUALITY: Final = 85


def frame() -> bytes:
    """Return a 1280x720 JPEG with one face 288 pixels wide, made of the demo's photograph."""
    view = demo_faces.Variation(face=0.4)
    return demo_faces.encode(
        demo_faces.portrait(demo_faces.photograph(), PERSON, view, demo_faces.LANDSCAPE), FRAME_QUALITY
    )


class Peer:
    """The bundle's networks as plain sessions, one thread each, called one after the other on inputs ready-made."""

    def __init__(self, bundle: Bundle) -> None:
        """Load every model of the default bundle once more."""
        width, height = demo_faces.LANDSCAPE
        rows = -(-height * detector.LONG_SIDE // width // detector.STRIDES[-1]) * detector.STRIDES[-1]
        crop = (embedder.FR_FEATURE_ID, embedder.INPUT_SHAPE)
        self._frame = _calls(
            bundle,
            [(DETECTOR_ID, (1, 3, rows, detector.LONG_SIDE)), *((name, pad.INPUT_SHAPE) for name in PAD_IDS)],
        )
        self._embedding = _calls(bundle, [(embedder.SFACE_ID, embedder.INPUT_SHAPE), crop, crop])

    def judge(self) -> None:
        """Make the calls of one judged frame: detector, then the presentation attack ensemble."""
        for call in self._frame:
            call()

    def embed(self) -> None:
        """Make the calls of one embedding: SFace, fr_feature on the face and on its mirror image."""
        for call in self._embedding:
            call()


def _calls(bundle: Bundle, inputs: list[tuple[str, tuple[int, ...]]]) -> list[Callable[[], object]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = ONLY_ERRORS
    rng = np.random.default_rng(0)
    sessions: dict[str, onnxruntime.InferenceSession] = {}
    calls: list[Callable[[], object]] = []
    for name, shape in inputs:
        if name not in sessions:
            sessions[name] = onnxruntime.InferenceSession(
                bundle.read(name), options, providers=["CPUExecutionProvider"]
            )
        calls.append(_call(sessions[name], rng.uniform(0, 255, shape).astype(np.float32)))
    return calls


def _call(session: onnxruntime.InferenceSession, blob: NDArray[np.float32]) -> Callable[[], object]:
    feed = {session.get_inputs()[0].name: blob}
    return lambda: session.run(None, feed)


def fill_gallery(services: Services, dimension: int) -> None:
    """Store 200 active enrolments of random people, personal fields and templates sealed, and take them in."""
    services.departments.add(DEPARTMENT)
    rng, act = np.random.default_rng(1), services.act("operator:bench", "cli")
    position, transform = 0, services.protection.active()
    for vector in rng.normal(size=(GALLERY, dimension)):
        subject_id, template_id = services.ids.new(), services.ids.new()
        services.vault.create_key(subject_owner(subject_id))
        unit = Embedding(services.judge.model, (vector / np.linalg.norm(vector)).astype(np.float32))
        template = services.protection.protect(unit, transform)
        enrollment = Enrollment.open(
            services.ids.new(),
            subject_id=subject_id,
            department=DEPARTMENT,
            user_id_sealed="",
            username_sealed="",
            display_name_sealed="",
            act=act,
        )
        for _ in range(MIN_USED_CAPTURES):
            enrollment.accept_capture(quality=1.0, pad=1.0, act=act)
        sealed = seal_template(services.vault, subject_id, template_id, template)
        enrollment.seal_template(sealed, used=MIN_USED_CAPTURES, act=act)
        enrollment.activate(act=act)
        position = services.store.save(enrollment)
    services.index.catch_up(position)


def search(services: Services, probe: Embedding) -> None:
    """Look for a face among 200."""
    services.index.search(DEPARTMENT, probe)


def issue_token(services: Services, _probe: Embedding) -> None:
    """Sign one access token."""
    services.tokens.issue_access(
        subject_id=uuid4(),
        session_id=uuid4(),
        department=DEPARTMENT,
        amr=("face",),
        acr="urn:faceauth:acr:face-passive",
        authenticated_at=datetime.now(UTC),
    )


def save_event(services: Services, _probe: Embedding) -> None:
    """Save one event on a stream of its own."""
    act = services.act("operator:bench", "cli")
    services.store.save(
        Consent.grant(services.ids.new(), ENROLLMENT, legal_basis="bench", notice=("bench", ""), act=act)
    )


def save_attempt(services: Services, _probe: Embedding) -> None:
    """Save what a refused attempt saves: start and challenge; then, read again, evidence, refusal and fallback."""
    act = services.act("anonymous", "cli")
    attempt = Attempt.start(services.ids.new(), department=DEPARTMENT, mode="cli", policy="passive", act=act)
    attempt.issue_challenge("hold_still", act=act)
    services.store.save(attempt)
    attempt = services.store.get(Attempt, attempt.id)
    attempt.assess(FrameLog().summary(), act=act)
    attempt.refuse(code="face_not_recognised", reason="below_threshold", next_step="password", act=act)
    attempt.offer_fallback(method="password", act=act)
    services.store.save(attempt)
