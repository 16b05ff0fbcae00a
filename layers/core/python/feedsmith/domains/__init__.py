"""Domains: what differs between news, shop, courses and films, as one TOML file each."""

from feedsmith.domains.loader import Domain, DomainSet, load_domains

__all__ = ["Domain", "DomainSet", "load_domains"]
