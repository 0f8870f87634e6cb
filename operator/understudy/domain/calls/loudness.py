"""How loud a frame of telephone audio is, cheaply: this runs a hundred times a second for each call."""

_MAGNITUDE = bytes((~code) & 0x7F for code in range(256))
"""μ-law byte → magnitude code 0 (silence) to 127 (full scale). μ-law stores the complement, sign in the top bit."""

AUDIBLE = 14.0
"""Mean magnitude code from which a frame counts as speech: about -46 dBFS RMS. Line noise stays 4 dB and more under
it, the quietest caller we care for (-35 dBFS) is 11 dB over it. A mean of (logarithmic) codes rather than a peak,
because one click must not move the end of the caller's sentence."""

SILENCE = b"\xff"
"""The μ-law code of zero."""

RATE = 8000
"""Samples, and with μ-law bytes, per second."""


def level(mulaw: bytes) -> float:
    """Mean magnitude code of the 8 kHz μ-law samples in `mulaw`, 0 to 127; 0 for none."""
    if not mulaw:
        return 0.0
    return sum(mulaw.translate(_MAGNITUDE)) / len(mulaw)
