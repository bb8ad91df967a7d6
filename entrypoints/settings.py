"""Settings from the environment: read once, at the edge, never inside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.errors import ConfigurationError


class Settings(BaseSettings):
    """Every knob, with its unit in its name. Variables are FACEAUTH_<NAME>; DATABASE_URL stands alone."""

    model_config = SettingsConfigDict(env_prefix="FACEAUTH_", frozen=True, extra="ignore")

    home: Path = Path("var")
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL", repr=False)
    keys: Literal["file", "environment", "pkcs11"] = "file"
    keks: SecretStr | None = Field(default=None, repr=False)
    pkcs11_module: Path | None = None
    pkcs11_token: str | None = None
    pkcs11_pin_file: Path | None = None
    models: Path | None = None
    former_models: Path | None = None
    accept_insightface_licence: bool = False
    score_distribution: Path | None = None
    target_fpir: float = Field(default=0.001, ge=1e-6, le=0.01)
    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, le=65535)
    public_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    departments: Annotated[tuple[str, ...], NoDecode] = ()
    liveness: Literal["active", "passive"] = "active"
    issuer: str = "https://localhost:8443"
    audience: str = "medical-record"
    client_id: str = "faceauth-app"
    client_audiences: Annotated[tuple[str, ...], NoDecode] = ()
    backups: Path | None = None
    escrow_key: Path | None = None
    key_backup_days: float = Field(default=30, gt=0, le=365)
    erasure_final_hours: float = Field(default=24, gt=0, le=24 * 30)
    epoch_key_days: float = Field(default=183, ge=1)
    template_days: float = Field(default=365, ge=1)
    retired_transform_days: float = Field(default=35, ge=0)
    session_hours: float = Field(default=8.0, gt=0, le=24)
    session_idle_minutes: float = Field(default=30.0, gt=0, le=24 * 60)
    max_frame_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    max_fps: float = Field(default=15.0, gt=0, le=60)
    max_frames: int = Field(default=300, ge=3)
    attempt_seconds: float = Field(default=30.0, gt=0, le=90)
    idle_seconds: float = Field(default=10.0, gt=0)
    max_connections: int = Field(default=64, ge=1)
    judge_threads: int = Field(default=max(1, os.cpu_count() or 1), ge=1)

    @field_validator("departments", "public_hosts", "client_audiences", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def models_dir(self) -> Path:
        """Where the default bundle lives."""
        return self.home / "models"

    @property
    def keys_dir(self) -> Path:
        """Where keys live, closed to everybody else."""
        return self.home / "keys"

    @property
    def backups_dir(self) -> Path:
        """Where backups go, unless a command names another place."""
        return self.backups or self.home / "backups"

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins (scheme, host and port) at which clients reach this service, the issuer's first."""
        hosts = (self.host, *self.public_hosts)
        return (self.issuer, *(f"https://{f'[{host}]' if ':' in host else host}:{self.port}" for host in hosts))

    @property
    def tls_dir(self) -> Path:
        """Where the TLS certificate and its key live."""
        return self.home / "tls"


def load_settings() -> Settings:
    """Read the environment. Raises ``ConfigurationError`` naming each variable that cannot work, never its value."""
    try:
        settings = Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{_variable(str(fault['loc'][0]) if fault['loc'] else '?')}: {fault['msg']}" for fault in error.errors()
        )
        raise ConfigurationError(f"settings cannot be used: {faults}") from None
    return settings.model_copy(update={"home": settings.home.expanduser().resolve()})


def _variable(name: str) -> str:
    return name if name.isupper() else f"FACEAUTH_{name.upper()}"
