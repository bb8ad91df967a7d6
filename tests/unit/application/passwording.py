"""People who sign in by password in the stories of others."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adapters.memory.passwords import MemoryDirectory
from application import account_passwords, accounts
from application.authenticate import Authentication
from application.confirm import find_account
from application.outcome import Client
from application.password import PasswordEntry, sign_in
from application.ports.passwords import Passwords
from application.second_factor import SecondEntry, complete
from domain.errors import WrongPasswordError
from domain.policies.passwords import PasswordPolicy
from tests.house import ADDRESS, AGENT, ICU, LAB, frames, person

if TYPE_CHECKING:
    from uuid import UUID

    from application.outcome import Outcome
    from domain.account import Account
    from tests.house import House

SECRET = "seis caixas de gaze azul"
OTHER = "nove frascos de soro frio"


def by_password(house: House) -> None:
    """Eva, without a face, signs in by password, and mistypes it once."""
    eva = accounts.open_account(house.services, person("eva"), department=ICU, act=house.act())
    account_passwords.set_password(house.services, eva.subject_id, SECRET, temporary=False, act=house.act())
    for password in (SECRET, "wrong"):
        with suppress(WrongPasswordError):
            sign_in(house.services, PasswordEntry(ICU, "eva.souza", password, Client(ADDRESS, AGENT)))


def by_both(house: House) -> None:
    """Gil, of a department that asks for both, mistypes the password once."""
    strict = PasswordPolicy(mfa_departments=frozenset({LAB}))
    services = replace(house.services, policies=replace(house.services.policies, passwords=strict))
    gil = house.enroll("gil", department=LAB)
    account_passwords.set_password(services, gil.subject_id, "8 letras", temporary=False, act=house.act())
    attempt = Authentication(services, department=LAB, mode="faceauth.v1", client=Client(ADDRESS, AGENT))
    attempt.start()
    for payload in frames("gil"):
        attempt.note_received()
        attempt.take(payload)
    ticket = attempt.decide().ticket
    assert ticket is not None
    for password in ("wrong", "8 letras"):
        with suppress(WrongPasswordError):
            complete(services, SecondEntry(LAB, ticket, password, Client(ADDRESS, AGENT)))


def opened(house: House, name: str = "ana", department: str = ICU, password: str | None = SECRET) -> Account:
    """The account of somebody without a face, with a password of their own choice."""
    account = accounts.open_account(house.services, person(name), department=department, act=house.act())
    if password is not None:
        account_passwords.set_password(house.services, account.subject_id, password, temporary=False, act=house.act())
    return account


def enter(house: House, username: str = "ana.souza", password: str = SECRET, **more: Any) -> Outcome:
    given: dict[str, Any] = {"department": ICU, "client": Client(ADDRESS, AGENT)} | more
    return sign_in(house.services, PasswordEntry(username=username, password=password, **given))


def verifier(house: House) -> Any:
    return house.services.passwords.verifier


def with_directory(house: House, **people: str) -> MemoryDirectory:
    directory = MemoryDirectory({f"{name}.souza": password for name, password in people.items()})
    house.services = replace(house.services, passwords=Passwords(verifier=directory))
    return directory


def suspend(house: House, subject_id: UUID) -> None:
    account = find_account(house.services, subject_id)
    assert account is not None
    account.suspend(reason="leave", act=house.act())
    house.store.save(account)
