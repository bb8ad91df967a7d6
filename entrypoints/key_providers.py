"""Which provider holds the key-encryption keys, as the settings say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.crypto.environment_keks import VARIABLE, KeksOfVariable, parsed
from adapters.crypto.file_keks import FileKeks
from adapters.crypto.kek_provider import ENVIRONMENT, FILE, PKCS11
from adapters.crypto.pkcs11_keks import KeksOfToken
from adapters.crypto.pkcs11_token import TokenAddress, pkcs11_package, read_pin
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.crypto.kek_provider import ProviderFactory
    from entrypoints.settings import Settings

MODULE: Final = "FACEAUTH_PKCS11_MODULE"
TOKEN: Final = "FACEAUTH_PKCS11_TOKEN"  # noqa: S105 - the name of a variable
PIN_FILE: Final = "FACEAUTH_PKCS11_PIN_FILE"

FILE_KEYS: Final[Mapping[str, Any]] = {
    "keys": FILE,
    "keks": None,
    "pkcs11_module": None,
    "pkcs11_token": None,
    "pkcs11_pin_file": None,
}
"""Settings of a state directory that needs nothing outside itself."""


def provider_factory(settings: Settings) -> ProviderFactory:
    """Return what makes the provider of FACEAUTH_KEYS.

    Raises ``ConfigurationError`` where it lacks a setting, where one cannot work, and where there are settings of
    another provider: somebody believes that the keys are elsewhere.
    """
    _check_strangers(settings)
    if settings.keys == ENVIRONMENT:
        return _of_variable(settings)
    if settings.keys == PKCS11:
        return _of_token(settings)
    return FileKeks


def _of_variable(settings: Settings) -> ProviderFactory:
    if settings.keks is None:
        raise ConfigurationError(f"FACEAUTH_KEYS={ENVIRONMENT} needs {VARIABLE}: id=key, 32 random bytes in base64")
    variable = settings.keks.get_secret_value()
    parsed(variable)
    return KeksOfVariable(variable)


def _of_token(settings: Settings) -> ProviderFactory:
    module, label, pin_file = settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin_file
    if module is None or not label or pin_file is None:
        needed = {MODULE: module, TOKEN: label, PIN_FILE: pin_file}
        missing = ", ".join(name for name, value in needed.items() if not value)
        raise ConfigurationError(f"FACEAUTH_KEYS={PKCS11} needs {missing}: set it")
    pkcs11_package()
    if not module.is_file():
        raise ConfigurationError(f"{MODULE}: there is no file {module}: name the library that came with the device")
    read_pin(pin_file)
    return KeksOfToken(TokenAddress(_absolute(module), label, _absolute(pin_file)))


def _check_strangers(settings: Settings) -> None:
    known = (
        (VARIABLE, ENVIRONMENT, settings.keks is not None),
        (MODULE, PKCS11, settings.pkcs11_module is not None),
        (TOKEN, PKCS11, settings.pkcs11_token is not None),
        (PIN_FILE, PKCS11, settings.pkcs11_pin_file is not None),
    )
    for variable, provider, present in known:
        if present and provider != settings.keys:
            raise ConfigurationError(
                f"{variable} is set, but FACEAUTH_KEYS={settings.keys}: set FACEAUTH_KEYS={provider}, or take that away"
            )


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()
