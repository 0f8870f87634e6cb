"""An assistant and its plan become one revision: names followed, defaults filled in, complaints that name the field."""

from typing import Any

import pytest

from tests.unit.domain.revision.written import IMAGE, account, resolved, snapshot
from understudy.base.errors import InvalidInput

TWO_EARS = [account("llm", "openai"), account("ears", "deepgram"), account("spare", "deepgram")]
DEEPGRAM = {"provider": "deepgram", "account": "ears"}


def test_what_is_left_open_is_filled_in() -> None:
    """A revision says everything that a call depends on."""
    content = snapshot()
    (target,) = content.model.targets
    assert (target.name, target.account, target.model) == ("llm", "llm", "gpt-4o-mini")
    (transcriber,) = content.transcribers
    assert (transcriber.account, transcriber.model, transcriber.language) == ("ears", "nova-3", "en")
    assert content.voices[0].model == "gpt-4o-mini-tts"
    assert content.accounts["ears"].base_url == "wss://api.deepgram.com"
    assert content.accounts["ears"].secret == "ears-key"
    assert (content.agent.image, content.agent.calls_per_agent) == (IMAGE, 10)
    assert (content.turn_budget_ms, content.max_call_duration_ms) == (1200, 1_800_000)
    assert content.model.attempt_timeout_ms == 4000


def test_what_is_written_is_taken() -> None:
    """Every built field reaches the revision."""
    content = snapshot(
        plan={"retries": {"timeout": "3s"}},
        model={
            "name": "m",
            "systemPrompt": "p",
            "temperature": 0.4,
            "maxTokens": 200,
            "deployments": [{"name": "a", "account": "llm"}, {"name": "b", "account": "llm", "model": "larger"}],
            "tools": [{"name": "book", "description": "d", "parameters": {"type": "object"}}],
        },
        transcriber={"provider": "deepgram", "keyterm": ["gnocchi"], "smartFormat": False, "language": "it"},
        server={"url": "https://a.example/hook", "secretRef": {"name": "hook"}, "timeout": "2s"},
        turnBudget="900ms",
        capacity={"callsPerAgent": 4, "maxCallDuration": "5m"},
        agent={
            "image": "mine:2",
            "endOfTurn": {"strategy": "Silence", "silence": "300ms"},
            "template": {"resources": {"requests": {"cpu": 1}}, "env": [{"name": "A", "value": "b"}]},
        },
    )
    assert [(t.name, t.model) for t in content.model.targets] == [("a", "m"), ("b", "larger")]
    assert (content.model.temperature, content.model.max_tokens, content.model.attempt_timeout_ms) == (0.4, 200, 3000)
    assert content.model.tools[0].to_json() == {"name": "book", "description": "d", "parameters": {"type": "object"}}
    assert content.transcribers[0].settings == {"keyterm": ["gnocchi"], "smartFormat": False}
    assert content.transcribers[0].language == "it"
    assert content.webhook is not None
    assert (content.webhook.url, content.webhook.timeout_ms, content.webhook.secret) == (
        "https://a.example/hook",
        2000,
        "hook",
    )
    assert (content.turn_budget_ms, content.max_call_duration_ms) == (900, 300_000)
    agent = content.agent
    assert (agent.image, agent.calls_per_agent, agent.end_of_turn) == ("mine:2", 4, "Silence")
    assert agent.end_of_turn_silence_ms == 300
    assert agent.template == {"resources": {"requests": {"cpu": 1}}, "env": [{"name": "A", "value": "b"}]}


@pytest.mark.parametrize(
    ("base_url", "expected", "default_host"),
    [
        (None, "https://api.openai.com/v1", True),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1", True),
        ("https://API.openai.com/v2", "https://API.openai.com/v2", True),
        ("http://api.openai.com/v1", "http://api.openai.com/v1", False),
        ("https://api.openai.com:8443/v1", "https://api.openai.com:8443/v1", False),
        ("https://api.openai.com.evil.example/v1", "https://api.openai.com.evil.example/v1", False),
        ("http://simulator:8080/llm/v1", "http://simulator:8080/llm/v1", False),
    ],
)
def test_a_key_is_at_home_only_at_the_provider(base_url: str | None, expected: str, default_host: bool) -> None:  # noqa: FBT001
    """Anywhere else, and over a connection that others can read, allowed-hosts has to say so."""
    llm = account("llm", "openai", **({"baseUrl": base_url} if base_url else {}))
    found = snapshot(accounts=[llm, account("ears", "deepgram")]).accounts["llm"]
    assert (found.base_url, found.default_host) == (expected, default_host)


def test_only_accounts_in_use_are_part_of_the_revision() -> None:
    """Adding an account that nothing refers to is no change of what callers hear."""
    off = {"provider": "openai", "voiceId": "shimmer", "fallbackPlan": {"voices": []}}
    assert sorted(snapshot(voice=off).accounts) == ["ears", "llm"]
    two = [account("llm", "openai"), account("ears", "deepgram")]
    assert snapshot(voice=off).digest() == snapshot(voice=off, accounts=two).digest()


def test_what_is_no_part_of_a_call_is_no_part_of_the_revision() -> None:
    """Rollout policy, SLOs, replicas and traits may change without a rollout."""
    other = snapshot(
        rollout={"steps": [{"setWeight": 50}]},
        slos=[{"name": "x", "score": {"signal": "Quality", "minPercent": 1}}],
        agent={"replicas": {"min": 3}},
        proxy={"replicas": 3},
        voice={"provider": "openai", "voiceId": "shimmer", "traits": {"tone": "calm"}},
    )
    assert other.digest() == snapshot().digest()


@pytest.mark.parametrize(
    "change",
    [
        {"model": {"name": "other", "systemPrompt": "You answer the phone."}},
        {"model": {"name": "gpt-4o-mini", "systemPrompt": "You answer the door."}},
        {"voice": {"provider": "openai", "voiceId": "alloy"}},
        {"voice": {"provider": "openai", "voiceId": "shimmer", "handover": "Immediate"}},
        {"transcriber": {"provider": "deepgram", "language": "de"}},
        {"turnBudget": "1s"},
        {"plan": {"voices": []}},
        {"plan": {"models": [{"name": "spare", "account": "llm", "model": "other"}]}},
        {"agent": {"image": "mine:2"}},
    ],
    ids=str,
)
def test_what_a_caller_would_notice_is_a_new_revision(change: dict[str, Any]) -> None:
    """P1: prompt, model, voices, transcribers, the resolved plan, the agent."""
    assert snapshot(**change).digest() != snapshot().digest()


def test_without_a_plan_other_accounts_speak() -> None:
    """V2: another provider's first, in the order they are written, each with a voice of its own."""
    accounts = [
        account("llm", "openai"),
        account("llm2", "openai"),
        account("ears", "deepgram"),
        account("mouth", "cartesia"),
    ]
    model = {"name": "m", "systemPrompt": "p", "deployments": [{"name": "a", "account": "llm"}]}
    voice = {"provider": "openai", "account": "llm", "voiceId": "shimmer", "language": "en"}
    voices = snapshot(accounts=accounts, model=model, voice=voice).voices
    assert [v.account for v in voices] == ["llm", "ears", "mouth", "llm2"]
    assert (voices[1].voice_id, voices[1].model) == ("aura-2-thalia-en", None)
    assert voices[2].voice_id
    assert (voices[2].model, voices[2].language) == ("sonic-3", "en")
    assert (voices[3].voice_id, voices[3].model) == ("shimmer", "gpt-4o-mini-tts")


def test_listed_voices_are_tried_in_their_order_and_only_they() -> None:
    """V1."""
    entries = [{"provider": "cartesia", "voiceId": "b"}, {"provider": "openai", "voiceId": "c"}]
    voices = snapshot(voice={"provider": "openai", "voiceId": "a", "fallbackPlan": {"voices": entries}}).voices
    assert [v.voice_id for v in voices] == ["a", "b", "c"]


@pytest.mark.parametrize("off", [{"voices": []}, {"autoFallback": {"enabled": False}}], ids=str)
def test_voice_fallback_can_be_off(off: dict[str, Any]) -> None:
    """V2: an empty list, or the switch."""
    assert len(snapshot(voice={"provider": "openai", "voiceId": "a", "fallbackPlan": off}).voices) == 1


def test_transcribers_fall_back_only_when_asked_to() -> None:
    """T1: nothing by itself; with the switch, the other accounts hear as the first one does."""
    model = {"name": "m", "systemPrompt": "p"}
    assert len(snapshot(accounts=TWO_EARS, model=model, transcriber=DEEPGRAM).transcribers) == 1
    on = {**DEEPGRAM, "keyterm": ["gnocchi"], "fallbackPlan": {"autoFallback": {"enabled": True}}}
    first, other, same = snapshot(accounts=TWO_EARS, transcriber=on).transcribers
    assert same == first.model_copy(update={"account": "spare"})
    assert (other.account, other.model, other.language, other.settings) == ("llm", "gpt-live-transcribe", "en", {})


def test_manual_transcribers_come_before_automatic_ones() -> None:
    """T1: and no account is tried twice."""
    accounts = [*TWO_EARS, account("third", "deepgram")]
    plan = {"transcribers": [{"provider": "deepgram", "account": "third"}], "autoFallback": {"transcriber": True}}
    chain = snapshot(plan, accounts=accounts, transcriber=DEEPGRAM).transcribers
    assert [t.account for t in chain] == ["ears", "third", "llm", "spare"]


def test_a_prompt_can_come_from_a_config_map() -> None:
    """Its content is in the revision."""
    model = {"name": "m", "systemPromptFrom": {"configMapKeyRef": {"name": "prompts", "key": "desk"}}}
    assert snapshot(prompt="You are kind.", model=model).model.system_prompt == "You are kind."


NOBODY = {"provider": "openai", "voiceId": "v", "account": "nobody"}


@pytest.mark.parametrize(
    ("plan", "changes", "field", "reason"),
    [
        (None, {"fallbackPlanRef": {"name": "gone"}}, "spec.fallbackPlanRef.name", "FallbackPlanNotFound"),
        (
            None,
            {"model": {"name": "m", "systemPromptFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}},
            "spec.model.systemPromptFrom.configMapKeyRef",
            "SystemPromptNotFound",
        ),
        ({"voices": [NOBODY]}, {}, "FallbackPlan house-rules spec.voices[0].account", "AccountNotFound"),
        (
            {"transcribers": [{"provider": "deepgram", "account": "llm"}]},
            {},
            "FallbackPlan house-rules spec.transcribers[0].account",
            "AccountNotFound",
        ),
        (
            {"models": [{"name": "x", "account": "ears"}]},
            {},
            "FallbackPlan house-rules spec.models[0].account",
            "AccountNotFound",
        ),
        (
            {"models": [{"name": "llm", "account": "llm", "model": "other"}]},
            {},
            "FallbackPlan house-rules spec.models[0].name",
            "InvalidSpec",
        ),
        (None, {"accounts": TWO_EARS}, "spec.transcriber.account", "AccountNotFound"),
        (None, {"accounts": [account("ears", "deepgram")]}, "spec.voice.account", "AccountNotFound"),
        (
            None,
            {"voice": {"provider": "openai", "voiceId": "v", "fallbackPlan": {"voices": [NOBODY]}}},
            "spec.voice.fallbackPlan.voices[0].account",
            "AccountNotFound",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_named(
    plan: dict[str, Any] | None, changes: dict[str, Any], field: str, reason: str
) -> None:
    """The condition says which field of which object, and the last good revision keeps serving."""
    with pytest.raises(InvalidInput) as caught:
        resolved(plan, **changes)
    assert (caught.value.field, caught.value.reason) == (field, reason)


MUTE = {"voice": {"provider": "deepgram", "voiceId": "aura-2-thalia-en", "fallbackPlan": {"voices": []}}}
CALM = {"provider": "openai", "voiceId": "a", "language": "en-US", "traits": {"tone": "calm", "gender": "female"}}


@pytest.mark.parametrize(
    ("plan", "changes", "said"),
    [
        ({"voices": [{"provider": "cartesia", "voiceId": "v"}]}, {}, []),
        (
            {"voices": [{"provider": "openai", "voiceId": "b"}]},
            {},
            ["FallbackPlan house-rules spec.voices[0]: also openai; an outage of openai takes both"],
        ),
        (
            None,
            {
                "voice": {
                    **CALM,
                    "fallbackPlan": {"voices": [{"provider": "cartesia", "voiceId": "v", "language": "de"}]},
                }
            },
            ["spec.voice.fallbackPlan.voices[0].language: de, but what it takes over from has en-US"],
        ),
        ({"voices": [{"provider": "cartesia", "voiceId": "v", "language": "en-GB"}]}, {"voice": CALM}, []),
        (
            {"voices": [{"provider": "cartesia", "voiceId": "v", "traits": {"tone": "Excited", "gender": "Female"}}]},
            {"voice": CALM},
            ["FallbackPlan house-rules spec.voices[0].traits.tone: Excited, but the voice it takes over from is calm"],
        ),
        (
            {"transcribers": [{"provider": "deepgram", "account": "spare", "language": "de"}]},
            {"accounts": TWO_EARS, "transcriber": DEEPGRAM},
            [
                "FallbackPlan house-rules spec.transcribers[0]: also deepgram; an outage of deepgram takes both",
                "FallbackPlan house-rules spec.transcribers[0].language: de, but what it takes over from has en",
            ],
        ),
        (
            {"autoFallback": {"transcriber": True}},
            {"accounts": TWO_EARS, "transcriber": DEEPGRAM},
            [
                (
                    "spec.transcriber.fallbackPlan.autoFallback: when it takes over, the caller's audio goes to "
                    "llm (openai), spare (deepgram); see that it may be processed there"
                )
            ],
        ),
        (
            {"autoFallback": {"transcriber": True}},
            {
                "accounts": [account("ears", "deepgram"), account("llm", "azure-openai", baseUrl="https://a.example")],
                **MUTE,
            },
            [
                (
                    "spec.transcriber.fallbackPlan.autoFallback: it is on, but no other account in spec.accounts can "
                    "transcribe; add one"
                )
            ],
        ),
    ],
)
def test_what_may_surprise_is_said(plan: dict[str, Any] | None, changes: dict[str, Any], said: list[str]) -> None:
    """V4, T5: warnings, not refusals."""
    assert list(resolved(plan, **changes).warnings) == said
