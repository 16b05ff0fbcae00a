"""HTTP on Lambda: a Chalice app that speaks problem+json and reads both API Gateway payloads."""

from feedsmith.web.app import Api

__all__ = ["Api"]
