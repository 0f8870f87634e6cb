"""`prosody`: what a transcript notes of sounds that are no words, such as (laugh) or (music).

Version 1 of Gladia's API had a switch for it, version 2 has none: notes are left out here unless they are asked for.
"""

import re
from collections.abc import Iterable, Iterator

from understudy.domain.speech.codec import Word

_NOTE = re.compile(r"[\[(][^\W\d_]+(?: [^\W\d_]+){0,3}[\])]")
"""Up to four words of letters in brackets: digits in brackets are part of a telephone number."""


def without_notes(text: str) -> str:
    """`text` without notes, and without the gaps that they leave."""
    return " ".join(_NOTE.sub(" ", text).split())


def words_without_notes(words: Iterable[Word]) -> Iterator[Word]:
    """`words` without those of notes, which may be several words long."""
    note: list[Word] = []
    for word in words:
        if not note and not word.text.startswith(("(", "[")):
            yield word
            continue
        note.append(word)
        if word.text.rstrip(".,!?").endswith((")", "]")):
            if without_notes(" ".join(each.text for each in note)).strip(".,!? "):
                yield from note
            note = []
    yield from note
