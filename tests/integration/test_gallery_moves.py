"""A template moves to another transform while somebody is being looked for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from adapters.memory.gallery import Gallery
from adapters.memory.shelf import Shelf
from application import rotate
from tests.integration.trial import act, enroll, opened, who

pytestmark = pytest.mark.database


def test_a_search_that_ends_between_leaving_and_counting_is_made_again(
    tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search reads the list of shelves before the move, the former shelf right after the template left it."""
    look, leave = Shelf.nearest, Gallery._drop
    looking, left, answered = threading.Event(), threading.Event(), threading.Event()

    def nearest(shelf: Shelf, probe: Any, limit: int) -> Any:
        if not looking.is_set():
            looking.set()
            left.wait(5)
        return look(shelf, probe, limit)

    def drop(gallery: Gallery, enrollment_id: Any, *, besides: Any = None) -> None:
        leave(gallery, enrollment_id, besides=besides)
        if looking.is_set() and not left.is_set():
            left.set()
            answered.wait(5)

    with opened(tmp_path / "home", dsn) as app:
        ana = enroll(app, "ana")
        monkeypatch.setattr(Shelf, "nearest", nearest)
        monkeypatch.setattr(Gallery, "_drop", drop)
        found = []

        def search() -> None:
            found.append(who(app, "ana"))
            answered.set()

        searching = threading.Thread(target=search)
        searching.start()
        assert looking.wait(5)
        rotate.plan(app.services, reason="transform_renewal", act=act(app))
        rotate.run(app.services, act=act(app))
        app.gallery.catch_up(app.services.store.position())
        searching.join()

        assert found == [ana]
