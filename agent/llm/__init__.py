"""Clients for the models, all behind `LLM`; the providers' SDKs are imported only where one is used."""
