"""Somebody at the console: a browser without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from entrypoints.http.console.guard import COOKIE
from tests.house import ICU
from tests.unit.http.edge import Edge

if TYPE_CHECKING:
    from httpx import Response

OURS = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}


@dataclass
class Visitor:
    """Whoever holds that token in the console's cookie."""

    edge: Edge
    token: str

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Response:
        answer: Response = self.edge.client.get(
            path, params=query or None, headers=self._cookie | (headers or {}), follow_redirects=False
        )
        return answer

    def post(self, path: str, form: dict[str, str], headers: dict[str, str] | None = None) -> Response:
        """Send a form with the token that the pages of this sign-in carry."""
        data = {"csrf": self.csrf} | form
        answer: Response = self.edge.client.post(
            path, data=data, headers=self._cookie | (OURS if headers is None else headers), follow_redirects=False
        )
        return answer

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="(\w+)"', self.get("/console/people").text)
        assert found
        return found[1]

    @property
    def _cookie(self) -> dict[str, str]:
        return {"cookie": f"{COOKIE}={self.token}"}


def visitor(edge: Edge, role: str = "compliance_officer", department: str = ICU) -> Visitor:
    return Visitor(edge, edge.token(role, department))


def words(answer: Any) -> str:
    """The words of a page, without markup."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))
