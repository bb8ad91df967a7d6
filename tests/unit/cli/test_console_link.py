"""``faceauth console link``: made by the operator, good once at the console."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from application import console_link
from domain.errors import LinkRefusedError
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.console_link import origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from entrypoints.settings import Settings

pytestmark = pytest.mark.database


def test_a_link_made_by_one_process_is_good_once_in_another(
    settings: Settings, command: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, _ = command(
        "console", "link", "--role", "encarregado", "--department", "*", "--actor", "Rita Lima", "--json"
    )
    assert code == 0
    made = json.loads(out)
    assert made["link"] == f"https://localhost:8443/console/sign-in#{made['code']}"

    with bootstrap(settings, vision=False) as app:
        token = console_link.redeem(app.services, made["link"], channel="http")
        principal = app.services.tokens.verify(token)
    assert (principal.actor, principal.roles) == (f"officer:{made['officer']}", frozenset({"encarregado"}))
    with bootstrap(settings, vision=False) as app, pytest.raises(LinkRefusedError):
        console_link.redeem(app.services, made["code"], channel="http")


def test_what_cannot_be_let_in_is_told_with_what_to_do(command: Callable[..., tuple[int, str, str]]) -> None:
    role = command("console", "link", "--role", "operator", "--department", "*")
    place = command("console", "link", "--role", "encarregado", "--department", "nowhere")

    assert (role[:2], place[:2]) == ((1, ""), (1, ""))
    assert "compliance_officer" in role[2].replace("\n", "")
    assert "faceauth department list" in place[2].replace("\n", " ")


@pytest.mark.parametrize(
    ("hosts", "address"), [((), "https://localhost:8443"), (("face.hospital.br", "x"), "https://face.hospital.br:8443")]
)
def test_the_link_names_the_host_that_the_settings_name(settings: Settings, hosts: tuple[str], address: str) -> None:
    assert origin(settings.model_copy(update={"public_hosts": hosts})) == address
