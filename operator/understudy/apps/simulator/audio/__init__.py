"""Sound as numbers: μ-law, levels, synthesis by espeak-ng. PCM is 16-bit little-endian mono throughout."""
