"""`make demo`: from nothing to a bad model rolled back and a good one promoted, on a real Kubernetes."""

import sys
import time

from tests.demo import acts, callers, shell, stage, timeline
from tests.demo.stage import say

NEXT = """
The cluster stays up. Try:
  eval "$(python3 -m tests.cluster env)"
  kubectl get va -w
  kubectl describe va front-desk
  kubectl get events --field-selector involvedObject.name=front-desk
  kubectl patch va front-desk --type merge --patch-file examples/demo/patch-slow.yaml
  .venv/bin/python -m understudy simulator call --twiml {twiml} --wav out/my-call.wav
  make cluster-down
"""


def main() -> int:
    """Play the whole story; 0 when it went as announced."""
    started = time.monotonic()
    stage.prepare()
    story = acts.Story()
    acts.first_call(story)
    say(f"▸ from `make demo` to the end of the first call: {time.monotonic() - started:.0f} s")
    acts.rollouts(story)
    tell(story)
    say(NEXT.format(twiml=callers.twiml()))
    return 1 if any(act.dropped() for act in story.acts) else 0


def tell(story: acts.Story) -> None:
    """Print the story as a timeline, and keep it in out/story.txt."""
    told = [line for act in story.acts for line in timeline.lines(act.seen)]
    text = timeline.render(told, story.started)
    calls = [call for act in story.acts for call in act.calls]
    end = f"{len(calls)} calls, {sum(call['dropped'] for call in calls)} dropped"
    callers.save(callers.OUT / "story.txt", f"{text}\n{end}\n")
    say("\nThe story (also in out/story.txt)\n" + text + f"\n  {end}")
    say("\n$ kubectl get va\n" + shell.kubectl("-n", stage.NAMESPACE, "get", "va"))


if __name__ == "__main__":
    sys.exit(main())
