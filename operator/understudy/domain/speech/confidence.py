"""`confidenceThreshold`: words a provider is not sure enough of are left out, on purpose; how many is counted."""

from dataclasses import replace

from understudy.domain.speech.codec import Result, Word


def without_doubtful(result: Result, threshold: float) -> tuple[Result, int]:
    """`result` without the words whose confidence is under `threshold`, and how many those were.

    Where words have no confidence of their own, that of the whole decides; where there is none at all, all stay.
    """
    doubtful = [word for word in result.words if _below(word.confidence, threshold)]
    if doubtful:
        left = tuple(word for word in result.words if word not in doubtful)
        return replace(result, text=_text(left), words=left, message=_message(result, left)), len(doubtful)
    if result.text and _below(result.confidence, threshold) and not any(word.confidence for word in result.words):
        return replace(result, text="", words=(), message=_message(result, ())), len(result.text.split())
    return result, 0


def _below(confidence: float | None, threshold: float) -> bool:
    return confidence is not None and confidence < threshold


def _text(words: tuple[Word, ...]) -> str:
    return " ".join(word.text for word in words)


def _message(result: Result, left: tuple[Word, ...]) -> dict[str, object]:
    """The provider's own message with the words that are left; it has them in the same order."""
    if not result.message:
        return {}
    channel = result.message.get("channel") or {}
    first, *others = channel.get("alternatives") or [{}]
    kept = [said for said, word in zip(first.get("words") or (), result.words, strict=False) if word in left]
    text = " ".join(str(said.get("punctuated_word") or said.get("word")) for said in kept)
    return {
        **result.message,
        "channel": {**channel, "alternatives": [{**first, "transcript": text, "words": kept}, *others]},
    }
