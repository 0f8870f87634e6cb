"""`understudy crds`: the CustomResourceDefinitions, printed or written as YAML, and their reference in Markdown."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from understudy.api.assistant import VoiceAssistantSpec
from understudy.api.fallback_plan import FallbackPlanSpec
from understudy.api.reference import reference
from understudy.api.schema import object_schema
from understudy.api.schema_rules import Schema
from understudy.api.status import VoiceAssistantStatus

GROUP = "understudy.dev"
VERSION = "v1alpha1"

HEADER = "# Generated from operator/understudy/api by `python -m understudy crds --write crds/`. Do not edit.\n"

Column = dict[str, Any]


def column(name: str, path: str, description: str, kind: str = "string", priority: int = 0) -> Column:
    """A column of `kubectl get`; priority 1 is shown with `-o wide` only."""
    return {"name": name, "jsonPath": path, "description": description, "type": kind, "priority": priority}


def _condition(kind: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{field}'


_AGE = column("AGE", ".metadata.creationTimestamp", "Since when it exists.", "date")

ASSISTANT_COLUMNS = (
    column("READY", _condition("Ready", "status"), "Whether calls are answered."),
    column("PHASE", ".status.phase", "Where the rollout stands."),
    column("STEP", ".status.step", "The step under way, of how many."),
    column("WEIGHT", ".status.weight", "Percent of new calls for the canary.", "integer"),
    column("VERDICT", ".status.verdict", "What is known about the canary."),
    column("STABLE", ".status.stableRevision", "The revision that serves."),
    column("CANARY", ".status.canaryRevision", "The revision on trial."),
    _AGE,
    column("REASON", _condition("Ready", "message"), "Why it is ready or not.", priority=1),
)

PLAN_COLUMNS = (_AGE,)
"""A plan has no status: whether it is usable depends on the assistant, whose PlanValid says so."""


def definition(
    kind: str,
    plural: str,
    short: str,
    *,
    spec: type[BaseModel],
    status: type[BaseModel] | None,
    columns: Sequence[Column],
) -> Schema:
    """The CustomResourceDefinition of one kind."""
    schema = {
        "type": "object",
        "description": object_schema(spec, "spec")["description"],
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": object_schema(spec, "spec"),
        }
        | ({"status": object_schema(status, "status", defaults=False)} if status else {}),
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}} if status else {},
        "additionalPrinterColumns": list(columns),
        "schema": {"openAPIV3Schema": schema},
    }
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": kind.lower(),
        "shortNames": [short],
        "categories": ["understudy"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}", "labels": {"app.kubernetes.io/name": "understudy"}},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def definitions() -> dict[str, Schema]:
    """Every CustomResourceDefinition by its file name, without extension."""
    return {
        "voiceassistants": definition(
            "VoiceAssistant",
            "voiceassistants",
            "va",
            spec=VoiceAssistantSpec,
            status=VoiceAssistantStatus,
            columns=ASSISTANT_COLUMNS,
        ),
        "fallbackplans": definition(
            "FallbackPlan",
            "fallbackplans",
            "fbp",
            spec=FallbackPlanSpec,
            status=None,
            columns=PLAN_COLUMNS,
        ),
    }


class _Dumper(yaml.SafeDumper):
    """Without aliases: a schema used twice is written twice, because the API server reads no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never."""
        del data
        return True


def render(document: Schema) -> str:
    """`document` as the YAML file's text."""
    return HEADER + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def main() -> int:
    """Print the definitions, or write one file each into a directory; with them or alone, the reference."""
    parser = argparse.ArgumentParser(prog="understudy crds", description="print the CustomResourceDefinitions")
    parser.add_argument("--write", metavar="DIR", type=Path, help="write one file each into DIR")
    parser.add_argument("--reference", metavar="FILE", type=Path, help="write the API reference in Markdown to FILE")
    arguments = parser.parse_args()
    if arguments.reference is not None:
        arguments.reference.parent.mkdir(parents=True, exist_ok=True)
        arguments.reference.write_text(reference(definitions()), encoding="utf-8")
        if arguments.write is None:
            return 0
    for name, document in definitions().items():
        if arguments.write is None:
            sys.stdout.write("---\n" + render(document))
        else:
            arguments.write.mkdir(parents=True, exist_ok=True)
            (arguments.write / f"{name}.yaml").write_text(render(document), encoding="utf-8")
    return 0
