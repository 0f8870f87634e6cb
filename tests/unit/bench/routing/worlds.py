"""Small worlds for the tests."""

from typing import Any

from tests.bench.routing.world import World, parse


def part(
    median_ms: float = 400, sigma: float = 0.2, hang: float = 0.0, error: float = 0.0, **more: float
) -> dict[str, Any]:
    return {
        "from_s": 0,
        "median_ms": median_ms,
        "sigma": sigma,
        "hang_probability": hang,
        "error_probability": error,
        **more,
    }


def world(*deployments: list[dict[str, Any]], rate: float = 10.0, duration: float = 200.0, **more: Any) -> World:
    """A world of deployments, each a list of segments."""
    return parse(
        {
            "deployments": [{"name": f"d{index}", "segments": each} for index, each in enumerate(deployments)],
            "requests": {"rate_per_s": rate, "duration_s": duration, "seed": 7},
            **more,
        }
    )
