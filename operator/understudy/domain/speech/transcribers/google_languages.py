"""Languages as Gemini takes them, with their region.

Source: Google's documentation of its speech models, "Supported languages".
"""

from understudy.api.transcriber_names import GOOGLE_LANGUAGES
from understudy.domain.revision.languages import REGIONS

AUTOMATIC = "multi"
"""No hint: Gemini finds out by itself."""

REGIONAL = {**REGIONS, "he": "iw-IL", "no": "no-NO", "zh": "cmn-Hans-CN"}
"""By the tag without region, in Google's own codes."""


def hints(language: str | None) -> list[str]:
    """The codes to ask for, of a name such as English or a tag: none where Gemini is to find out."""
    tag = GOOGLE_LANGUAGES.get(language or AUTOMATIC, language or AUTOMATIC)
    return [] if tag == AUTOMATIC else [REGIONAL.get(tag, tag)]
