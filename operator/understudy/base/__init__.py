"""Words every layer shares: clock, durations, errors, digests. Imports nothing of ours."""
