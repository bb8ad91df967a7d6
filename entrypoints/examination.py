"""What ``faceauth doctor`` looks at: each finding with its state and, where something is wrong, its remedy."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.crypto.certificate import read_expiry
from adapters.postgres.roles import changes_history
from adapters.vision.bundle import read_bundle
from adapters.vision.load import embedder_of
from application import incidents
from application.services import Services
from domain.errors import FaceauthError, UnavailableError
from domain.policies.liveness import ACTIVE
from domain.policies.movement import ENABLED
from entrypoints import backups, hospital_examination, key_backups
from entrypoints.app import App
from entrypoints.bootstrap import bootstrap
from entrypoints.finding import Finding, State
from entrypoints.identity import count_keys
from entrypoints.key_providers import provider_factory
from entrypoints.measured import matching_policy
from entrypoints.opening import ring_path
from entrypoints.settings import Settings

MIN_FREE_BYTES: Final = 1 << 30
EXPIRY_WARNING: Final = timedelta(days=14)
OLD_BACKUP: Final = timedelta(days=7)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; a check that fails never hides the others."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python,
        _opencv,
        _state,
        _disk,
        _keys,
        _key_provider,
        _certificate,
        _models,
        _matching,
        _liveness,
        _identity_provider,
        hospital_examination.passwords,
        hospital_examination.events_in,
        hospital_examination.events_out,
        hospital_examination.proxies,
        hospital_examination.lockout,
        _database,
    )
    findings: list[Finding] = []
    for check in checks:
        try:
            findings.extend(check(settings))
        except (FaceauthError, OSError) as error:
            remedy = f"code {error.code}" if isinstance(error, FaceauthError) else "check FACEAUTH_HOME and its rights"
            findings.append(Finding(check.__name__.removeprefix("_"), "fault", str(error), remedy))
    return findings


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", "ok" if sys.version_info >= (3, 11) else "fault", version)


def _opencv(_: Settings) -> Iterator[Finding]:
    names = {dist.metadata["Name"].lower() for dist in importlib.metadata.distributions() if dist.metadata["Name"]}
    found = sorted(name for name in names if name.startswith("opencv-"))
    alone = found == ["opencv-python-headless"]
    remedy = "pip uninstall opencv-python opencv-contrib-python; pip install --force-reinstall opencv-python-headless"
    yield Finding("opencv", "ok" if alone else "warning", ", ".join(found) or "none", "" if alone else remedy)


def _state(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    if not home.exists():
        yield Finding("state", "warning", f"{home} does not exist yet", "faceauth serve makes it")
        return
    writable = os.access(home, os.W_OK | os.X_OK)
    yield Finding("state", "ok" if writable else "fault", str(home), "" if writable else f"let this user write {home}")


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.home if settings.home.exists() else settings.home.parent
    free = shutil.disk_usage(folder).free if folder.exists() else 0
    enough = free >= MIN_FREE_BYTES
    yield Finding("disk", "ok" if enough else "warning", f"{free / 2**30:.1f} GiB free", "" if enough else "make room")


def _keys(settings: Settings) -> Iterator[Finding]:
    for path in (ring_path(settings), settings.keys_dir / "signing.json"):
        if not path.exists():
            yield Finding(
                "keys", "warning", f"{path} does not exist yet", "faceauth serve makes it; restore it if lost"
            )
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        closed = not mode & 0o077
        yield Finding("keys", "ok" if closed else "fault", f"{path} {mode:04o}", "" if closed else f"chmod 600 {path}")


def _key_provider(settings: Settings) -> Iterator[Finding]:
    yield Finding("key_provider", "ok", provider_factory(settings).name)


def _certificate(settings: Settings) -> Iterator[Finding]:
    path = settings.tls_dir / "cert.pem"
    if not path.exists():
        yield Finding("certificate", "warning", "none yet", "faceauth serve makes a self-signed one")
        return
    left = read_expiry(path) - datetime.now(UTC)
    state: State = "ok" if left > EXPIRY_WARNING else "warning" if left > timedelta(0) else "fault"
    yield Finding("certificate", state, f"{left.days} days left", "" if state == "ok" else "renew it or restart serve")


def _models(settings: Settings) -> Iterator[Finding]:
    bundle = read_bundle(settings.models_dir)
    problems = bundle.problems()
    yield Finding(
        "models",
        "fault" if problems else "ok",
        "; ".join(f"{name}: {text}" for name, text in problems.items()) or f"{len(bundle.models)} verified",
        "faceauth models install" if problems else "",
    )


def _matching(settings: Settings) -> Iterator[Finding]:
    folder = settings.models or settings.models_dir
    model = embedder_of(folder, accept_licence=settings.accept_insightface_licence)
    measured = matching_policy(settings, {model}).distributions.get(model)
    if measured is None:
        detail = f"thresholds are not measured for {model}: fixed ones stand, and confidence is no probability"
        remedy = "faceauth evaluate calibration --images DIR --out FILE, then FACEAUTH_SCORE_DISTRIBUTION=FILE"
        yield Finding("matching", "warning", detail, remedy)
        return
    yield Finding("matching", "ok", f"thresholds measured for {model}, target FPIR {settings.target_fpir:g}")


def _liveness(settings: Settings) -> Iterator[Finding]:
    if settings.liveness == ACTIVE:
        yield Finding("liveness", "ok", f"policy active: two of {', '.join(ENABLED)}, in random order")
        return
    yield Finding(
        "liveness",
        "warning",
        "policy passive, one notch weaker: no movement is asked for",
        "unset FACEAUTH_LIVENESS; until then let nothing irreversible hang on a face alone",
    )


def _identity_provider(settings: Settings) -> Iterator[Finding]:
    try:
        keys = count_keys(settings)
    except UnavailableError as error:
        remedy = "check FACEAUTH_IDP_ISSUER, FACEAUTH_IDP_CA_FILE and the network; local tokens work all the same"
        yield Finding("identity_provider", "warning", str(error), remedy)
        return
    if keys is None:
        yield Finding("identity_provider", "ok", "none: only local tokens count")
        return
    yield Finding("identity_provider", "ok" if keys else "warning", f"{keys} keys that verify its tokens")


def _database(settings: Settings) -> Iterator[Finding]:
    with bootstrap(settings, vision=False) as app:
        services = app.services
        lag = services.projector.lag()
        newest = max(newest for _, newest in lag.values())
        kind = "embedded" if app.postgres is not None else "DATABASE_URL"
        yield Finding("database", "ok", f"{kind}, schema up to date, {newest} events")
        yield _history_owner(app)
        behind = {name: newest - position for name, (position, newest) in lag.items() if position < newest}
        detail = ", ".join(f"{name} {count} behind" for name, count in behind.items()) or "up to date"
        yield Finding("projections", "warning" if behind else "ok", detail, "start the service" if behind else "")
        names = services.departments.names()
        remedy = "" if names else "faceauth department add NAME"
        yield Finding("departments", "ok" if names else "warning", ", ".join(names) or "none", remedy)
        yield from hospital_examination.named_departments(settings, names)
        yield _erasures(services)
        yield hospital_examination.retention(services)
        yield _incidents(services)
        yield hospital_examination.event_log(services)
        yield _backup(app, "data_backup", backups.SUFFIX, "faceauth backup create")
        yield _backup(app, "key_backup", key_backups.SUFFIX, "faceauth backup create --keys")


def _history_owner(app: App) -> Finding:
    if not changes_history(app.database):
        return Finding("history", "ok", "append-only for the service's database role")
    detail = "the service's database role could change or remove events"
    remedy = "give the service a role of its own in DATABASE_URL and the owner's in FACEAUTH_OWNER_DATABASE_URL"
    return Finding("history", "warning", detail, remedy)


def _erasures(services: Services) -> Finding:
    waiting = [line.at for line in services.keys.destroyed_data_keys() if line.final_at is None]
    if not waiting:
        return Finding("erasures", "ok", "none waits to become final")
    overdue = services.clock.now() - min(waiting) > services.policies.retention.erasure_final
    detail = f"{len(waiting)} wait to become final, the oldest since {min(waiting):%Y-%m-%d %H:%M} UTC"
    return Finding("erasures", "fault" if overdue else "ok", detail, "faceauth keys rotate" if overdue else "")


def _incidents(services: Services) -> Finding:
    """Say how the clocks of incidents stand (Res. CD/ANPD 15/2024)."""
    now = services.clock.now()
    found = [clock for one in incidents.listing(services) for clock in incidents.clocks(one, services.calendar, now)]
    overdue = sum(clock.state == incidents.OVERDUE for clock in found)
    near = sum(clock.warns for clock in found) - overdue
    state: State = "fault" if overdue else "warning" if near else "ok"
    detail = f"{overdue} deadlines overdue, {near} near" if overdue or near else "no deadline is near"
    return Finding("incidents", state, detail, "" if state == "ok" else "faceauth incident list")


def _backup(app: App, name: str, suffix: str, remedy: str) -> Finding:
    made = [path.stat().st_mtime for path in app.settings.backups_dir.glob(f"*{suffix}")]
    if not made:
        return Finding(name, "warning", f"none in {app.settings.backups_dir}", remedy)
    age = app.services.clock.now() - datetime.fromtimestamp(max(made), UTC)
    old = age > OLD_BACKUP
    return Finding(name, "warning" if old else "ok", f"the newest is {age.days} days old", remedy if old else "")
