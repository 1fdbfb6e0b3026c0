"""The providers' wire formats: what may pass, what a call may use at most, what it used, how an error looks.

One module an API; `WIRES` has one of each by its path. They know JSON shapes only: no sockets, no money, no files.
"""

from __future__ import annotations

from harness.gateway.wire.base import Wire
from harness.gateway.wire.chat import Chat
from harness.gateway.wire.embeddings import Embeddings
from harness.gateway.wire.messages import CountTokens, Messages
from harness.gateway.wire.responses import Responses

WIRES: dict[str, Wire] = {
    "/v1/chat/completions": Chat(),
    "/v1/responses": Responses(),
    "/v1/embeddings": Embeddings(),
    "/v1/messages": Messages(),
    "/v1/messages/count_tokens": CountTokens(),
}
