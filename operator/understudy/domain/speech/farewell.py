"""What a caller is told when a call has to end because nobody can hear him any more."""

_SENTENCES = {
    "en": "I am sorry, I cannot hear you because of a technical problem. Please call again later. Goodbye.",
    "de": "Entschuldigung, ich kann Sie wegen einer technischen Störung nicht hören. "
    "Bitte rufen Sie später noch einmal an. Auf Wiederhören.",
    "fr": "Je suis désolé, je ne vous entends plus à cause d'un problème technique. "
    "Veuillez rappeler plus tard. Au revoir.",
    "es": "Lo siento, no puedo oírle por un problema técnico. Por favor, llame más tarde. Adiós.",
    "it": "Mi dispiace, non riesco a sentirla per un problema tecnico. La prego di richiamare più tardi. Arrivederci.",
    "pt": "Lamento, não consigo ouvi-lo por causa de um problema técnico. Por favor, ligue mais tarde. Adeus.",
    "nl": "Het spijt me, ik kan u niet horen door een technische storing. Belt u later nog eens. Tot ziens.",
}
"""By language; constant, so that nothing a provider said gets to the caller."""


def farewell(language: str | None) -> str:
    """The sentence in `language`, a tag such as `de-AT`; in English where there is none."""
    return _SENTENCES.get((language or "en").partition("-")[0].lower(), _SENTENCES["en"])
