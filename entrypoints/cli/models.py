"""``faceauth models``: install, list and verify the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.vision.bundle import Bundle, InstallProgress, install_bundle, read_bundle
from domain.errors import ModelError
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.opening import prepare_home
from entrypoints.settings import Settings, load_settings

group = typer.Typer(help="Modelos / Models", no_args_is_help=True)


def ensure_models(settings: Settings) -> None:
    """Install the default bundle where it is missing; instant and offline where it is there."""
    prepare_home(settings.home)
    _install(settings, None)


def _install(settings: Settings, source: Path | None) -> Bundle:
    with progress_bar("Modelos / Models") as (bar, task):

        def show(progress: InstallProgress) -> None:
            bar.update(task, total=progress.total, completed=progress.done, description=progress.text)

        return install_bundle(settings.models_dir, progress=show, source=source)


@group.command("install")
def install(
    source: Annotated[
        Path | None, typer.Option("--from", help="Pasta com pesos ou pacotes / folder with weights or packages")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Instala e verifica os modelos / Install and verify the models (a second run is instant and offline)."""
    settings = load_settings()
    prepare_home(settings.home)
    bundle = _install(settings, source)
    if as_json:
        print_json({"folder": str(bundle.folder), "version": bundle.version, "models": [m.id for m in bundle.models]})
    else:
        console.print(f"Modelos prontos / Models ready: {bundle.folder}", soft_wrap=True)


@group.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """Lista os modelos instalados / List the installed models."""
    bundle = read_bundle(load_settings().models_dir)
    cards = [dict(bundle.card(model.id)) for model in bundle.models]
    if as_json:
        print_json({"folder": str(bundle.folder), "version": bundle.version, "models": cards})
        return
    for model in bundle.models:
        console.print(f"{model.id:28} {model.role:12} {model.file}  sha256 {model.sha256[:16]}…", soft_wrap=True)


@group.command("verify")
def verify(as_json: JsonOption = False) -> None:
    """Confere o SHA-256 de cada modelo / Check the SHA-256 of every model."""
    bundle = read_bundle(load_settings().models_dir)
    problems = bundle.problems()
    if as_json:
        print_json({"ok": not problems, "problems": problems})
    for name, problem in problems.items():
        console.print(f"{name}: {problem}")
    if problems:
        raise ModelError("some models are not what was installed: run 'faceauth models install'")
    if not as_json:
        console.print(f"{len(bundle.models)} modelos conferem / models verified")
