"""DPoP proofs (RFC 9449) as they come with a request."""

from __future__ import annotations

from starlette.requests import Request

from application.ports.tokens import Principal
from application.proofs import check_bound, proven_key
from application.services import Services
from domain.errors import ProofInvalidError

HEADER = "dpop"


def check(request: Request, services: Services, principal: Principal, scheme: str, token: str) -> None:
    """Raise ``ProofInvalidError`` unless a bound token comes with its proof, and a bearer token without one."""
    check_bound(
        services,
        principal,
        token,
        scheme=scheme,
        proofs=request.headers.getlist(HEADER),
        method=request.method,
        path=request.url.path,
    )


def key_of(request: Request, services: Services) -> str:
    """Return the thumbprint of the key that the request proves, "" where it brings no proof.

    Synchronous: it writes down that the proof was used. Raises ``ProofInvalidError``.
    """
    proofs = request.headers.getlist(HEADER)
    if not proofs:
        return ""
    if len(proofs) != 1:
        raise ProofInvalidError("exactly one proof of the key is needed")
    return proven_key(services, proofs[0], method=request.method, path=request.url.path)
