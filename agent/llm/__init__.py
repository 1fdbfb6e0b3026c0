"""Clients for the models, all behind `LLM`; the providers' SDKs are imported only where one is used."""

from __future__ import annotations

from pathlib import Path

from agent.contract import ModelSettings
from agent.llm.base import LLM


def llm_for(settings: ModelSettings, socket: Path) -> LLM:
    """Build the client for the wire format that the settings name."""
    if settings.api == "messages":
        from agent.llm.anthropic_messages import AnthropicMessages

        return AnthropicMessages(settings, socket)
    if settings.api == "responses":
        from agent.llm.openai_responses import OpenAIResponses

        return OpenAIResponses(settings, socket)
    if settings.api == "chat":
        from agent.llm.openai_chat import OpenAIChat

        return OpenAIChat(settings, socket)
    raise ValueError(f"no model API is called {settings.api!r}; there are: chat, responses, messages")
