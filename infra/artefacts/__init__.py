"""What `sam build` left: its layout and sizes, and a stand-in for Lambda that runs it on this machine."""

from artefacts.measure import measure

__all__ = ["measure"]
