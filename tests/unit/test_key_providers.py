"""The chooser: which settings make which provider, and which are refused."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.crypto.key_ring import KeyRing
from domain.errors import ConfigurationError, KeyRingError
from entrypoints.cli.private_home import private_settings
from entrypoints.examination import examine
from entrypoints.key_providers import provider_factory
from entrypoints.settings import Settings, load_settings

KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def pin_file(tmp_path: Path) -> Path:
    path = tmp_path / "pin"
    path.touch(mode=0o600)
    path.write_text(" 7305-ward-pin\n", encoding="utf-8")
    return path


@pytest.fixture
def on_token(tmp_path: Path, pin_file: Path) -> dict[str, Any]:
    """Settings of a token; the module is a file, though no library."""
    module = tmp_path / "module.so"
    module.touch()
    return {"keys": "pkcs11", "pkcs11_module": module, "pkcs11_token": "ward", "pkcs11_pin_file": pin_file}


def test_keys_are_in_the_file_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEAUTH_KEYS", raising=False)

    assert provider_factory(Settings()).name == "file"


def test_each_setting_makes_its_provider(on_token: dict[str, Any]) -> None:
    assert provider_factory(Settings(keys="environment", keks=SecretStr(f"a={KEY}"))).name == "environment"
    assert provider_factory(Settings(**on_token)).name == "pkcs11"


def test_the_environment_without_keys_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="needs FACEAUTH_KEKS"):
        provider_factory(Settings(keys="environment"))


@pytest.mark.parametrize("variable", ["pkcs11_module", "pkcs11_token", "pkcs11_pin_file"])
def test_a_token_with_a_setting_missing_is_refused_by_its_name(on_token: dict[str, Any], variable: str) -> None:
    with pytest.raises(ConfigurationError, match=f"needs FACEAUTH_{variable.upper()}"):
        provider_factory(Settings(**on_token | {variable: None}))


@pytest.mark.parametrize("variable", ["keks", "pkcs11_module", "pkcs11_token", "pkcs11_pin_file"])
def test_settings_of_another_provider_are_refused(variable: str) -> None:
    given: dict[str, Any] = {variable: "a value"}

    with pytest.raises(
        ConfigurationError, match=f"FACEAUTH_{variable.upper()} is set, but FACEAUTH_KEYS=file"
    ) as refused:
        provider_factory(Settings(**given))
    assert refused.value.code == "configuration"
    assert "a value" not in str(refused.value)


def test_a_module_that_is_no_file_is_refused(on_token: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="FACEAUTH_PKCS11_MODULE: there is no file"):
        provider_factory(Settings(**on_token | {"pkcs11_module": tmp_path / "nothing.so"}))


def test_a_module_that_is_no_library_makes_no_ring(on_token: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match=r"cannot be used .*FACEAUTH_PKCS11_MODULE"):
        KeyRing.open(tmp_path / "keys" / "ring.json", make_provider=provider_factory(Settings(**on_token)))
    assert not (tmp_path / "keys" / "ring.json").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_pin_that_others_may_read_is_refused_with_the_remedy(
    on_token: dict[str, Any], pin_file: Path, mode: int
) -> None:
    pin_file.chmod(mode)

    with pytest.raises(ConfigurationError, match=f"chmod 600 {pin_file}") as refused:
        provider_factory(Settings(**on_token))
    assert "7305" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_pin_file_without_a_pin_is_refused(on_token: dict[str, Any], pin_file: Path, content: bytes) -> None:
    pin_file.write_bytes(content)

    with pytest.raises(ConfigurationError, match="holds no PIN"):
        provider_factory(Settings(**on_token))


def test_a_pin_file_that_is_missing_or_a_folder_is_refused(on_token: dict[str, Any], pin_file: Path) -> None:
    pin_file.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        provider_factory(Settings(**on_token))
    pin_file.mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match="FACEAUTH_PKCS11_PIN_FILE"):
        provider_factory(Settings(**on_token))


def test_without_the_package_one_is_told_how_to_install_it(
    on_token: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'faceauth\[hsm\]'"):
        provider_factory(Settings(**on_token))
    assert provider_factory(Settings()).name == "file"


def test_keys_of_the_environment_show_in_no_settings_and_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEAUTH_KEYS", "environment")
    monkeypatch.setenv("FACEAUTH_KEKS", f"a={KEY}, b=secret")
    settings = load_settings()
    with pytest.raises(ConfigurationError, match="entry 2") as refused:
        provider_factory(settings)
    monkeypatch.setenv("FACEAUTH_KEYS", "elsewhere")
    with pytest.raises(ConfigurationError, match="FACEAUTH_KEYS") as unknown:
        load_settings()

    shown = [repr(settings), str(settings), str(settings.model_dump()), str(refused.value), str(unknown.value)]
    shown.append(repr(provider_factory(Settings(keys="environment", keks=SecretStr(f"a={KEY}")))))
    assert not [text for text in shown if KEY in text or "secret" in text]


def test_a_ring_of_the_file_is_not_opened_by_a_token(on_token: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ring.json"
    KeyRing.open(path)

    with pytest.raises(KeyRingError, match="set FACEAUTH_KEYS=file"):
        KeyRing.open(path, make_provider=provider_factory(Settings(**on_token)))


def test_a_private_state_directory_keeps_its_keys_to_itself() -> None:
    with private_settings(Settings(keys="environment", keks=SecretStr(f"a={KEY}"))) as own:
        assert provider_factory(own).name == "file"


def test_the_doctor_names_the_provider_or_what_is_wrong_with_its_settings(tmp_path: Path) -> None:
    def found(**given: Any) -> tuple[str, str]:
        [finding] = [one for one in examine(Settings(home=tmp_path, **given)) if one.name == "key_provider"]
        return finding.state, finding.detail

    assert found() == ("ok", "file")
    state, detail = found(keys="environment")
    assert state == "fault"
    assert "needs FACEAUTH_KEKS" in detail
