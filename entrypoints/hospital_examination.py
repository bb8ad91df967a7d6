"""What ``faceauth doctor`` looks at where the hospital's other systems come in: directory, provider, proxies, names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Final

from adapters.identity.exchange import trusting
from adapters.identity.public_keys import usable_keys
from application import retention as keeping
from application.log_standing import standing
from application.services import Services
from application.verification_result import SOUND
from domain.errors import ConfigurationError, UnavailableError
from domain.policies.lockout import LockoutPolicy
from domain.retention import HALTED
from domain.roles import EVERYWHERE
from entrypoints.finding import Finding
from entrypoints.passwords import open_passwords, password_policy, secret_of
from entrypoints.reception import signal_keys
from entrypoints.settings import Settings

LEAST_EPOCHS: Final = timedelta(days=183)
MAX_PORT: Final = 0xFFFF
WIDE_PREFIX: Final = {4: 8, 6: 7}
"""A network wider than the largest private ones (10.0.0.0/8, RFC 1918; fc00::/7, RFC 4193) holds strangers."""
_HOST: Final = re.compile(r"([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?", re.IGNORECASE)


def passwords(settings: Settings) -> Iterator[Finding]:
    """Say whether whoever verifies passwords can be reached, over TLS that we trust. Waits for the network."""
    password_policy(settings)
    with ExitStack() as stack:
        verifier = open_passwords(settings, stack).verifier
        if verifier is None:
            yield Finding("passwords", "ok", "none: faces only")
            return
        if settings.passwords == "local":
            memory, passes = settings.argon2_memory_kib // 1024, settings.argon2_passes
            yield Finding("passwords", "ok", f"local, Argon2id with {memory} MiB and {passes} passes")
            return
        try:
            verifier.check()
        except UnavailableError as error:
            variables = "FACEAUTH_LDAP_*" if settings.passwords == "ldap" else "FACEAUTH_PASSWORD_OIDC_*"
            remedy = (
                f"veja {variables}, o certificado e a rede; quem entra pelo rosto entra assim mesmo"
                f" / check {variables}, the certificate and the network; faces sign in all the same"
            )
            yield Finding("passwords", "warning", f"{settings.passwords}: {error}", remedy)
            return
        yield Finding("passwords", "ok", f"{settings.passwords}: reached")


def events_in(settings: Settings) -> Iterator[Finding]:
    """Say whether the transmitter's keys can be had, and our files with credentials be read. Waits for the network."""
    if settings.signals_issuer is None:
        yield Finding("events_in", "ok", "none: no transmitter is listened to")
        return
    if settings.signals_audience is None:
        raise ConfigurationError("FACEAUTH_SIGNALS_ISSUER needs FACEAUTH_SIGNALS_AUDIENCE, too")
    secret_of(settings.signals_token_file, "FACEAUTH_SIGNALS_TOKEN_FILE")
    secret_of(settings.signals_push_token_file, "FACEAUTH_SIGNALS_PUSH_TOKEN_FILE")
    try:
        keys = len(usable_keys(signal_keys(settings)()))
    except UnavailableError as error:
        keys, detail = 0, str(error)
    else:
        detail = f"{keys} keys that verify its events"
    remedy = (
        "veja FACEAUTH_SIGNALS_JWKS_URL ou _FILE, _CA_FILE e a rede; até lá os eventos são recusados e voltam"
        " / check FACEAUTH_SIGNALS_JWKS_URL or _FILE, _CA_FILE and the network; until then events wait"
    )
    yield Finding("events_in", "ok" if keys else "warning", detail, "" if keys else remedy)


def events_out(settings: Settings) -> Iterator[Finding]:
    """Say whether the list of hosts that events may go to is one, and the CA file can be read."""
    trusting(settings.signal_ca_file, "FACEAUTH_SIGNAL_CA_FILE")
    wrong = [host for host in settings.signal_hosts if not _is_host(host)]
    if wrong:
        remedy = (
            "FACEAUTH_SIGNAL_HOSTS: nomes como siem.hospital ou siem.hospital:8443, sem https:// e sem *"
            " / names such as siem.hospital or siem.hospital:8443, no https:// and no *"
        )
        yield Finding("events_out", "fault", f"{len(wrong)} of {len(settings.signal_hosts)} match no host", remedy)
        return
    hosts = ", ".join(settings.signal_hosts)
    yield Finding("events_out", "ok", f"may go to {hosts}" if hosts else "no host is named: nothing is pushed")


def proxies(settings: Settings) -> Iterator[Finding]:
    """Say whose word about addresses is taken."""
    wide = [n for n in settings.trusted_proxies if n.prefixlen < WIDE_PREFIX[n.version]]
    if wide:
        remedy = (
            "FACEAUTH_TRUSTED_PROXIES: só os endereços dos proxies; quem está na lista escolhe o endereço que mostra"
            " / the proxies' own addresses only; whoever is listed picks the address that is counted"
        )
        yield Finding("proxies", "fault", f"too wide: {', '.join(map(str, wide))}", remedy)
        return
    yield Finding("proxies", "ok", ", ".join(map(str, settings.trusted_proxies)) or "none: the peer's address counts")


def lockout(settings: Settings) -> Iterator[Finding]:
    """Say how often somebody may fail, and where that is more than NIST SP 800-63B has it."""
    policy, usual = settings.lockout_policy, LockoutPolicy()
    weaker = [
        f"FACEAUTH_LOCKOUT_{name.upper()}"
        for name in ("failures", "live_failures", "stop", "live_stop")
        if getattr(policy, name) > getattr(usual, name)
    ]
    if policy.first_wait < usual.first_wait:
        weaker.append("FACEAUTH_LOCKOUT_FIRST_WAIT_SECONDS")
    detail = (
        f"{policy.failures} failures ({policy.live_failures} live), then {policy.first_wait.total_seconds():g} s,"
        f" doubling; an end at {policy.stop} ({policy.live_stop}); {policy.attempts_per_minute} attempts a minute"
    )
    remedy = f"mais brando que a NIST SP 800-63B; remova / weaker than NIST SP 800-63B; unset {', '.join(weaker)}"
    yield Finding("lockout", "warning" if weaker else "ok", detail, remedy if weaker else "")


def named_departments(settings: Settings, names: Collection[str]) -> Iterator[Finding]:
    """Say whether each department that the settings name is one of those there are: ``names``."""
    for check, variable, named in (
        ("mfa_departments", "FACEAUTH_MFA_DEPARTMENTS", settings.mfa_departments),
        ("device_required", "FACEAUTH_DEVICE_REQUIRED", settings.device_required),
    ):
        missing = [name for name in named if name != EVERYWHERE and name not in names]
        remedy = f"corrija / correct {variable}, ou / or: faceauth department add {missing[0]}" if missing else ""
        detail = f"no such department: {', '.join(missing)}" if missing else ", ".join(named) or "none"
        yield Finding(check, "fault" if missing else "ok", detail, remedy)


def _is_host(text: str) -> bool:
    found = _HOST.fullmatch(text)
    return found is not None and 0 < int(found[2] or 1) <= MAX_PORT


def retention(services: Services) -> Finding:
    """Say whether a sweep waits for an operator, or the addresses go before the records of access they belong to."""
    halted = [each for each in keeping.waiting(services) if each["status"] == HALTED]
    if halted:
        detail = ", ".join(f"{each['category']} ({each['reason']})" for each in halted)
        remedy = "check the clock, look at 'faceauth retention run --dry-run', then 'faceauth retention approve ID'"
        return Finding("retention", "fault", f"retention_halted: {detail}", remedy)
    policy = services.policies.retention
    if policy.epoch_keys < LEAST_EPOCHS:
        remedy = "FACEAUTH_EPOCH_KEY_DAYS=183: Marco Civil, art. 15 wants records of access for six months"
        return Finding("retention", "warning", f"client addresses live {policy.epoch_keys.days} days", remedy)
    return Finding("retention", "ok", "no sweep waits for an operator")


def event_log(services: Services) -> Finding:
    """Look at the log of events: its tail, its newest verification, and the anchors of its checkpoints."""
    found = standing(services)
    tail, verified = found["tail"], found["verification"]
    if tail is None:
        return Finding("event_log", "ok", "nothing is logged yet")
    forged = found["checkpoints"] > 0 and found["checkpoint"] is None
    if forged or not tail["sound"] or tail["suspect_since"] is not None:
        return Finding("event_log", "fault", "the log was changed by somebody else", "faceauth audit verify")
    if verified is not None and verified["verdict"] != SOUND:
        return Finding("event_log", "fault", "the last verification found tampering", "faceauth audit verify")
    failing = [anchor["name"] for anchor in found["anchors"] if anchor["error"]]
    if failing:
        return Finding("event_log", "warning", f"anchors refuse: {', '.join(failing)}", "faceauth audit log status")
    when = "never verified" if verified is None else f"verified {verified['at'][:10]}"
    remedy = "faceauth audit verify" if verified is None else ""
    detail = f"{tail['size']} events, {found['checkpoints']} checkpoints, {when}"
    return Finding("event_log", "warning" if verified is None else "ok", detail, remedy)
