"""The examples of docs/hospital.md, run as they stand there against a server of our own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from application.clients import add_client
from application.ports.clients import CONFIDENTIAL
from application.signals.letters import new_webhook_secret, signed
from entrypoints.cli.main import cli
from entrypoints.http.api import all_endpoints
from entrypoints.http.endpoint import Desk
from tests.house import ICU
from tests.receivers import HOST
from tests.unit.http.edge import build_edge, serving
from tests.unit.http.oauth_client import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.http.edge import Edge

BASH = shutil.which("bash") or ""
ADDRESS = re.compile(r"`(?:(?:GET|POST|PUT|DELETE)[, A-Z`]* )?(/(?:face-auth|ssf|scim|\.well-known)[^` ?]*)`")
PAGE = (Path(__file__).parents[2] / "docs" / "hospital.md").read_text()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = build_edge(tmp_path)
    with edge.client:
        yield edge


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def variables(edge: Edge) -> dict[str, str]:
    services = edge.house.services
    edge.enroll("ana")
    signed_in = tokens(edge)
    act = edge.house.act("operator:cli", "cli")
    secret = add_client(services, "ehr-server", kind=CONFIDENTIAL, audiences=["medical-record"], act=act)
    return {
        "ADMIN": edge.token(),
        "OPERATOR": edge.token("operator", "*"),
        "RECEIVER": edge.token("signal_receiver", "*"),
        "SCIM": edge.token("provisioner", "*"),
        "CLIENT_ID": "ehr-server",
        "CLIENT_SECRET": secret or "",
        "ACCESS": signed_in["access_token"],
        "REFRESH": signed_in["refresh_token"],
    }


def test_every_example_works_in_the_order_that_they_stand_in(edge: Edge) -> None:
    shell = 'set -euo pipefail\ncurl() { command curl -sS --fail-with-body --max-time 20 "$@"; echo; }\n'
    script = shell + "\n".join(examples("sh")).replace("uti", ICU).replace("siem.hospital", HOST)
    with serving(edge) as served:
        given = variables(edge) | {"BASE": f"http://127.0.0.1:{served.port}", "PATH": os.environ["PATH"]}
        done = subprocess.run(  # noqa: S603 - our own page
            [shutil.which("bash") or "", "-c", script],
            env=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_signature_check_of_the_page_takes_what_we_sign_and_nothing_else() -> None:
    place: dict[str, Any] = {}
    exec("\n".join(examples("python")), place)  # noqa: S102 - our own page
    secret, body = new_webhook_secret(), b'{"id": "1"}'
    headers = signed(secret, "1", datetime.now(UTC), body)

    assert place["genuine"](secret, headers, body)
    assert not place["genuine"](secret, headers, body + b" ")
    assert not place["genuine"](new_webhook_secret(), headers, body)


def test_the_page_names_no_address_and_no_command_that_does_not_exist(edge: Edge) -> None:
    desk: Any = Desk(edge.app, None, None, None)  # type: ignore[arg-type]
    paths = [re.sub(r"\{[^}]*\}", "X", e.path) for e in all_endpoints(desk, lambda: 0)]
    for named in ADDRESS.findall(PAGE):
        plain = re.sub(r"\{[^}]*\}", "X", named)
        assert any(path == plain or path.startswith(f"{plain}/") for path in paths), named
    groups: Any = get_command(cli)
    for command in re.findall(r"`faceauth ([a-z]+(?: [a-z]+)?)", PAGE):
        group, _, name = command.partition(" ")
        assert group in groups.commands, command
        assert not name or name in groups.commands[group].commands, command
