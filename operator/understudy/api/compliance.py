"""HIPAA and PCI: which transcribers may take over, and the CEL that holds the assistant's own list against it (T4)."""

from understudy.api.markers import Rule

FIT = ("deepgram", "azure")
"""Providers that may be fallback transcribers where health or card data is spoken; the product promises no more of them
than that: the agreement with the provider is the user's."""

COMPLIANCE_RULES = (
    Rule(
        "!has(self.compliance) || !(self.compliance.hipaa || self.compliance.pci) "
        "|| !has(self.transcriber.fallbackPlan) || !has(self.transcriber.fallbackPlan.transcribers) "
        f"|| self.transcriber.fallbackPlan.transcribers.all(t, t.provider in {list(FIT)})",
        "with compliance.hipaa or pci only deepgram and azure may be fallback transcribers; remove the others",
        at=".transcriber.fallbackPlan.transcribers",
        reason="FieldValueForbidden",
    ),
)
"""For the list that the assistant has itself; lists of a FallbackPlan are held against it by the operator."""
