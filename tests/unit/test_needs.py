from __future__ import annotations

import pytest

from tests.needs import missing


def test_what_the_machine_lacks_skips_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="no token"):
        missing("no token")


def test_what_the_machine_lacks_fails_a_test_on_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="missing on CI: no token"):
        missing("no token")
