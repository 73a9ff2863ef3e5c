"""Terraform's real core, offline: infra/terraform/ against the provider's real schema, served by a stand-in."""
