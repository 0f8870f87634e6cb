"""The table of transitions as a diagram for the docs."""

from understudy.domain.rollout.table import TABLE


def mermaid() -> str:
    """A Mermaid state diagram with every transition, in the table's order."""
    lines = ["stateDiagram-v2", "    [*] --> Initializing"]
    for phase, row in TABLE.items():
        lines += [f"    {phase.value} --> {target.value}: {trigger.value}" for trigger, target in row.items()]
    return "\n".join(lines) + "\n"
