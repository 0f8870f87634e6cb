"""The providers' simulators, each for one test."""

from tests.contracts.simulator.conftest import serve

__all__ = ["serve"]
