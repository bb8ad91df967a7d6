"""An identity provider that provisions over SCIM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scim2_models import Error

from tests.house import ICU

if TYPE_CHECKING:
    from httpx import Response

    from tests.unit.http.edge import Edge

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USERS = "/scim/v2/Users"


class Provider:
    """An identity provider with a token for one department or all."""

    def __init__(self, edge: Edge, department: str = "*", role: str = "provisioner") -> None:
        self.edge = edge
        self.headers = {"content-type": "application/scim+json", **edge.headers(role, department)}

    def send(self, method: str, path: str, document: Any = None, **headers: str) -> Response:
        more = {"content": document} if isinstance(document, bytes) else {"json": document} if document else {}
        response: Response = self.edge.client.request(method, path, headers=self.headers | headers, **more)
        if response.content:
            assert response.headers["content-type"] == "application/scim+json"
        return response

    def create(self, name: str = "ana", **changed: Any) -> Response:
        return self.send("POST", USERS, user(name, **changed))

    def created(self, name: str = "ana", **changed: Any) -> str:
        response = self.create(name, **changed)
        assert response.status_code == 201, response.text
        found: str = response.json()["id"]
        return found

    def patch(self, user_id: str, *operations: Any, **headers: str) -> Response:
        return self.send("PATCH", f"{USERS}/{user_id}", {"schemas": [PATCH], "Operations": operations}, **headers)

    def get(self, user_id: str) -> Any:
        response = self.send("GET", f"{USERS}/{user_id}")
        return response.json() if response.status_code == 200 else response.status_code

    def search(self, filter_: str) -> Response:
        response: Response = self.edge.client.get(USERS, params={"filter": filter_}, headers=self.headers)
        return response


def user(name: str, **changed: Any) -> dict[str, Any]:
    document = {
        "schemas": [CORE, ENTERPRISE],
        "externalId": f"EMP-{name}",
        "userName": f"{name}.souza",
        "displayName": f"Dra. {name.title()} Souza",
        "active": True,
        ENTERPRISE: {"department": ICU},
    } | changed
    return {key: value for key, value in document.items() if value is not None}


def told(response: Response) -> tuple[int, str | None]:
    error = Error.model_validate(response.json())
    assert error.status == response.status_code
    return response.status_code, error.scim_type
