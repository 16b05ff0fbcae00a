"""Fault injection: the local stack under everything that can go wrong between two steps, and the proof that it held."""
