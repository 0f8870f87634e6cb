"""Requests to models under OpenTelemetry's names."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from understudy.apps.proxy.egress.genai import CUT, DURATION_BUCKETS_S, OTHER, RESPONSE_MODELS, ModelRequests, ShotEnd
from understudy.domain.revision.snapshot import Account, ModelTarget
from understudy.domain.routing.pool.step import Why

AZURE = Account(name="eu", provider="azure-openai", base_url="https://eu.openai.azure.com")
TARGET = ModelTarget(name="mini-eu", account="eu", model="gpt-4o-mini", deployment="mini")
SERVED = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "azure.ai.openai",
    "gen_ai_request_model": "gpt-4o-mini",
    "server_address": "eu.openai.azure.com",
    "server_port": "443",
    "account": "eu",
    "deployment": "mini-eu",
}


def recorded(*ends: ShotEnd) -> CollectorRegistry:
    registry = CollectorRegistry()
    requests = ModelRequests(registry)
    for end in ends:
        requests.record(end)
    return registry


def end(**changes: object) -> ShotEnd:
    values = {"account": AZURE, "target": TARGET, "why": Why.FASTEST, "seconds": 0.7, **changes}
    return ShotEnd(**values)  # type: ignore[arg-type]


def test_a_complete_answer_has_duration_first_chunk_and_tokens() -> None:
    registry = recorded(end(first_chunk_s=0.3, response_model="gpt-4o-mini-x", input_tokens=900, output_tokens=40))
    answered = SERVED | {"gen_ai_response_model": "gpt-4o-mini-x"}
    duration = "gen_ai_client_operation_duration_seconds"
    assert registry.get_sample_value(f"{duration}_sum", answered | {"error_type": ""}) == 0.7
    first = registry.get_sample_value("gen_ai_client_operation_time_to_first_chunk_seconds_sum", SERVED)
    assert first == 0.3
    for kind, tokens in (("input", 900), ("output", 40)):
        labels = answered | {"gen_ai_token_type": kind}
        assert registry.get_sample_value("gen_ai_client_token_usage_sum", labels) == tokens
    why = {"account": "eu", "deployment": "mini-eu", "why": "fastest", "outcome": "ok"}
    assert registry.get_sample_value("understudy_model_requests_total", why) == 1


def test_a_cut_request_is_an_error_with_estimated_tokens_and_no_usage() -> None:
    """Usage is only what the provider reported; the estimate stands apart."""
    registry = recorded(end(outcome=CUT, why=Why.HEDGE, wasted_tokens=120))
    labels = SERVED | {"gen_ai_response_model": "", "error_type": "cut"}
    assert registry.get_sample_value("gen_ai_client_operation_duration_seconds_count", labels) == 1
    why = {"account": "eu", "deployment": "mini-eu", "why": "hedge", "outcome": "cut"}
    assert registry.get_sample_value("understudy_model_requests_total", why) == 1
    wasted = registry.get_sample_value(
        "understudy_model_tokens_cancelled_estimated_total", {"account": "eu", "deployment": "mini-eu"}
    )
    assert wasted == 120
    assert b"gen_ai_client_token_usage_sum" not in generate_latest(registry)
    assert b"time_to_first_chunk_seconds_sum" not in generate_latest(registry)


def test_buckets_are_the_conventions_own() -> None:
    text = generate_latest(recorded(end(first_chunk_s=0.1, input_tokens=1))).decode()
    for bound in (*DURATION_BUCKETS_S, "+Inf"):
        assert f'le="{bound}"' in text
    assert 'le="6.7108864e+07"' in text


def test_a_provider_that_answers_with_ever_new_model_names_makes_no_new_series() -> None:
    text = generate_latest(recorded(*(end(response_model=f"m-{n}") for n in range(50)))).decode()
    named = {line for line in text.splitlines() if line.startswith("gen_ai_client_operation_duration_seconds_count")}
    assert len(named) == RESPONSE_MODELS + 1
    assert sum(f'gen_ai_response_model="{OTHER}"' in line for line in named) == 1


@pytest.mark.parametrize(
    ("base_url", "address", "port"),
    [
        ("https://api.openai.com/v1", "api.openai.com", "443"),
        ("http://llm.svc:8000/v1", "llm.svc", "8000"),
        ("http://llm.svc", "llm.svc", "80"),
    ],
)
def test_where_a_request_went_is_host_and_port(base_url: str, address: str, port: str) -> None:
    account = Account(name="a", provider="openai", base_url=base_url)
    text = generate_latest(recorded(end(account=account))).decode()
    assert f'server_address="{address}",server_port="{port}"' in text
    assert 'gen_ai_provider_name="openai"' in text
