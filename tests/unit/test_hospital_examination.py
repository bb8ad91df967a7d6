"""What the doctor says of the hospital's other systems."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from application import checkpoints
from domain.errors import ConfigurationError
from entrypoints import hospital_examination as doctor
from entrypoints.finding import Finding
from entrypoints.settings import Settings
from tests.house import build_house
from tests.token_endpoint import token_endpoint
from tests.transmitter import ec_key, key_set, rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def found(check: Callable[[Settings], Iterator[Finding]], **settings: Any) -> Finding:
    (finding,) = check(Settings(**settings))
    assert bool(finding.remedy) == (finding.state != "ok")
    assert not finding.remedy or " / " in finding.remedy
    return finding


def nobody() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def test_passwords_that_are_kept_here_or_not_at_all_are_well() -> None:
    assert found(doctor.passwords).detail == "local, Argon2id with 64 MiB and 3 passes"
    assert found(doctor.passwords, passwords="none").state == "ok"


def test_a_password_provider_is_asked_whether_it_is_there() -> None:
    oidc = {"passwords": "oidc", "password_oidc_client_id": "faceauth"}
    with token_endpoint({}) as provider:
        assert found(doctor.passwords, password_oidc_token_url=provider.url, **oidc).state == "ok"
        assert provider.forms == []
    down = found(doctor.passwords, password_oidc_token_url=provider.url, **oidc)

    assert (down.state, down.detail) == ("warning", "oidc: the provider cannot be reached: refused")
    assert "FACEAUTH_PASSWORD_OIDC_*" in down.remedy


def test_a_directory_that_is_down_is_a_warning_that_names_no_address() -> None:
    down = found(doctor.passwords, passwords="ldap", ldap_urls=f"ldap://127.0.0.1:{nobody()}", ldap_base="dc=hospital")

    assert down.state == "warning"
    assert "1 of 1 servers fail: server 1" in down.detail
    assert "127.0.0.1" not in down.detail


def test_passwords_that_contradict_themselves_are_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError):
        found(doctor.passwords, passwords="none", mfa_departments="uti")


def receiving(tmp_path: Path, raw: bytes | None = None, **more: Any) -> dict[str, Any]:
    file = tmp_path / "keys.json"
    if raw is not None:
        file.write_bytes(raw)
    return {"signals_issuer": "https://idp", "signals_audience": "https://us", "signals_jwks_file": file, **more}


def test_a_transmitters_keys_are_counted(tmp_path: Path) -> None:
    assert found(doctor.events_in).detail == "none: no transmitter is listened to"
    two = found(doctor.events_in, **receiving(tmp_path, key_set(ec_key(), rsa_key())))
    assert (two.state, two.detail) == ("ok", "2 keys that verify its events")


@pytest.mark.parametrize("raw", [None, b"", b'{"keys": []}'])
def test_a_transmitter_without_keys_is_a_warning(tmp_path: Path, raw: bytes | None) -> None:
    assert found(doctor.events_in, **receiving(tmp_path, raw)).state == "warning"


def test_a_credential_that_others_may_read_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    (tmp_path / "token").chmod(0o644)
    for name in ("signals_token_file", "signals_push_token_file"):
        with pytest.raises(ConfigurationError, match=f"FACEAUTH_{name.upper()}"):
            found(doctor.events_in, **receiving(tmp_path, key_set(ec_key()), **{name: tmp_path / "token"}))


def test_half_a_transmitter_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError):
        found(doctor.events_in, signals_issuer="https://idp")


@pytest.mark.parametrize("hosts", ["", "siem.hospital", "siem.hospital:8443, 10.0.0.7", "[fd00::7]:9000"])
def test_hosts_that_events_may_go_to(hosts: str) -> None:
    assert found(doctor.events_out, signal_hosts=hosts).state == "ok"


@pytest.mark.parametrize("host", ["https://siem", "*.hospital", "siem/path", "siem:0", "siem:70000", "siem:x", "a b"])
def test_what_can_match_no_host_is_a_fault(host: str) -> None:
    assert found(doctor.events_out, signal_hosts=f"siem.hospital,{host}").detail == "1 of 2 match no host"


def test_a_ca_file_of_receivers_that_cannot_be_read_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="FACEAUTH_SIGNAL_CA_FILE"):
        found(doctor.events_out, signal_ca_file=tmp_path / "nothing.pem")


def test_proxies_are_told_and_the_whole_world_is_none() -> None:
    assert found(doctor.proxies).state == "ok"
    assert found(doctor.proxies, trusted_proxies="10.0.0.0/8,fd00::1/128").detail == "10.0.0.0/8, fd00::1/128"
    for wide in ("0.0.0.0/0", "::/0", "10.0.0.1/32,128.0.0.0/1"):
        assert found(doctor.proxies, trusted_proxies=wide).state == "fault"


def test_a_lockout_weaker_than_the_standard_is_a_warning() -> None:
    assert found(doctor.lockout).detail == (
        "5 failures (10 live), then 30 s, doubling; an end at 50 (100); 5 attempts a minute"
    )
    assert found(doctor.lockout, lockout_failures=3).state == "ok"
    weak = found(doctor.lockout, lockout_failures=6, lockout_first_wait_seconds=1)
    assert weak.remedy.endswith("unset FACEAUTH_LOCKOUT_FAILURES, FACEAUTH_LOCKOUT_FIRST_WAIT_SECONDS")


def test_a_newest_checkpoint_that_is_not_ours_is_a_fault() -> None:
    house = build_house()
    house.enroll("ana")
    checkpoints.make(house.services, at=house.clock.now())
    assert doctor.event_log(house.services).state == "warning"  # never verified

    log: Any = house.services.log
    number, envelope = log.newest_checkpoint()
    log.checkpoints_kept[number] = json.dumps(json.loads(envelope) | {"payload": "e30"}).encode()

    assert doctor.event_log(house.services).state == "fault"
