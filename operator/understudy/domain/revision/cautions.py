"""Warnings about hearing and speaking that are valid (V4, T5): sentences that begin with the field's path."""

from collections.abc import Iterator, Sequence

from understudy.api.accounts import Account
from understudy.api.transcriber import FallbackTranscriber, Transcriber
from understudy.api.voice import FallbackVoice
from understudy.domain.revision import defaults, snapshot
from understudy.domain.revision.compliance import Restriction
from understudy.domain.revision.languages import differ

BILLED_BY_OPEN_TIME = frozenset({"assembly-ai"})
"""Providers known to bill for as long as a connection is open, after their pricing pages."""


def about_voice(field: str, first: FallbackVoice, fallback: FallbackVoice) -> Iterator[str]:
    """What may surprise the caller when `fallback` takes over from `first`."""
    if fallback.provider == first.provider:
        yield _same_provider(field, fallback.provider)
    yield from _language(field, first.language, fallback.language)
    for trait in ("gender", "accent", "tone"):
        before = getattr(first.traits, trait, None)
        after = getattr(fallback.traits, trait, None)
        if before and after and before.casefold() != after.casefold():
            yield f"{field}.traits.{trait}: {after}, but the voice it takes over from is {before}"


def about_transcriber(field: str, first: FallbackTranscriber, fallback: FallbackTranscriber) -> Iterator[str]:
    """What may surprise when `fallback` takes over from `first`."""
    if fallback.provider == first.provider:
        yield _same_provider(field, fallback.provider)
    yield from _language(field, language_of(first), language_of(fallback))


def language_of(transcriber: FallbackTranscriber) -> str | None:
    """What it transcribes, the provider's default where nothing is said; None where the provider finds out."""
    return defaults.transcriber_language(transcriber.provider, transcriber.language, transcriber.model)


def about_turns(first: Transcriber) -> Iterator[str]:
    """That Flux's thresholds are sent and decide nothing."""
    if first.turn_detection == "Agent" and (first.eot_threshold is not None or first.eot_timeout_ms is not None):
        yield (
            "spec.transcriber.turnDetection: Agent finds the end of a turn, so eotThreshold and eotTimeoutMs decide "
            "nothing; write Provider to let them"
        )


def about_standby(chain: Sequence[snapshot.Transcriber]) -> Iterator[str]:
    """What a connection that is kept ready costs."""
    field = "spec.transcriber.fallbackPlan.standby"
    if len(chain) < 2:  # noqa: PLR2004 - the first alone
        yield f"{field}: Connected, but there is no other transcriber to connect"
    elif chain[1].provider in BILLED_BY_OPEN_TIME:
        yield f"{field}: Connected, and {chain[1].provider} bills for every minute that it is, used or not"


def about_automatic(field: str, others: Sequence[Account]) -> str:
    """That audio may go elsewhere (T5), or that there is nobody else."""
    if not others:
        return f"{field}: it is on, but no other account in spec.accounts can transcribe; add one"
    return (
        f"{field}: when it takes over, the caller's audio goes to {_listed(others)}; see that it may be processed there"
    )


def about_zones(field: str, left_out: Sequence[Account]) -> Iterator[str]:
    """That accounts which would follow by themselves do not, because of the data zones."""
    if left_out:
        listed = ", ".join(f"{account.name} ({account.region or 'no region'})" for account in left_out)
        yield f"{field}: left out, not known to be in spec.compliance.dataZones: {listed}"


def about_compliance(field: str, left_out: Sequence[Account], restriction: Restriction) -> Iterator[str]:
    """The same because of HIPAA or PCI."""
    if left_out:
        yield f"{field}: left out under {restriction.why}: {_listed(left_out)}"


def about_deaf(field: str, left_out: Sequence[Account], language: str | None) -> Iterator[str]:
    """The same because they do not hear the caller's language."""
    if left_out:
        yield f"{field}: left out, cannot hear {language or 'several languages'}: {_listed(left_out)}"


def about_named_voice(field: str, provider: str, restriction: Restriction) -> Iterator[str]:
    """That a voice which is named is taken at the user's word."""
    if not restriction.allows(provider):
        yield f"{field}: under {restriction.why}, see that you have an agreement with {provider}: it gets every answer"


def retired(field: str, account: str) -> str:
    """That a voice is never asked."""
    return (
        f"{field}: playht was shut down by its owner, so it is never asked; give account {account} the baseUrl of an "
        "installation of your own, or name another voice"
    )


def _listed(accounts: Sequence[Account]) -> str:
    return ", ".join(f"{account.name} ({account.provider})" for account in accounts)


def _same_provider(field: str, provider: str) -> str:
    return f"{field}: also {provider}; an outage of {provider} takes both"


def _language(field: str, before: str | None, after: str | None) -> Iterator[str]:
    if differ(before, after):
        yield f"{field}.language: {after}, but what it takes over from has {before}"
