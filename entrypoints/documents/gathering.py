"""What documents say of this installation: read from settings, files and registries, never typed in."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from adapters.crypto.certificate import read_expiry
from adapters.postgres.migrate import MIGRATIONS_FOLDER, load
from adapters.vision import fusion
from adapters.vision.bundle import MANIFEST, read_bundle
from adapters.vision.catalogue import load_catalogue
from adapters.vision.distributions import FOLDER
from application.ports.signal_streams import POLL, PUSH
from application.reporting.facts import Attachment, Deployment, Model, Package, Recipient, Responsible, Text
from domain.errors import FaceauthError, InvalidInputError
from entrypoints import backups, evaluations, key_backups
from entrypoints.absent import AbsentJudge
from entrypoints.app import App
from entrypoints.cli.evaluating import software_version
from entrypoints.finding import Finding
from entrypoints.settings import Settings

OURS = "faceauth"
UNKNOWN = "?"
METHODS = {PUSH: "SSF push (RFC 8935)", POLL: "SSF poll (RFC 8936)"}


def deployment(
    app: App, *, findings: Sequence[Finding] | None = None, attachments: Sequence[Attachment] = ()
) -> Deployment:
    """Return the facts of this installation. Raises ``UnavailableError``."""
    settings = app.settings
    return Deployment(
        responsible=responsible(settings),
        software=software_version(),
        schema=len(load(MIGRATIONS_FOLDER)),
        measures=list(_measures(app)),
        recipients=list(_recipients(app)),
        packages=packages(),
        models=models(settings),
        evaluations=evaluations.last(settings),
        shipped=list(_shipped(app)),
        findings=None if findings is None else [(one.name, one.state, one.detail) for one in findings],
        attachments=list(attachments),
    )


def responsible(settings: Settings) -> Responsible:
    """Return controller and encarregado as the settings name them."""
    return Responsible(
        controller=settings.controller_name,
        controller_contact=settings.controller_contact,
        encarregado=settings.encarregado_name,
        encarregado_contact=settings.encarregado_contact,
        substitute=settings.encarregado_substitute,
    )


def attached(paths: Iterable[Path]) -> list[Attachment]:
    """Return files as attachments. Raises ``InvalidInputError`` for one that cannot be read."""
    found = []
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InvalidInputError(f"{path} cannot be read: {error.strerror}") from None
        found.append(Attachment(path.name, hashlib.sha256(content).hexdigest(), len(content)))
    return found


@cache
def packages() -> tuple[Package, ...]:
    """Return what is installed beside this program, by name; every name once."""
    found: dict[str, Package] = {}
    for dist in importlib.metadata.distributions():
        name = str(dist.metadata["Name"] or "")
        if name and name.lower() != OURS:
            found.setdefault(name.lower(), Package(name, dist.version, _licence(dist.metadata)))
    return tuple(found[name] for name in sorted(found))


def models(settings: Settings) -> list[Model]:
    """Return the installed models of the default bundle; none where there is no bundle."""
    folder = settings.models or settings.models_dir
    if not (folder / MANIFEST).exists():
        return []
    try:
        licences = {model.id: model.licence for model in load_catalogue().models}
        bundle = read_bundle(folder)
    except FaceauthError:
        return []
    return [Model(one.id, one.role, one.sha256, licences.get(one.id, UNKNOWN)) for one in bundle.models]


def _licence(metadata: importlib.metadata.PackageMetadata) -> str:
    for expression in metadata.get_all("License-Expression") or []:
        return str(expression)
    classified = [
        str(value).rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier") or []
        if str(value).startswith("License :: ") and not str(value).endswith("OSI Approved")
    ]
    stated = " ".join(map(str, metadata.get_all("License") or [])).strip().split("\n")[0]
    return "; ".join(classified) or (stated[:60] if stated else UNKNOWN)


def _measures(app: App) -> Iterator[tuple[Text, str]]:
    settings, services = app.settings, app.services
    ring, policies = services.keys.status(), services.policies
    rule = policies.lockout
    yield ("provedor de chaves", "key provider"), f"{ring.provider} (geração / generation {ring.generation})"
    yield ("TLS", "TLS"), _tls(settings)
    yield ("prova de vida", "proof of life"), f"{policies.evidence.mode} (T {_pad_threshold(app):.4f})"
    yield ("meta de FPIR", "target FPIR"), f"{policies.matching.fpir_target:g}"
    yield (
        ("bloqueio após falhas", "lockout after failures"),
        (
            f"{rule.failures} ({rule.live_failures} com prova de vida / with proof of life), "
            f"{rule.first_wait.total_seconds():g} s … {rule.longest_wait.total_seconds():g} s, "
            f"parada em / stop at {rule.stop} ({rule.live_stop})"
        ),
    )
    required = ", ".join(sorted(policies.device_required)) or "não / no"
    yield ("aparelho pareado exigido", "paired device required"), required
    both = ", ".join(sorted(settings.mfa_departments)) or "não / no"
    yield ("rosto e senha", "face and password"), both
    yield ("senhas", "passwords"), settings.passwords
    yield (
        ("sessões", "sessions"),
        f"{settings.session_hours:g} h, sem uso / idle {settings.session_idle_minutes:g} min",
    )
    yield ("cópias dos dados", "data backups"), _backups(settings, backups.SUFFIX)
    yield ("cópias das chaves", "key backups"), _backups(settings, key_backups.SUFFIX)
    yield ("chave de custódia", "escrow key"), "sim / yes" if settings.escrow_key else "não / no"
    yield (
        ("banco de dados", "database"),
        "PostgreSQL externo / external" if settings.database_url else "embutido / embedded",
    )


def _pad_threshold(app: App) -> float:
    """Return the threshold that the service judges by; a command without models finds it in the coefficients."""
    judge = app.services.judge
    return float(json.loads(fusion.shipped())["threshold"]) if isinstance(judge, AbsentJudge) else judge.pad_threshold


def _tls(settings: Settings) -> str:
    path = settings.tls_dir / "cert.pem"
    try:
        return (
            f"até / until {read_expiry(path):%Y-%m-%d}"
            if path.exists()
            else "sem certificado ainda / no certificate yet"
        )
    except (FaceauthError, OSError, ValueError):
        return "certificado ilegível / unreadable certificate"


def _backups(settings: Settings, suffix: str) -> str:
    try:
        made = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in settings.backups_dir.glob(f"*{suffix}")]
    except OSError:
        made = []
    return f"{len(made)}, a última / the last {max(made):%Y-%m-%d}" if made else "nenhuma / none"


def _recipients(app: App) -> Iterator[Recipient]:
    settings, services = app.settings, app.services
    events: Text = ("eventos de segurança, id por destinatário", "security events, pairwise id")
    token: Text = ("tokens: id por destinatário, setor, papel", "tokens: pairwise id, department, roles")
    for stream in services.signals.streams.all():
        method = METHODS.get(stream.method, "webhook (CloudEvents)")
        yield Recipient(method, _host(stream.endpoint_url) or stream.owner, events)
    for client in services.clients.all():
        if client.standing:
            yield Recipient(f"OAuth ({client.kind})", f"{client.client_id} → {', '.join(client.audiences)}", token)
    if settings.idp_issuer:
        yield Recipient(
            "IdP", _host(settings.idp_issuer), ("nada; emite tokens ao pessoal", "nothing; issues staff tokens")
        )
    if settings.signals_issuer:
        yield Recipient("SSF", _host(settings.signals_issuer), ("nada; envia eventos", "nothing; sends events"))
    asked: Text = ("usuário e senha digitados, para conferir", "typed username and password, to check")
    if settings.passwords == "ldap":
        for url in settings.ldap_urls:
            yield Recipient("LDAP", _host(url), asked)
    if settings.passwords == "oidc":
        yield Recipient("OIDC", _host(settings.password_oidc_token_url), asked)


def _host(url: str) -> str:
    """Return host and port alone: a path or a query may hold a secret."""
    parts = urlsplit(url)
    try:
        return f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    except ValueError:
        return re.sub(r"[^A-Za-z0-9.-].*", "", parts.netloc.rpartition("@")[2])


def _shipped(app: App) -> Iterator[tuple[Text, str]]:
    """Say what the thresholds rest on that come with the program, or with the operator's own file."""
    own = app.settings.score_distribution
    origin = "acompanha o programa / shipped" if own is None else "arquivo do operador / operator's file"
    for path in sorted(FOLDER.glob("*.json")) if own is None else [own]:
        yield ("distribuição de semelhanças", "score distribution"), f"{_measured(path)}; {origin}"
    record = json.loads(fusion.shipped())
    figures, counts = record["figures"], record["data"]["presentations"]
    worst = max(figures["apcer"].values())
    attacks = sum(some["frames"] for kind, some in counts.items() if kind != "bona_fide")
    yield (
        ("prova de vida, do programa", "proof of life, shipped"),
        (
            f"APCER {worst:.2%} (n {attacks}), BPCER {figures['bpcer']:.2%} (n {counts['bona_fide']['frames']}); "
            "nos dados do ajuste / on the data of the fit"
        ),
    )


def _measured(path: Path) -> str:
    """Say of which data a score distribution is, and down to which rate it was counted rather than extrapolated."""
    try:
        document = json.loads(path.read_text("utf-8"))
        data, single = document["data"], document["template"]
        compared, rarest = single["comparisons"]["impostor"], single["impostor"]["measured_to"]
        return (
            f"{document['model']}: {data['people']} pessoas / people, {data['pictures']} imagens / pictures, "
            f"{compared} comparações / comparisons, FMR medida até / measured down to {rarest:g}"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return f"{path.name}: ilegível / unreadable"
