import pytest

from understudy.apps.proxy.agents import Pod, _places


def test_pods_with_room_come_first_then_unknown_ones_then_the_full() -> None:
    pods = [
        Pod("full", known=True, live=10, capacity=10),
        Pod("unknown"),
        Pod("draining", known=True, live=1, capacity=10, draining=True),
        Pod("half", known=True, live=5, capacity=10),
        Pod("big and little loaded", known=True, live=6, capacity=20),
    ]
    order = [pod.address for pod in sorted(pods, key=Pod.preference)]
    assert order == ["big and little loaded", "half", "unknown", "draining", "full"]


@pytest.mark.parametrize(
    ("service", "places"),
    [
        ("front-desk-agent-1234", [("front-desk-agent-1234.demo.svc.cluster.local.", 8080)]),
        ("127.0.0.1:80, 127.0.0.1:81", [("127.0.0.1", 80), ("127.0.0.1", 81)]),
    ],
)
def test_where_the_pods_of_a_service_are(service: str, places: list[tuple[str, int]]) -> None:
    """By the full name with the root's dot: one DNS query instead of one for each search domain."""
    assert _places("demo", service, "cluster.local") == places
