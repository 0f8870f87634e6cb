"""Who takes over by itself: other accounts of the assistant, the nearest first (V2, T1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from understudy.api.accounts import Account
from understudy.api.transcriber import TranscriberProvider
from understudy.api.voice import FallbackVoice, VoiceProvider
from understudy.domain.revision import catalogue, defaults
from understudy.domain.revision.compliance import Restriction
from understudy.domain.revision.directory import Directory, is_retired
from understudy.domain.revision.languages import heard_by, primary
from understudy.domain.revision.snapshot import Transcriber, Voice


@dataclass(frozen=True, slots=True)
class Rules:
    """Which providers follow by themselves, and whether the nearest voice is looked for.

    An operator that learns a provider must not send anybody's audio there by being upgraded: an assistant keeps the
    rules under which its revision was made until its spec changes (docs/decisions/0015).
    """

    transcribers: frozenset[str]
    voices: frozenset[str]
    nearest: bool = True


NOW: Final = Rules(frozenset(get_args(TranscriberProvider)), frozenset(get_args(VoiceProvider)))

EARLIER: Final = (Rules(frozenset({"deepgram"}), frozenset({"openai", "cartesia"}), nearest=False),)
"""Rules of earlier versions, newest first."""


@dataclass(frozen=True, slots=True)
class Others:
    """The accounts that could follow: those that do, and why others do not."""

    follow: tuple[Account, ...]
    unfit: tuple[Account, ...]
    """Left out under HIPAA or PCI."""
    outside: tuple[Account, ...]
    """Left out because of the data zones."""


def others(directory: Directory, providers: frozenset[str], used: set[str], restriction: Restriction) -> Others:
    """The accounts with one of `providers` that are not in `used`."""
    candidates = tuple(a for a in directory.with_provider(providers) if a.name not in used and not is_retired(a))
    fit = tuple(a for a in candidates if restriction.allows(a.provider))
    return Others(
        follow=tuple(a for a in fit if directory.allowed(a)),
        unfit=tuple(a for a in candidates if not restriction.allows(a.provider)),
        outside=tuple(a for a in fit if not directory.allowed(a)),
    )


def transcribers(first: Transcriber, accounts: Sequence[Account]) -> Iterator[tuple[Account, Transcriber | None]]:
    """How each account hears, another provider's first, because an outage is mostly a provider's; None: it cannot.

    An account of the same provider hears as the first does.
    """
    for account in sorted(accounts, key=lambda other: other.provider == first.provider):
        if account.provider == first.provider:
            yield account, first.model_copy(update={"account": account.name})
        else:
            yield account, _hears(first, account)


def _hears(first: Transcriber, account: Account) -> Transcriber | None:
    provider = account.provider
    heard = heard_by(provider, first.language)
    if heard is None:
        return None
    return Transcriber(
        account=account.name,
        provider=provider,
        model=defaults.AUTOMATIC_MODEL.get(provider) or defaults.transcriber_model(provider, None),
        language=heard.language,
        settings=defaults.TRANSCRIBER_SETTINGS.get(provider, {}),
        turn_detection=first.turn_detection,
    )


def voices(first: FallbackVoice, spoken: Voice, accounts: Sequence[Account], rules: Rules) -> Iterator[Voice]:
    """One voice for each account: those that speak the language first, then another provider's, then by gender.

    Args:
        first: the voice they take over from, as it is written.
        spoken: the same as the revision has it.
        accounts: those that follow.
        rules: in force.
    """
    if not rules.nearest:
        yield from (_first_offered(spoken, a) for a in sorted(accounts, key=lambda a: a.provider == first.provider))
        return
    language = primary(first.language) if first.language else None
    gender = catalogue.gender_of(first.traits.gender if first.traits else None, first.voice_id)
    found = []
    for account in accounts:
        if account.provider == first.provider:
            found.append(((False, True, False), spoken.model_copy(update={"account": account.name})))
        else:
            offered, (foreign, other_gender) = catalogue.nearest(account.provider, language, gender)
            found.append(((foreign, False, other_gender), _voice(spoken, account, offered.voice_id)))
    yield from (voice for _, voice in sorted(found, key=lambda each: each[0]))


def _first_offered(spoken: Voice, account: Account) -> Voice:
    if account.provider == spoken.provider:
        return spoken.model_copy(update={"account": account.name})
    return _voice(spoken, account, catalogue.CATALOGUE[account.provider][0].voice_id)


def _voice(spoken: Voice, account: Account, voice_id: str) -> Voice:
    return Voice(
        account=account.name,
        provider=account.provider,
        voice_id=voice_id,
        model=defaults.VOICE_MODEL.get(account.provider),
        language=spoken.language,
    )
