"""A witness elsewhere that keeps checkpoints, over HTTP."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from application.signed_documents import WITNESS_RECEIPT, opened
from domain.errors import InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.identity.exchange import HttpExchange
    from application.ports.notary import Verifier

MOST_BYTES: Final = 64 * 1024
CONFLICT: Final = 409
TAKEN: Final = frozenset({200, 201})
LONGEST_TOKEN: Final = 4096


class HttpWitness:
    """``application.ports.anchor.Anchor`` that posts checkpoints to a witness and brings back its receipts."""

    def __init__(
        self,
        url: str,
        exchange: HttpExchange,
        *,
        timeout_s: float,
        token_file: Path | None = None,
        key: Verifier | None = None,
    ) -> None:
        """``token_file`` holds our bearer token, read anew each time; ``key`` is what its receipts are signed with.

        Without a key, a receipt is only looked at for whether it names the checkpoint.
        """
        self._url = url
        self._exchange = exchange
        self._timeout_s = timeout_s
        self._token_file = token_file
        self._key = key

    @property
    def name(self) -> str:
        """See the port."""
        return "witness"

    def anchor(self, checkpoint: bytes) -> bytes:
        """Return the witness's receipt, JSON. See the port."""
        reply = self._exchange.send(
            "POST",
            self._url,
            seconds=self._timeout_s,
            max_bytes=MOST_BYTES,
            headers=self._headers(),
            content=checkpoint,
        )
        if reply.fault:
            raise UnavailableError(f"the witness cannot be reached: {reply.fault}")
        if reply.status == CONFLICT:
            raise InvalidInputError("the witness says that this checkpoint contradicts one that it has")
        if reply.status not in TAKEN or len(reply.body) > MOST_BYTES:
            raise UnavailableError(f"the witness does not answer as it should: {reply.status}")
        self._check(reply.body, checkpoint)
        return reply.body

    def _headers(self) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self._token_file is not None:
            try:
                with self._token_file.open("rb") as file:
                    token = file.read(LONGEST_TOKEN).decode("ascii").strip()
            except (OSError, ValueError):
                raise UnavailableError("the credential for the witness cannot be read") from None
            headers["authorization"] = f"Bearer {token}"
        return headers

    def _check(self, receipt: bytes, checkpoint: bytes) -> None:
        try:
            envelope: Any = json.loads(receipt)
            document = envelope["document"] if self._key is None else opened(self._key, WITNESS_RECEIPT, envelope)
            sound = document["sha256"] == hashlib.sha256(checkpoint).hexdigest()
        except (ValueError, KeyError, TypeError, RecursionError, InvalidInputError):
            sound = False
        if not sound:
            raise UnavailableError("the witness's receipt is not one for this checkpoint")
