"""``faceauth projections verify``: the read models against the events that they are made of."""

from __future__ import annotations

from typing import Annotated

import typer

from application.view_integrity import check_views
from entrypoints.bootstrap import bootstrap
from entrypoints.cli.output import JsonOption, console, print_json, progress_bar
from entrypoints.settings import load_settings


def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Só estas / only these; sem nada, todas / all")] = None,
    as_json: JsonOption = False,
) -> None:
    """Refaz cada projeção e compara linha por linha / Make every projection anew and compare row for row.

    0: iguais / equal. 1: há linhas diferentes, nomeadas / rows differ, and are named.
    """
    with bootstrap(load_settings(), vision=False) as app, progress_bar("projeções / projections") as (bar, task):
        app.services.projector.catch_up()
        found = check_views(
            app.services, lambda done, of: bar.update(task, total=of, completed=done), names=names or ()
        )
    if as_json:
        print_json({"sound": not found, "deviations": [deviation.document() for deviation in found]})
    elif found:
        for each in found:
            columns = f" ({', '.join(each.columns)})" if each.columns else ""
            console.print(f"{each.kind}: {each.table} {each.key}{columns}", soft_wrap=True, markup=False)
        views = sorted({each.view for each in found})
        console.print("Conserte com / repair with:")
        for view in views:
            console.print(f"  faceauth projections rebuild {view}", markup=False)
    else:
        console.print("Projeções iguais aos eventos / projections equal events")
    if found:
        raise typer.Exit(1)
