"""What is done with milliseconds saved or lost (L7). Off unless the user asks for it."""

from collections.abc import Sequence

from understudy.domain.revision.snapshot import Model, ModelTarget, Slack
from understudy.domain.routing.pool.pool import Pool
from understudy.domain.routing.pool.step import Ask

_ENDS = (".", "!", "?", "…", "。", "！", "？")  # noqa: RUF001 - Chinese and Japanese marks


def filler_of(model: Model) -> str:
    """What is said when the answer is late, as a sentence of its own; empty when nothing is."""
    text = (model.slack.filler or "").strip() if model.slack else ""
    return text if not text or text.endswith(_ENDS) else f"{text}."


def better_target(pool: Pool, targets: Sequence[ModelTarget], slack: Slack, ask: Ask, now: float) -> int | None:
    """Index of the better target, if it is expected to answer within the budget; None: the pool is to choose."""
    if slack.better_target is None:
        return None
    index = next((at for at, target in enumerate(targets) if target.name == slack.better_target), None)
    if index is None or not pool.entries[index].breaker.admits(now):
        return None
    return index if pool.expected_s(index, ask, now) <= ask.budget_s else None


def better_voice(slack: Slack, early_s: float) -> str:
    """Model of the first voice for an answer that came `early_s` before it had to; empty: the revision's."""
    return slack.better_voice_model or "" if early_s * 1000 >= slack.early_ms else ""
