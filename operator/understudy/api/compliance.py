"""HIPAA and PCI: which transcribers may take over (T4) and who may judge calls, and the CEL that holds to it."""

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
    Rule(
        "!has(self.compliance) || !(self.compliance.hipaa || self.compliance.pci) "
        "|| !has(self.quality) || !has(self.quality.judge) || !has(self.model.deployments) "
        "|| self.model.deployments.exists(d, d.account == self.quality.judge.account)",
        "with compliance.hipaa or pci only an account of spec.model may judge calls: nobody else is to read what "
        "callers said; name the account of one of its deployments",
        at=".quality.judge.account",
        reason="FieldValueForbidden",
    ),
)
"""For what the assistant has itself; lists of a FallbackPlan, and the installation's restrictions, are held against it
by the operator."""
