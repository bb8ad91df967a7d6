"""What is said outside of what happened inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import JwtIssuer
from adapters.memory.clock import FixedClock, SequentialIds
from application.ports.event_store import RecordedEvent
from application.ports.signal_streams import PUSH, WEBHOOK, Stream
from application.services import Services
from application.signals.letters import cloud_event, letter_for, security_event_token
from application.signals.mapping import CAEP, RISC, SECURITY_EVENTS, TOLD, VERIFICATION, security_event, signal_of
from domain.act import Act
from tests.house import build_house
from tests.receivers import ISSUER

AT = datetime(2030, 5, 17, 8, 30, 5, 999_000, tzinfo=UTC)
ANA, SESSION, CORRELATION = UUID(int=11), UUID(int=12), UUID(int=13)
ACT = Act("token:abc", "http", AT, CORRELATION)
SECRETS = {
    "password_sealed": "s1.secret-password",
    "username_sealed": "s1.secret-username",
    "user_id_sealed": "s1.secret-id",
    "display_name_sealed": "s1.secret-name",
    "sealed": "s1.secret-template",
    "refresh_digest": "secret-digest",
    "label": "secret label",
    "public_jwk": "secret jwk",
    "department": "secret department",
}
FIELDS: Mapping[str, Any] = {
    "subject_id": ANA,
    "reason": "logout",
    "acr": "urn:faceauth:acr:face-active",
    "former_acr": "urn:faceauth:acr:face-passive",
    "amr": "face hwk",
    "threshold": "two_days",
    "act": ACT,
    **SECRETS,
}


def event(name: str, **fields: Any) -> RecordedEvent:
    return RecordedEvent(7, name.partition(".")[0], SESSION, 1, name, AT, {**FIELDS, **fields})


def said(name: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    signal = signal_of(event(name, **fields), ANA)
    assert signal is not None
    return security_event(signal)


def stream(method: str = PUSH, audience: str = "ehr") -> Stream:
    return Stream(UUID(int=1), "receiver:ehr", audience, method, "https://x/", (), "", 0, AT)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    folder: Path = tmp_path_factory.mktemp("keys")
    issuer = JwtIssuer(
        keys=SigningKeys.open(folder / "signing.json"),
        pairwise_key=bytes(32),
        issuer=ISSUER,
        audience="hospital",
        client_id="app",
        clock=FixedClock(),
        ids=SequentialIds(),
    )
    return replace(build_house().services, tokens=issuer)


def verified(services: Services, token: str) -> Any:
    return jwt.decode(token, KeySet.import_key_set(dict(services.tokens.jwks())), algorithms=["ES256"])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(set(SECURITY_EVENTS) - {VERIFICATION}))
@given(at=st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)), subject=st.uuids())  # noqa: DTZ001 - hypothesis adds the zone
def test_every_security_event_is_a_token_that_another_library_verifies(
    services: Services, name: str, at: datetime, subject: UUID
) -> None:
    signal = signal_of(replace(event(name), at=at), subject)
    assert signal is not None
    token = verified(services, security_event_token(services, stream(), letter_for(stream(), signal, AT)))

    assert token.header["typ"] == "secevent+jwt"
    claims = token.claims
    assert set(claims) == {"iss", "aud", "iat", "jti", "txn", "sub_id", "events"}
    assert (claims["iss"], claims["aud"], claims["iat"]) == (ISSUER, "ehr", int(at.timestamp()))
    assert claims["txn"] == str(CORRELATION)
    assert list(claims["events"]) == [SECURITY_EVENTS[name]]
    user = claims["sub_id"].get("user", claims["sub_id"])
    pairwise = services.signals.pairwise.subject(subject, "ehr")
    assert user == {"format": "iss_sub", "iss": ISSUER, "sub": pairwise}


@pytest.mark.parametrize("name", sorted(TOLD))
def test_nothing_sealed_or_secret_of_an_event_goes_out(services: Services, name: str) -> None:
    signal = signal_of(event(name), ANA)
    assert signal is not None
    bodies = [cloud_event(services, stream(WEBHOOK), letter_for(stream(WEBHOOK), signal, AT)).decode()]
    if name in SECURITY_EVENTS:
        bodies.append(str(security_event(signal)))

    for body in [*bodies, str(signal.facts)]:
        assert "secret" not in body
    assert str(ANA) not in "".join(bodies)


def test_free_words_as_a_reason_stay_in_the_house() -> None:
    _, payload = said("session.revoked.v1", reason="Maria Souza asked for it")

    assert payload["reason_admin"] == {"en": "other"}


def test_a_session_is_named_with_its_user(services: Services) -> None:
    signal = signal_of(event("session.opened.v1"), ANA)
    assert signal is not None
    claims = verified(services, security_event_token(services, stream(), letter_for(stream(), signal, AT))).claims

    assert claims["sub_id"]["format"] == "complex"
    assert claims["sub_id"]["session"] == {"format": "opaque", "id": str(SESSION)}


@pytest.mark.parametrize(
    ("name", "kind", "part"),
    [
        ("session.opened.v1", f"{CAEP}session-established", {"amr": ["face", "hwk"]}),
        ("session.revoked.v1", f"{CAEP}session-revoked", {"initiating_entity": "admin"}),
        ("session.expired.v1", f"{CAEP}session-revoked", {"initiating_entity": "policy"}),
        ("session.assurance_changed.v1", f"{CAEP}assurance-level-change", {"change_direction": "increase"}),
        ("enrollment.activated.v1", f"{CAEP}credential-change", {"change_type": "create"}),
        ("enrollment.template_rotated.v1", f"{CAEP}credential-change", {"change_type": "update"}),
        ("enrollment.revoked.v1", f"{CAEP}credential-change", {"change_type": "revoke"}),
        ("enrollment.erased.v1", f"{CAEP}credential-change", {"change_type": "delete"}),
        ("account.password_set.v1", f"{CAEP}credential-change", {"credential_type": "password"}),
        ("account.suspended.v1", f"{RISC}account-disabled", {}),
        ("account.reinstated.v1", f"{RISC}account-enabled", {}),
        ("account.closed.v1", f"{RISC}account-purged", {}),
        ("erasure.executed.v1", f"{RISC}account-purged", {}),
    ],
)
def test_each_event_is_what_caep_or_risc_call_it(name: str, kind: str, part: dict[str, Any]) -> None:
    found, payload = said(name)

    assert found == kind
    assert payload.items() >= part.items()


def test_a_password_taken_away_is_a_credential_deleted() -> None:
    assert said("account.password_set.v1", password_sealed="")[1]["change_type"] == "delete"
    assert said("account.password_set.v1")[1]["change_type"] == "update"


def test_assurance_of_a_level_that_is_not_known_has_no_direction() -> None:
    _, payload = said("session.assurance_changed.v1", acr="urn:elsewhere:gold")

    assert payload["current_level"] == "urn:elsewhere:gold"
    assert "change_direction" not in payload


def test_the_account_of_somebody_erased_is_purged_once() -> None:
    assert signal_of(event("account.closed.v1", reason="erasure"), ANA) is None
    assert said("erasure.executed.v1")[0] == f"{RISC}account-purged"


@pytest.mark.parametrize("name", ["attempt.succeeded.v1", "session.refreshed.v1", "journal.recorded.v1", "damaged"])
def test_what_concerns_nobody_outside_is_not_told(name: str) -> None:
    assert signal_of(event(name), ANA) is None


@pytest.mark.parametrize(
    ("actor", "entity"),
    [("subject:1", "user"), ("token:1", "admin"), ("operator:cli", "admin"), ("service", "system"), ("idp:x", "admin")],
)
def test_it_is_told_who_began_it(actor: str, entity: str) -> None:
    assert said("session.revoked.v1", act=replace(ACT, actor=actor))[1]["initiating_entity"] == entity


def test_two_audiences_learn_nothing_that_compares(services: Services) -> None:
    signal = signal_of(event("session.opened.v1"), ANA)
    assert signal is not None
    users = {
        verified(
            services, security_event_token(services, stream(audience=name), letter_for(stream(), signal, AT))
        ).claims["sub_id"]["user"]["sub"]
        for name in ("ehr", "idp")
    }

    assert len(users) == 2


def test_the_subject_is_the_one_of_the_audiences_access_tokens(services: Services) -> None:
    access, _ = services.tokens.issue_access(
        subject_id=ANA, session_id=uuid4(), department="icu", amr=("face",), acr="x", authenticated_at=AT
    )

    assert verified(services, access).claims["sub"] == services.signals.pairwise.subject(ANA, "hospital")
