"""docs/settings.md names every setting with its default, and none that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

from entrypoints.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| ([^|]+) \| [^|]+ \|$")


def rows() -> list[tuple[str, str]]:
    return [(found[1], found[2]) for line in PAGE.read_text().splitlines() if (found := ROW.match(line))]


def variables() -> dict[str, str]:
    fields = Settings.model_fields
    found = {str(f.validation_alias or f"FACEAUTH_{n.upper()}"): told(f.default) for n, f in fields.items()}
    return found | {"FACEAUTH_JUDGE_THREADS": "cores"}


def told(default: object) -> str:
    if default is None:
        return "unset"
    if default in ("", ()):
        return "none"
    if isinstance(default, bool):
        return "`yes`" if default else "`no`"
    if isinstance(default, tuple):
        return f"`{','.join(map(str, default))}`"
    return f"`{default:.10g}`" if isinstance(default, (int, float)) else f"`{default}`"


def test_every_setting_is_on_the_page_with_its_default() -> None:
    assert dict(rows()) == variables()


def test_no_setting_is_there_twice() -> None:
    names = [name for name, _ in rows()]

    assert len(names) == len(set(names))


def test_every_line_of_a_table_is_a_row() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]

    assert len(lines) == len(rows()) + 2 * PAGE.read_text().count("\n## ")


def test_the_page_names_no_variable_that_does_not_exist() -> None:
    named = set(re.findall(r"FACEAUTH_[A-Z0-9_]+", PAGE.read_text()))

    assert named <= set(variables())
