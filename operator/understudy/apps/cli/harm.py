"""Which requests a caller could be hurt by: those are asked back at a terminal, all others are carried out at once."""

from understudy.api.evidence import Verdict
from understudy.apps.cli.state import State


def harm(verb: str, argument: str, state: State) -> str:
    """What could go wrong, in a sentence; empty for what only makes things safer."""
    rollout = state.status.rollout
    if (verb, argument) == ("promote", "full") and rollout.canary and rollout.verdict is not Verdict.PASS:
        verdict = rollout.verdict.value if rollout.verdict else "none yet"
        return (
            f"{rollout.canary.name} would take every call without having passed (verdict {verdict}, "
            f"{rollout.canary_calls} calls)."
        )
    taken_back = {each.name for each in (rollout.rejected,) if each}
    taken_back |= {rollout.last_rollback.revision} if rollout.last_rollback else set()
    if verb == "undo" and argument in taken_back:
        return f"{argument} was taken back before, and would take every call without being judged."
    return ""
