"""Write what is generated from the source: the CRDs, the chart's copy of them, the references.

`python -m tests.tools.generate`; unit tests fail while any of them is out of date.
"""

import sys
from pathlib import Path

from tests.tools import limits, metrics_page, speech_page
from understudy.api.crds import definitions, render
from understudy.api.reference import reference

ROOT = Path(__file__).resolve().parents[2]

CRD_FOLDERS = (ROOT / "crds", ROOT / "helm/understudy/files/crds")
"""The second because Helm reads no file outside the chart."""


def files() -> dict[Path, str]:
    """Every generated file and what belongs in it."""
    documents = definitions()
    crds = {folder / f"{name}.yaml": render(each) for folder in CRD_FOLDERS for name, each in documents.items()}
    pages = {
        "api.md": reference(documents),
        "limits.md": limits.page(limits.rows()),
        "metrics.md": metrics_page.page(metrics_page.programs()),
        "speech-providers.md": speech_page.page(),
    }
    return crds | {ROOT / "docs/reference" / name: text for name, text in pages.items()}


def main() -> int:
    """Write those that differ, and say which."""
    for path, text in files().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
