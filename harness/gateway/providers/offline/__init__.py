"""The offline coder: a model that needs no key and no network, made of rules and templates.

It does not try to be clever about any one competition, and it never sees more than a prompt. The wire formats are
somebody else's: `OfflineCoder.answer` takes chat messages and gives text or one tool call.
"""

from __future__ import annotations

from harness.gateway.providers.offline.coder import Answer, OfflineCoder

__all__ = ["Answer", "OfflineCoder"]
