"""HIPAA and PCI: what is in force for one assistant, and which accounts may take over under it (T4)."""

from dataclasses import dataclass
from typing import Final

from understudy.api import operations
from understudy.api.compliance import FIT
from understudy.base.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Restriction:
    """What holds, for the whole installation or for one assistant."""

    hipaa: bool = False
    pci: bool = False

    @property
    def on(self) -> bool:
        """Whether only `FIT` may take over."""
        return self.hipaa or self.pci

    @property
    def why(self) -> str:
        """In words."""
        return " and ".join(name for name, holds in (("HIPAA", self.hipaa), ("PCI", self.pci)) if holds)

    def allows(self, provider: str) -> bool:
        """Whether `provider` may take over."""
        return not self.on or provider in FIT


UNRESTRICTED: Final = Restriction()


def in_force(written: operations.Compliance | None, installation: Restriction) -> Restriction:
    """What holds for an assistant: neither its spec nor the installation can take back what the other says."""
    if written is None:
        return installation
    return Restriction(written.hipaa or installation.hipaa, written.pci or installation.pci)


def refusal(field: str, provider: str, restriction: Restriction) -> InvalidInput:
    """Why the list that has `provider` at `field` is not used."""
    message = (
        f"{provider} may not be a fallback under {restriction.why}, only {' and '.join(FIT)}; remove it. Until then "
        "no transcriber of this list is used"
    )
    return InvalidInput(f"{field}.provider", message, "ComplianceNotAllowed")
