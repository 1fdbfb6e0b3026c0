"""OpenAI's embeddings."""

from __future__ import annotations

from harness.gateway.prices import TokenUsage
from harness.gateway.providers.base import Api
from harness.gateway.wire.base import Assembler, BadRequest, Json, child, count
from harness.gateway.wire.openai_errors import openai_error, openai_stream_error
from harness.gateway.wire.parts import check_fields

_FIELDS = frozenset(["model", "input", "encoding_format", "dimensions", "user"])


class Embeddings:
    """POST /v1/embeddings: input tokens only, never a stream."""

    api: Api = "embeddings"

    def check(self, body: Json) -> None:
        check_fields(body, _FIELDS, "embeddings")
        if not isinstance(body.get("input"), str | list):
            raise BadRequest(f"'input' must be text or a list, found {type(body.get('input')).__name__}.")

    def most_output_tokens(self, body: Json) -> int | None:
        return 0

    def additions(self, body: Json, most_output_tokens: int) -> Json:
        return {}

    def usage(self, response: Json) -> TokenUsage | None:
        reported = child(response, "usage")
        return TokenUsage(input=count(reported.get("prompt_tokens"))) if reported else None

    def assembler(self) -> Assembler:
        raise BadRequest("Embeddings are not streamed.")

    def only_usage(self, event: Json) -> bool:
        return False

    def error(self, status: int, code: str, message: str) -> Json:
        return openai_error(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        return openai_stream_error(code, message)
