"""Settings from the environment: read once, at the edge, never inside."""

from __future__ import annotations

import os
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from application.controller import Controller
from domain.errors import ConfigurationError
from domain.policies.lockout import LockoutPolicy
from domain.policies.retention import RetentionPolicy
from entrypoints.retention_settings import PERIODS, checked_period, retention_policy


class Settings(BaseSettings):
    """Every knob, with its unit in its name. Variables are FACEAUTH_<NAME>; DATABASE_URL stands alone."""

    model_config = SettingsConfigDict(env_prefix="FACEAUTH_", frozen=True, extra="ignore")

    home: Path = Path("var")
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL", repr=False)
    owner_database_url: str | None = Field(default=None, repr=False)
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
    device_required: Annotated[tuple[str, ...], NoDecode] = ()
    device_answer_seconds: float = Field(default=3.0, gt=0, le=10)
    liveness: Literal["active", "passive"] = "active"
    issuer: str = "https://localhost:8443"
    audience: str = "medical-record"
    client_id: str = "faceauth-app"
    idp_issuer: str | None = None
    idp_audience: str | None = None
    idp_roles_claim: str = Field(default="roles", min_length=1)
    idp_role_map: str = ""
    idp_department_claim: str = Field(default="department", min_length=1)
    idp_department_map: str = ""
    idp_token_types: Annotated[tuple[str, ...], NoDecode] = ("at+jwt",)
    idp_clock_skew_seconds: float = Field(default=60, ge=0, lt=300)
    idp_ca_file: Path | None = None
    client_audiences: Annotated[tuple[str, ...], NoDecode] = ()
    backups: Path | None = None
    escrow_key: Path | None = None
    key_backup_days: float = Field(default=30, gt=0, le=365)
    erasure_final_hours: float = Field(default=24, gt=0, le=24 * 30)
    epoch_key_days: float = Field(default=183, ge=1)
    template_days: float = Field(default=365, ge=1)
    retired_transform_days: float = Field(default=35, ge=0)
    retention_unused_template_days: float = 365
    retention_leaver_days: float = 180
    retention_unfinished_days: float = 1
    retention_attempt_days: float = 184
    retention_session_days: float = 184
    retention_consent_days: float = 1827
    retention_incident_days: float = 1827
    retention_announce_hours: float = Field(default=24, ge=1, le=24 * 30)
    retention_most_percent: float = Field(default=25, gt=0, lt=100)
    retention_most_jump_days: float = Field(default=35, ge=2, le=90)
    checkpoint_events: int = Field(default=10_000, ge=1)
    checkpoint_hours: float = Field(default=24, gt=0, le=24 * 30)
    session_hours: float = Field(default=8.0, gt=0, le=24)
    session_idle_minutes: float = Field(default=30.0, gt=0, le=24 * 60)
    signal_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    signal_http_on_loopback: bool = False
    signal_ca_file: Path | None = None
    signal_timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    signal_give_up_hours: float = Field(default=72.0, gt=0, le=24 * 30)
    passwords: Literal["local", "ldap", "oidc", "none"] = "local"
    mfa_departments: Annotated[tuple[str, ...], NoDecode] = ()
    argon2_passes: int = Field(default=3, ge=3, le=100)
    argon2_memory_kib: int = Field(default=64 * 1024, ge=64 * 1024, le=4 * 1024 * 1024)
    argon2_lanes: int = Field(default=4, ge=1, le=64)
    argon2_at_once: int = Field(default=2, ge=1, le=64)
    directory_timeout_seconds: float = Field(default=5.0, gt=0, le=30)
    ldap_urls: Annotated[tuple[str, ...], NoDecode] = ()
    ldap_start_tls: bool = False
    ldap_ca_file: Path | None = None
    ldap_bind_dn: str = ""
    ldap_bind_password_file: Path | None = None
    ldap_base: str = ""
    ldap_filter: str = "(uid={username})"
    ldap_user_dn: str = ""
    password_oidc_token_url: str = ""
    password_oidc_client_id: str = ""
    password_oidc_client_password_file: Path | None = None
    password_oidc_scope: str = "openid"  # noqa: S105 - a scope
    password_oidc_ca_file: Path | None = None
    max_frame_bytes: int = Field(default=2 * 1024 * 1024, ge=1024)
    max_fps: float = Field(default=15.0, gt=0, le=60)
    max_frames: int = Field(default=300, ge=3)
    attempt_seconds: float = Field(default=30.0, gt=0, le=90)
    idle_seconds: float = Field(default=10.0, gt=0)
    max_connections: int = Field(default=64, ge=1)
    signals_issuer: str | None = None
    signals_audience: str | None = None
    signals_jwks_url: str | None = None
    signals_jwks_file: Path | None = None
    signals_poll_url: str | None = None
    signals_poll_seconds: float = Field(default=5.0, ge=0.5, le=3600)
    signals_ca_file: Path | None = None
    signals_token_file: Path | None = None
    signals_push_token_file: Path | None = None
    signals_subject: Literal["user_id", "username"] = "user_id"
    signals_skew_seconds: float = Field(default=300.0, ge=0, le=900)
    signals_max_age_days: float = Field(default=7.0, gt=0, le=90)
    witness_url: str | None = None
    witness_ca_file: Path | None = None
    witness_token_file: Path | None = None
    witness_key_file: Path | None = None
    timestamp_url: str | None = None
    timestamp_ca_file: Path | None = None
    timestamp_tls_ca_file: Path | None = None
    anchor_timeout_seconds: float = Field(default=10.0, gt=0, le=60)
    scim_adds_departments: bool = True
    paper_consent: Literal["allowed", "forbidden"] = "allowed"
    controller_name: str = Field(default="", max_length=200)
    controller_contact: str = Field(default="", max_length=300)
    encarregado_name: str = Field(default="", max_length=200)
    encarregado_contact: str = Field(default="", max_length=300)
    encarregado_substitute: str = Field(default="", max_length=300)
    holidays_state: str = ""
    time_zone: str = Field(default="America/Sao_Paulo", min_length=1)
    judge_threads: int = Field(default=max(1, os.cpu_count() or 1), ge=1)
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    attempts_per_minute: int = Field(default=5, ge=1, le=100_000)
    lockout_failures: int = Field(default=5, ge=1, le=100)
    lockout_live_failures: int = Field(default=10, ge=1, le=100)
    lockout_stop: int = Field(default=50, ge=2, le=1000)
    lockout_live_stop: int = Field(default=100, ge=2, le=1000)
    lockout_first_wait_seconds: float = Field(default=30, ge=1, le=3600)
    lockout_longest_wait_seconds: float = Field(default=3600, ge=1, le=24 * 3600)
    lockout_address_multiple: int = Field(default=4, ge=1, le=1000)
    lockout_claim_multiple: int = Field(default=10, ge=1, le=1000)
    lockout_department_multiple: int = Field(default=20, ge=1, le=1000)
    lockout_department_window_minutes: float = Field(default=10, gt=0, le=24 * 60)
    lockout_department_longest_wait_seconds: float = Field(default=300, ge=1, le=3600)
    lockout_familiar_days: float = Field(default=30, gt=0, le=183)
    lockout_forget_days: float = Field(default=30, gt=0, le=183)
    lockout_lease_seconds: float = Field(default=60, ge=1, le=600)
    lockout_rows: int = Field(default=100_000, ge=1000)

    @field_validator(
        "departments",
        "public_hosts",
        "client_audiences",
        "device_required",
        "trusted_proxies",
        "idp_token_types",
        "signal_hosts",
        "mfa_departments",
        "ldap_urls",
        mode="before",
    )
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator(*PERIODS)
    @classmethod
    def _lawful_period(cls, value: float, info: ValidationInfo) -> float:
        return checked_period(info.field_name or "", value)

    @model_validator(mode="after")
    def _sound_lockout(self) -> Self:
        _ = self.lockout_policy
        return self

    @property
    def retention_policy(self) -> RetentionPolicy:
        """How long everything lives. Raises ``ValueError`` where that is not lawful."""
        return retention_policy(self)

    @property
    def lockout_policy(self) -> LockoutPolicy:
        """How often somebody may fail. Raises ``ValueError`` where the numbers contradict each other."""
        return LockoutPolicy(
            failures=self.lockout_failures,
            live_failures=self.lockout_live_failures,
            stop=self.lockout_stop,
            live_stop=self.lockout_live_stop,
            first_wait=timedelta(seconds=self.lockout_first_wait_seconds),
            longest_wait=timedelta(seconds=self.lockout_longest_wait_seconds),
            address_multiple=self.lockout_address_multiple,
            claim_multiple=self.lockout_claim_multiple,
            department_multiple=self.lockout_department_multiple,
            department_window=timedelta(minutes=self.lockout_department_window_minutes),
            department_longest_wait=timedelta(seconds=self.lockout_department_longest_wait_seconds),
            familiar=timedelta(days=self.lockout_familiar_days),
            forget=timedelta(days=self.lockout_forget_days),
            lease=timedelta(seconds=self.lockout_lease_seconds),
            attempts_per_minute=self.attempts_per_minute,
            rows=self.lockout_rows,
        )

    @property
    def controller(self) -> Controller:
        """Who answers for the processing, as the hospital publishes it."""
        return Controller(
            name=self.controller_name,
            contact=self.controller_contact,
            encarregado_name=self.encarregado_name,
            encarregado_contact=self.encarregado_contact,
            encarregado_substitute=self.encarregado_substitute,
        )

    @property
    def models_dir(self) -> Path:
        """Where the default bundle lives."""
        return self.home / "models"

    @property
    def keys_dir(self) -> Path:
        """Where keys live, closed to everybody else."""
        return self.home / "keys"

    @property
    def log_dir(self) -> Path:
        """Where what is remembered of the log of events lives."""
        return self.home / "log"

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
            f"{_variable(str(fault['loc'][0]) if fault['loc'] else 'lockout_*')}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ConfigurationError(f"settings cannot be used: {faults}") from None
    return settings.model_copy(update={"home": settings.home.expanduser().resolve()})


def _variable(name: str) -> str:
    return name if name.isupper() else f"FACEAUTH_{name.upper()}"
