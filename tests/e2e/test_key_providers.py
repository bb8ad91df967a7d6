"""Keys outside the state directory, from a first start to an erasure that became final, by commands alone."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from entrypoints.bootstrap import bootstrap
from entrypoints.settings import Settings
from tests.e2e.service import Service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.softhsm import SoftToken

pytestmark = pytest.mark.database

ANA, RUI = "subject:ana", "subject:rui"


@pytest.fixture
def idle(passable_folder: Path) -> Service:
    """A state directory that nothing serves."""
    home = passable_folder / "home"
    home.mkdir()
    home.chmod(0o711)
    (passable_folder / "tmp").mkdir()
    return Service(home)


def refused(service: Service, *arguments: str) -> dict[str, str]:
    done = service.command(*arguments, "--json")
    assert done.returncode == 1, done.stdout
    document: dict[str, str] = json.loads(done.stderr.splitlines()[-1])
    return document


def two_people_one_of_them_erased(settings: Settings) -> None:
    with bootstrap(settings, vision=False) as app:
        for owner in (ANA, RUI):
            app.services.vault.create_key(owner)
        app.services.vault.destroy_key(RUI)


def states(service: Service) -> dict[str, str]:
    return {kek["id"]: kek["state"] for kek in service.json("keys", "status")["keks"]}


@pytest.mark.hsm
def test_keys_inside_a_token_are_rotated_and_destroyed_there(idle: Service, soft_token: SoftToken) -> None:
    variables = {
        "FACEAUTH_KEYS": "pkcs11",
        "FACEAUTH_PKCS11_MODULE": str(soft_token.module),
        "FACEAUTH_PKCS11_TOKEN": soft_token.label,
        "FACEAUTH_PKCS11_PIN_FILE": str(soft_token.pin_file),
    }
    service = replace(idle, extra=variables | soft_token.environment)
    before: dict[str, Any] = service.json("keys", "status")
    assert before["provider"] == "pkcs11"
    [former] = (kek["id"] for kek in before["keks"])
    two_people_one_of_them_erased(
        Settings(
            home=idle.home,
            keys="pkcs11",
            pkcs11_module=soft_token.module,
            pkcs11_token=soft_token.label,
            pkcs11_pin_file=soft_token.pin_file,
        )
    )

    done = service.json("keys", "rotate")

    assert (done["rewrapped"], done["destroyed"], done["kept"], done["final"]) == (1, [former], {}, [RUI])
    assert states(service) == {former: "destroyed", done["kek"]: "active"}
    ring = (idle.home / "keys" / "ring.json").read_text()
    assert '"secrets"' not in ring
    denied = refused(idle, "keys", "status")
    assert denied["error"] == "key_ring"
    assert "set FACEAUTH_KEYS=pkcs11" in denied["detail"]


def test_keys_of_the_environment_are_rotated_and_destroyed_by_whoever_sets_it(idle: Service) -> None:
    first, second = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))

    def started_with(*keys: str) -> Service:
        return replace(idle, extra={"FACEAUTH_KEYS": "environment", "FACEAUTH_KEKS": ",".join(keys)})

    service = started_with(f"k1={first}")
    assert states(service) == {"k1": "active"}
    two_people_one_of_them_erased(Settings(home=idle.home, keys="environment", keks=SecretStr(f"k1={first}")))
    denied = refused(service, "keys", "rotate")
    assert denied["error"] == "keys_read_only"
    assert "add id=key" in denied["detail"]

    service = started_with(f"k1={first}", f"k2={second}")
    done = service.json("keys", "rotate")
    assert (done["kek"], done["rewrapped"], done["destroyed"], done["final"]) == ("k2", 1, [], [])
    assert "take k1 out of FACEAUTH_KEKS" in done["kept"]["k1"]
    assert states(service) == {"k1": "retiring", "k2": "active"}
    assert service.json("keys", "status")["erasures"] == {"pending": 1, "final": 0}

    service = started_with(f"k2={second}")
    done = service.json("keys", "rotate")
    assert (done["kek"], done["destroyed"], done["kept"], done["final"]) == ("k2", ["k1"], {}, [RUI])
    assert states(service) == {"k1": "destroyed", "k2": "active"}

    denied = refused(started_with(f"k1={first}", f"k2={second}"), "keys", "status")
    assert "k1 counts as destroyed" in denied["detail"]
    everything = [path.read_bytes() for path in (idle.home / "keys").iterdir()]
    assert not [text for text in everything for key in (first, second) if key.encode() in text]
