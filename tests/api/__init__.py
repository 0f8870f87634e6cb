"""The CRDs on a real API server: what it accepts, what it refuses, and what it says then."""
