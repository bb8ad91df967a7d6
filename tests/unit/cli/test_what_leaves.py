"""Whatever leaves as proof, made over PostgreSQL, is accepted where there is nothing but cryptography."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from adapters.anchors.pinned import PinnedKey
from adapters.anchors.witness_book import WitnessBook
from adapters.crypto.notary import FileNotary
from application import checkpoints, erase, receipts, statement
from application import consent as consents
from application.signed_documents import canonical
from entrypoints.bootstrap import bootstrap
from tests.alone import verified_alone

if TYPE_CHECKING:
    from pathlib import Path

    from entrypoints.settings import Settings

pytestmark = pytest.mark.database

ANA = ("--username", "ana.souza", "--display-name", "Dra. Ana Souza", "--department", "icu")


def test_every_kind_of_proof_is_accepted_alone_and_refused_once_a_letter_is_changed(
    settings: Settings, command: Any, tmp_path: Path
) -> None:
    assert command("account", "add", *ANA)[0] == 0
    out, site = tmp_path / "export", tmp_path / "site"
    made: dict[str, Any] = {}
    with bootstrap(settings, vision=False) as app:
        services, act = app.services, app.services.act("operator:test", "cli")
        services.projector.catch_up()
        (account,) = services.read_models.rows("account_rows")
        ana = account["subject_id"]
        consents.grant(services, ana, notice_version="2026-11", act=act)
        made["statement"] = statement.signed_statement(services, statement.full(services, ana))
        made["portability"] = statement.signed_portability(services, statement.portable(services, ana))
        made["receipt"] = receipts.receipt(services, ana)
        made["checkpoint"] = checkpoints.make(services, at=services.clock.now())
        folder = tmp_path / "witness"
        folder.mkdir()
        witness = FileNotary.open(folder / "notary.json")
        WitnessBook.pin(folder, PinnedKey(services.notary.public_jwk))
        book = WitnessBook(folder, witness)
        made["witness"], _ = book.take(canonical(made["checkpoint"]), at=datetime.now(UTC))
        book.close()
        assert command("audit", "export", "--format", "jsonl", "--out", str(out))[0] == 0
        made["manifest"] = json.loads((out / "manifest.json").read_text())
        certificate = erase.erase(services, ana, act=act).certificate
        keys = [dict(services.notary.public_jwk), dict(witness.public_jwk), *services.tokens.jwks()["keys"]]
    trusted = tmp_path / "keys.json"
    trusted.write_text(json.dumps({"keys": keys}))
    files = [tmp_path / f"{name}.json" for name in made]
    for path, document in zip(files, made.values(), strict=True):
        path.write_text(json.dumps(document))
    files.append(tmp_path / "certificate.jws")
    files[-1].write_text(certificate)

    words = ("--key", str(trusted), "--files", str(out), "--json")
    done = verified_alone(site, *map(str, files), *words)
    results = {result["file"]: result for result in json.loads(done.stdout)["results"]}
    assert (done.returncode, done.stderr) == (0, "")
    assert {result["exit"] for result in results.values()} == {0}
    assert len({result["kind"] for result in results.values()}) == len(files)
    assert results[str(tmp_path / "manifest.json")]["files_checked"]

    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(made["statement"]).replace("ana.souza", "bia.souza"))
    assert verified_alone(site, str(forged), *words).returncode == 1
    (part,) = made["manifest"]["document"]["files"]
    (out / part["name"]).write_bytes((out / part["name"]).read_bytes().replace(b"account", b"acc0unt"))
    assert verified_alone(site, str(tmp_path / "manifest.json"), *words).returncode == 1
