"""How much of what a final should cover it is believed to have heard: speech may sound behind its last word."""

from understudy.domain.speech.feed import Heard

UNCOVERED_S = 0.12
"""Seconds of speech behind the last final that are none: voice detection and providers differ by that much."""

DOUBT_S = 0.5
"""Seconds of speech, behind its last word, from which on a final is not believed: two words or more. Sounds of the line
that are no speech last that long too; the second opinion tells."""

STOPPED_S = 0.3
"""The same where words have no times: since the text grew last, which is later than its last word."""

TAIL_S = 0.25
"""Seconds of speech behind the last word of a final for which it is asked again: a word that came too late for it.
Times of words are exact to 0.1 s."""


def leaves_out_much(heard: Heard, left_s: float) -> bool:
    """Whether a final has no word for `left_s` of speech that are a good deal: its provider may hear no more."""
    untimed = heard.result.text and not heard.result.words
    return left_s >= (STOPPED_S if untimed else DOUBT_S)


def asked_again(heard: Heard, left_s: float) -> bool:
    """Whether the same provider is asked for what it left out."""
    return bool(heard.result.words) and left_s >= TAIL_S


def covers_up_to(heard: Heard, left_s: float, *, armed: bool) -> int:
    """The position up to which a final covers the audio: not what sounds like speech behind its last word.

    The next final covers that, unless it turns out that the provider has stopped hearing just there. `armed`: speech
    without words counts.
    """
    return heard.known if asked_again(heard, left_s) or (armed and left_s > UNCOVERED_S) else heard.end
