"""Canary shifts: what an operator asks for, weights, steps, and the judge of the evidence. Pure."""
