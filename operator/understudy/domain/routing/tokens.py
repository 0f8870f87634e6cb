"""Tokens, where nobody counted them: requests before they are sent, and streams that were cancelled."""

CHARACTERS_PER_TOKEN = 4
"""Of English text, as OpenAI's help says; other languages have more tokens."""

MESSAGE_TOKENS = 4
"""What each message of a dialogue adds: its role and its separators."""


def estimated(characters: int) -> int:
    """Tokens in a text of so many characters; at least one for any text."""
    return -(-characters // CHARACTERS_PER_TOKEN)
