"""Signing keys change under a running service, and whatever a former one signed still verifies."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from adapters.crypto import signing_keys
from adapters.crypto.signing_file import FORMAT, FORMER_FORMAT
from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import JwtIssuer
from adapters.memory.clock import FixedClock, SequentialIds
from domain.errors import KeyRingError, TokenInvalidError
from tests.unit.crypto.test_jwt import AUDIENCE, House

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "signing.json"


def issuer(keys: SigningKeys, clock: FixedClock | None = None) -> JwtIssuer:
    return JwtIssuer(
        keys=keys,
        pairwise_key=b"p" * 32,
        issuer="https://faceauth.test",
        audience=AUDIENCE,
        client_id="faceauth-app",
        clock=clock or FixedClock(),
        ids=SequentialIds(),
    )


def read_by_joserfc(token: str, key_set: Mapping[str, Any]) -> dict[str, Any]:
    """What a library that we had no hand in reads out of a token with our published keys."""
    keys = KeySet.import_key_set(json.loads(json.dumps(key_set)))
    return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


def states(keys: SigningKeys) -> list[str]:
    return [key.state for key in keys.status()]


def test_a_new_file_publishes_the_next_key_before_it_signs(path: Path) -> None:
    keys = SigningKeys.open(path)
    coming = keys.status()[1].kid
    assert states(keys) == ["active", "next"]
    assert [key["kid"] for key in keys.jwks()["keys"]] == [key.kid for key in keys.status()]

    assert keys.rotate(NOW) == keys.active().kid == coming
    assert states(keys) == ["retiring", "active", "next"]


def test_what_was_signed_before_three_rotations_verifies_by_the_key_set_of_today(path: Path) -> None:
    keys, clock = SigningKeys.open(path), FixedClock()
    made = issuer(keys, clock)
    staff = made.issue_staff(role="operator", department="*", ttl=timedelta(days=365))
    certificate = made.certify("erasure-certificate+jwt", {"what": "gone"})
    for _ in range(3):
        keys.rotate(NOW)
        keys.retire(NOW + timedelta(days=1))
    clock.advance(timedelta(days=364))

    assert states(keys) == ["retired", "retired", "retired", "active", "next"]
    assert made.verify(staff).roles == {"operator"}
    assert read_by_joserfc(staff, made.jwks())["roles"] == ["operator"]
    assert read_by_joserfc(certificate, made.jwks())["what"] == "gone"


def test_a_retired_key_keeps_its_public_half_only(path: Path) -> None:
    keys = SigningKeys.open(path)
    former = keys.active()
    private = json.loads(path.read_text())["keys"][0]["private_pem"]
    keys.rotate(NOW)
    assert keys.retire(NOW) == []
    assert private in json.loads(path.read_text())["keys"][0]["private_pem"]

    assert keys.retire(NOW + timedelta(seconds=1)) == [former.kid]
    assert "private_pem" not in json.loads(path.read_text())["keys"][0]
    assert private.splitlines()[1] not in path.read_text()
    again = SigningKeys.open(path)
    assert again.public(former.kid) == former.public
    assert {frozenset(key) for key in again.jwks()["keys"]} == {
        frozenset({"kty", "crv", "x", "y", "kid", "use", "alg"})
    }


def test_another_process_publishes_a_new_key_at_once_and_signs_with_it_within_its_look(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = SigningKeys.open(path), SigningKeys.open(path)
    newest = here.rotate(NOW)
    token = issuer(here).certify("x+jwt", {})

    assert newest in {key["kid"] for key in there.jwks()["keys"]}
    assert read_by_joserfc(token, there.jwks())
    monkeypatch.setattr(signing_keys, "LOOK_EVERY_S", -1.0)
    assert there.active().kid == newest


def test_a_token_of_a_key_that_is_not_known_yet_is_looked_up_in_the_file(path: Path) -> None:
    here, there = SigningKeys.open(path), SigningKeys.open(path)
    here.rotate(NOW)
    here.rotate(NOW)

    issuer(there).verify(issuer(here).issue_staff(role="operator", department="*", ttl=timedelta(hours=1)))


def test_the_file_is_looked_at_once_a_second_at_most_while_tokens_are_signed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, looks = SigningKeys.open(path), []
    monkeypatch.setattr(keys, "_look", lambda: looks.append(1))
    monkeypatch.setattr("adapters.crypto.signing_keys.time.monotonic", lambda: keys._looked + 0.9)
    for _ in range(50):
        keys.active()

    assert looks == []


def test_a_file_of_the_former_format_is_read_and_rewritten_by_a_rotation(path: Path) -> None:
    SigningKeys.open(path)
    document = json.loads(path.read_text())
    entry = {name: document["keys"][0][name] for name in ("kid", "state", "created_at", "private_pem")}
    path.write_text(json.dumps({"format": FORMER_FORMAT, "keys": [entry]}))
    before = path.read_text()

    keys = SigningKeys.open(path)
    assert (states(keys), path.read_text()) == (["active"], before)
    former = keys.active().kid
    keys.rotate(NOW)

    assert states(keys) == ["retiring", "active", "next"]
    assert json.loads(path.read_text())["format"] == FORMAT
    assert SigningKeys.open(path).public(former) is not None


@pytest.mark.parametrize(
    "change",
    [
        lambda keys: keys[0].update(state="next"),
        lambda keys: keys[1].update(state="active"),
        lambda keys: keys[0].update(state="retired"),
        lambda keys: keys.append(keys[0]),
        lambda keys: keys.clear(),
        lambda keys: keys[0].update(created_at="yesterday"),
    ],
)
def test_a_file_that_cannot_be_ours_is_refused(path: Path, change: Any) -> None:
    SigningKeys.open(path)
    document = json.loads(path.read_text())
    change(document["keys"])
    path.write_text(json.dumps(document))

    with pytest.raises(KeyRingError, match="damaged"):
        SigningKeys.open(path)


def test_a_file_that_breaks_under_a_running_service_stops_nothing_and_is_reported(path: Path) -> None:
    keys = SigningKeys.open(path)
    signs = keys.active().kid
    path.write_text("{")

    assert keys.jwks()["keys"]
    assert keys.active().kid == signs
    with pytest.raises(KeyRingError):
        keys.refresh()
    with pytest.raises(KeyRingError):
        keys.rotate(NOW)


def test_processes_that_rotate_at_once_lose_no_key(path: Path) -> None:
    first = SigningKeys.open(path).active().kid
    program = (
        "import sys, pathlib, datetime\n"
        "from adapters.crypto.signing_keys import SigningKeys\n"
        "keys = SigningKeys.open(pathlib.Path(sys.argv[1]))\n"
        "for _ in range(5): print(keys.rotate(datetime.datetime.now(datetime.UTC)), flush=True)\n"
    )
    racers = [
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", program, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    signed = [line for racer in racers for line in racer.communicate(timeout=60)[0].splitlines()]

    published = [key.kid for key in SigningKeys.open(path).status()]
    assert len(signed) == len(set(signed)) == 15
    assert set(published) >= {first, *signed}
    assert len(published) == 17
    assert states(SigningKeys.open(path)) == ["retiring"] * 15 + ["active", "next"]


def test_no_repr_holds_a_private_key(path: Path) -> None:
    keys = SigningKeys.open(path)

    assert "private" not in f"{keys!r}{keys.active()!r}{keys.status()!r}".lower()


def test_a_key_that_was_never_ours_signs_nothing_for_us(tmp_path: Path, path: Path) -> None:
    stranger = House(SigningKeys.open(tmp_path / "other" / "signing.json"), FixedClock())

    with pytest.raises(TokenInvalidError):
        issuer(SigningKeys.open(path)).verify(stranger.forged())
    with pytest.raises(Exception, match=r"."):
        jws.deserialize_compact(
            stranger.forged(), KeySet.import_key_set(json.loads(json.dumps(SigningKeys.open(path).jwks())))
        )
