"""Warnings about hearing and speaking that are valid (V4, T5): sentences that begin with the field's path."""

from collections.abc import Iterator, Sequence

from understudy.api.accounts import Account
from understudy.api.transcriber import FallbackTranscriber
from understudy.api.voice import FallbackVoice
from understudy.domain.revision import defaults

ANY_LANGUAGE = "multi"


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
    """What it transcribes, the provider's default where nothing is said."""
    return transcriber.language or defaults.TRANSCRIBER_LANGUAGE.get(transcriber.provider)


def about_automatic(field: str, others: Sequence[Account]) -> str:
    """That audio may go elsewhere (T5), or that there is nobody else."""
    if not others:
        return f"{field}: it is on, but no other account in spec.accounts can transcribe; add one"
    listed = ", ".join(f"{account.name} ({account.provider})" for account in others)
    return f"{field}: when it takes over, the caller's audio goes to {listed}; see that it may be processed there"


def about_zones(field: str, left_out: Sequence[Account]) -> Iterator[str]:
    """That accounts which would follow by themselves do not, because of the data zones."""
    if left_out:
        listed = ", ".join(f"{account.name} ({account.region or 'no region'})" for account in left_out)
        yield f"{field}: left out, not known to be in spec.compliance.dataZones: {listed}"


def _same_provider(field: str, provider: str) -> str:
    return f"{field}: also {provider}; an outage of {provider} takes both"


def _language(field: str, before: str | None, after: str | None) -> Iterator[str]:
    if before is None or after is None or ANY_LANGUAGE in (before, after):
        return
    if before.split("-")[0].casefold() != after.split("-")[0].casefold():
        yield f"{field}.language: {after}, but what it takes over from has {before}"
