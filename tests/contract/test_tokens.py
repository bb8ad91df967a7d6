"""What every token issuer promises."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from adapters.crypto.signing_keys import SigningKeys
from adapters.crypto.tokens import JwtIssuer
from adapters.memory.clock import FixedClock, SequentialIds
from adapters.memory.tokens import MemoryTokenIssuer
from domain.errors import InvalidInputError, TokenInvalidError

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.tokens import TokenIssuer

SUBJECT = UUID("11111111-1111-4111-8111-111111111111")
SESSION = UUID("22222222-2222-4222-8222-222222222222")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(params=["jwt", "memory"])
def issuer(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> TokenIssuer:
    if request.param == "memory":
        return MemoryTokenIssuer(clock, SequentialIds())
    return JwtIssuer(
        keys=SigningKeys.open(tmp_path / "keys" / "signing.json"),
        pairwise_key=bytes(32),
        issuer="https://faceauth.test",
        audience="hospital",
        client_id="faceauth-app",
        clock=clock,
        ids=SequentialIds(),
    )


def access(issuer: TokenIssuer, clock: FixedClock) -> tuple[str, int]:
    return issuer.issue_access(
        subject_id=SUBJECT,
        session_id=SESSION,
        department="radiology",
        amr=("face",),
        acr="urn:faceauth:passive",
        authenticated_at=clock.now(),
    )


def test_an_access_token_speaks_for_its_subject_and_session(issuer: TokenIssuer, clock: FixedClock) -> None:
    token, _ = access(issuer, clock)

    principal = issuer.verify(token)

    assert principal.actor == f"subject:{SUBJECT}"
    assert principal.roles == {"subject"}
    assert principal.department == "radiology"
    assert (principal.subject_id, principal.session_id) == (SUBJECT, SESSION)


@pytest.mark.parametrize("role", ["department_admin", "compliance_officer", "operator"])
@pytest.mark.parametrize("department", ["radiology", "*"])
def test_a_staff_token_speaks_for_its_role_and_department(issuer: TokenIssuer, role: str, department: str) -> None:
    principal = issuer.verify(issuer.issue_staff(role=role, department=department, ttl=timedelta(hours=1)))

    assert principal.roles == {role}
    assert principal.department == department
    assert principal.actor == f"token:{principal.token_id}"
    assert principal.subject_id is None
    assert principal.session_id is None


def test_an_access_token_lives_for_five_minutes_and_no_second_longer(issuer: TokenIssuer, clock: FixedClock) -> None:
    token, lifetime = access(issuer, clock)

    assert lifetime == 300
    clock.advance(timedelta(seconds=299))
    issuer.verify(token)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenInvalidError):
        issuer.verify(token)


def test_a_staff_token_lives_as_long_as_it_was_given(issuer: TokenIssuer, clock: FixedClock) -> None:
    token = issuer.issue_staff(role="operator", department="*", ttl=timedelta(hours=1))

    clock.advance(timedelta(minutes=59))
    issuer.verify(token)
    clock.advance(timedelta(minutes=1))
    with pytest.raises(TokenInvalidError):
        issuer.verify(token)


def test_every_token_has_an_id_of_its_own(issuer: TokenIssuer, clock: FixedClock) -> None:
    ids = {issuer.verify(access(issuer, clock)[0]).token_id for _ in range(5)}

    assert len(ids) == 5


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "..", "é.é.é", "\ud800", "x" * 10_000, "Bearer x"])
def test_what_is_no_token_is_refused_like_any_other(issuer: TokenIssuer, text: str) -> None:
    with pytest.raises(TokenInvalidError, match=r"^the token is not valid$"):
        issuer.verify(text)


@pytest.mark.parametrize(
    ("role", "department", "ttl"),
    [
        ("subject", "radiology", timedelta(hours=1)),
        ("root", "radiology", timedelta(hours=1)),
        ("operator", " ", timedelta(hours=1)),
        ("operator", "*", timedelta(0)),
        ("operator", "*", timedelta(hours=-1)),
    ],
)
def test_a_staff_token_for_nothing_sensible_is_not_issued(
    issuer: TokenIssuer, role: str, department: str, ttl: timedelta
) -> None:
    with pytest.raises(InvalidInputError):
        issuer.issue_staff(role=role, department=department, ttl=ttl)


def test_the_key_set_never_holds_a_private_part(issuer: TokenIssuer) -> None:
    for key in issuer.jwks()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def for_ehr(issuer: TokenIssuer, clock: FixedClock, subject: UUID = SUBJECT) -> str:
    token, _ = issuer.issue_access(
        subject_id=subject,
        session_id=SESSION,
        department="radiology",
        amr=("face", "pwd"),
        acr="urn:faceauth:passive",
        authenticated_at=clock.now(),
        client_id="ehr-app",
        audience="ehr",
        bound_to="thumb",
    )
    return token


def test_a_token_for_another_audience_opens_nothing_here(issuer: TokenIssuer, clock: FixedClock) -> None:
    with pytest.raises(TokenInvalidError, match=r"^the token is not valid$"):
        issuer.verify(for_ehr(issuer, clock))


def test_an_access_token_is_read_for_its_own_audience_only(issuer: TokenIssuer, clock: FixedClock) -> None:
    token = for_ehr(issuer, clock)
    facts = issuer.read_access(token, ["pharmacy", "ehr"])

    assert (facts.subject_id, facts.session_id) == (SUBJECT, SESSION)
    assert (facts.client_id, facts.audience, facts.bound_to) == ("ehr-app", "ehr", "thumb")
    assert facts.claims["amr"] == ["face", "pwd"]
    for audiences in ([], ["pharmacy"]):
        with pytest.raises(TokenInvalidError):
            issuer.read_access(token, audiences)


def test_a_read_token_dies_on_time(issuer: TokenIssuer, clock: FixedClock) -> None:
    token = for_ehr(issuer, clock)
    issuer.read_access(token, ["ehr"])
    clock.advance(timedelta(minutes=5))

    with pytest.raises(TokenInvalidError):
        issuer.read_access(token, ["ehr"])


def test_the_subject_of_one_audience_is_not_that_of_another(issuer: TokenIssuer, clock: FixedClock) -> None:
    here, _ = access(issuer, clock)
    built_in = "medical-record" if issuer.jwks() == {"keys": []} else "hospital"
    ours = issuer.read_access(here, [built_in]).claims["sub"]
    theirs = issuer.read_access(for_ehr(issuer, clock), ["ehr"]).claims["sub"]

    assert ours != theirs
    assert issuer.read_access(for_ehr(issuer, clock), ["ehr"]).claims["sub"] == theirs
    assert str(SUBJECT) not in (ours, theirs)


def test_a_staff_token_is_no_access_token(issuer: TokenIssuer) -> None:
    token = issuer.issue_staff(role="operator", department="*", ttl=timedelta(hours=1))

    with pytest.raises(TokenInvalidError):
        issuer.read_access(token, ["hospital", "https://faceauth.test/face-auth"])


def test_a_bound_token_says_what_it_is_bound_to(issuer: TokenIssuer, clock: FixedClock) -> None:
    token, _ = issuer.issue_access(
        subject_id=SUBJECT,
        session_id=SESSION,
        department="radiology",
        amr=("face",),
        acr="a",
        authenticated_at=clock.now(),
        bound_to="thumb",
    )

    assert issuer.verify(token).bound_to == "thumb"
    assert issuer.verify(access(issuer, clock)[0]).bound_to == ""
