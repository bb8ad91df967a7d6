"""From one recognition network to another, with real networks and real faces."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.vision.load import load_pipeline
from application import rotate
from application.authenticate import Authentication
from application.consent import live_enrollment
from application.outcome import Client, Outcome
from domain.policies.enrolling import mean_template
from domain.rotation import MODEL_UPGRADE
from entrypoints.app import App
from entrypoints.bootstrap import bootstrap
from entrypoints.cli import demo_faces
from entrypoints.settings import Settings
from tests.scrfd import save_detector
from tests.synthetic import enrol_face

pytestmark = [
    pytest.mark.models,
    pytest.mark.database,
    # insightface, and what it imports, warn about their own dependencies.
    pytest.mark.filterwarnings("default"),
]

ANA, STRANGER = 0, 5
WARD = "cardiologia"


@pytest.fixture
def pack(installed_models: Path, tmp_path: Path) -> Path:
    """Yesterday's models, in insightface's form: one of the two networks that today's bundle joins."""
    folder = tmp_path / "pack"
    folder.mkdir()
    save_detector(folder / "det_test.onnx")
    shutil.copy(installed_models / "fr-feature-0.0.1.onnx", folder / "recogniser.onnx")
    return folder


def sign_in(app: App, person: int) -> Outcome:
    attempt = Authentication(app.services, department=WARD, mode="faceauth.v1", client=Client("192.0.2.1", "test"))
    attempt.start()
    for picture in demo_faces.captures(demo_faces.photograph(), person, demo_faces.SIGN_IN):
        attempt.take(picture)
    return attempt.decide(last=True)


def test_a_person_enrolled_with_yesterday_s_network_signs_in_and_is_taken_to_today_s(
    pack: Path, installed_models: Path, tmp_path: Path, dsn: str
) -> None:
    settings = Settings(home=tmp_path / "home").model_copy(
        update={
            "database_url": dsn,
            "models": installed_models,
            "former_models": pack,
            "liveness": "passive",
            "accept_insightface_licence": True,
        }
    )
    yesterday = load_pipeline(pack, default_bundle=installed_models, accept_licence=True)
    today = load_pipeline(installed_models)
    pictures = demo_faces.captures(demo_faces.photograph(), ANA, demo_faces.ENROLMENT)
    crops = [crop for picture in pictures if (crop := today.judge(picture)[1]) is not None]
    template = mean_template([yesterday.embed(crop) for crop in crops])
    settings.home.mkdir()
    (settings.home / "models").symlink_to(installed_models)

    with bootstrap(settings) as app:
        app.services.departments.add(WARD)
        ana = enrol_face(app.services, "ana", WARD, template)
        app.gallery.load()
        before = sign_in(app, ANA)
        assert before.admission is not None
        assert before.admission.subject_id == ana

        rotate.plan(app.services, reason=MODEL_UPGRADE, act=app.services.act("operator:test", "cli"))
        report = rotate.run(app.services, act=app.services.act("operator:test", "cli"))
        assert report is not None
        assert report.state == "waiting_for_recapture"
        assert not sign_in(app, STRANGER).success
        assert sign_in(app, ANA).success

        enrollment = live_enrollment(app.services, ana)
        assert enrollment is not None
        assert enrollment.template is not None
        assert enrollment.template.model == today.model != yesterday.model
        after = sign_in(app, ANA)
        assert after.admission is not None
        assert after.admission.subject_id == ana
        assert not sign_in(app, STRANGER).success
        done = rotate.rotate_by_age(app.services, act=app.services.act("service", "worker"))
        assert done is not None
        assert (done.state, done.rotated) == ("completed", 1)
