"""Several providers behind one door, chosen by the model that a call names: code and review may use different ones."""

from __future__ import annotations

from collections.abc import Mapping

from harness.gateway.prices import TokenUsage
from harness.gateway.providers.base import Provider, ProviderRequest, ProviderResponse, Traits


class Router:
    """Sends each call to the provider of its model. The gateway has made sure that the model is one of these."""

    def __init__(self, by_model: Mapping[str, Provider]) -> None:
        self._by_model = dict(by_model)
        self._providers = list({id(provider): provider for provider in by_model.values()}.values())
        self._traits = Traits(
            live=any(provider.traits.live for provider in self._providers),
            models=frozenset(by_model),
            prices=self,
            secrets=tuple(secret for provider in self._providers for secret in provider.traits.secrets),
            older_limit=frozenset().union(*(provider.traits.older_limit for provider in self._providers)),
            provider_of={model: provider.name for model, provider in by_model.items()},
            accounts={model: account for one in self._providers for model, account in one.traits.accounts.items()},
        )

    @property
    def name(self) -> str:
        return "+".join(provider.name for provider in self._providers)

    @property
    def traits(self) -> Traits:
        return self._traits

    def cost_usd(self, model: str, tokens: TokenUsage) -> float | None:
        """The price that the model's own provider knows."""
        return self._by_model[model].traits.prices.cost_usd(model, tokens)

    async def send(self, request: ProviderRequest) -> ProviderResponse:
        return await self._by_model[str((request.body or {}).get("model"))].send(request)

    async def aclose(self) -> None:
        for provider in self._providers:
            await provider.aclose()
