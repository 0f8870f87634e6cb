"""Data zones: where an account's data stays, and the CEL that holds accounts against `spec.compliance.dataZones`.

An account is in a zone when its region is the zone, or lies in it. Azure's two data zones are known here, after
Microsoft's documentation "Deployment types for Microsoft Foundry Models"; of another region, the user writes the zone.
"""

from collections.abc import Collection

from understudy.api.markers import Rule

REGIONS_OF: dict[str, tuple[str, ...]] = {
    "eu": (
        "austriaeast",
        "belgiumcentral",
        "francecentral",
        "francesouth",
        "germanynorth",
        "germanywestcentral",
        "italynorth",
        "northeurope",
        "polandcentral",
        "spaincentral",
        "swedencentral",
        "swedensouth",
        "westeurope",
    ),
    "us": (
        "centralus",
        "eastus",
        "eastus2",
        "northcentralus",
        "southcentralus",
        "westcentralus",
        "westus",
        "westus2",
        "westus3",
    ),
}
"""Zone → Azure's regions in it."""


def in_zones(region: str | None, zones: Collection[str]) -> bool:
    """Whether data sent to `region` stays in one of `zones`. An unknown region is in none: this fails closed."""
    return region is not None and (region in zones or any(region in REGIONS_OF.get(zone, ()) for zone in zones))


_ZONES = "self.compliance.dataZones"


def _inside(account: str) -> str:
    known = (f"('{zone}' in {_ZONES} && {account}.region in {list(names)})" for zone, names in REGIONS_OF.items())
    return f"has({account}.region) && ({account}.region in {_ZONES} || {' || '.join(known)})"


def _outside(names: str, at: str) -> Rule:
    """No account `a` for which `names` holds may be outside. Accounts come first, so that each is looked at once."""
    return Rule(
        f"!has(self.compliance) || !has({_ZONES}) || self.accounts.all(a, ({_inside('a')}) || !({names}))",
        "an account is not known to be in one of compliance.dataZones: give it the region where its data stays, or "
        "name another account",
        at=at,
        reason="FieldValueForbidden",
    )


def _meant(one: str) -> str:
    return f"(has({one}.account) ? a.name == {one}.account : a.provider == {one}.provider)"


def _listed(field: str, items: str) -> Rule:
    entries = f"self.{field}.fallbackPlan.{items}"
    given = f"has(self.{field}.fallbackPlan) && has({entries})"
    return _outside(f"{given} && {entries}.exists(entry, {_meant('entry')})", f".{field}.fallbackPlan.{items}")


ZONE_RULES = (
    _outside(
        "has(self.model.deployments) ? self.model.deployments.exists(d, d.account == a.name) "
        ": a.provider in ['openai', 'azure-openai']",
        ".model",
    ),
    _outside(_meant("self.transcriber"), ".transcriber"),
    _outside(_meant("self.voice"), ".voice"),
    _listed("transcriber", "transcribers"),
    _listed("voice", "voices"),
    _outside(
        "has(self.quality) && has(self.quality.judge) && self.quality.judge.account == a.name",
        ".quality.judge.account",
    ),
)
"""Everything the assistant names by itself must be inside; a plan's entries are held against it by the operator."""
