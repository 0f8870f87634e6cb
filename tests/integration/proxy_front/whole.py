"""A whole proxy that keeps everything below one folder, and the Secrets that it finds there."""

from pathlib import Path
from typing import Any

from tests.integration.proxy_front.documents import NAME, NAMESPACE
from understudy.apps.proxy import egress
from understudy.apps.proxy.app import Proxy
from understudy.apps.proxy.files import FileDocuments
from understudy.apps.proxy.settings import Settings
from understudy.base.clock import SystemClock


def documents_in(root: Path) -> Path:
    """Where the proxy of `root` looks for documents."""
    return root / "documents"


def put_secret(root: Path, name: str, key: str) -> None:
    """A Secret with `key`, which may be sent to this machine."""
    folder = root / "secrets" / NAMESPACE / name
    folder.mkdir(parents=True)
    (folder / "apiKey").write_text(f"{key}\n")
    (folder / "allowed-hosts").write_text("127.0.0.1")


def whole_proxy(root: Path, **settings: Any) -> Proxy:
    """The proxy as the container runs it, with its egress, on free ports."""
    told = Settings(
        assistants=((NAMESPACE, NAME),),
        port=0,
        admin_port=0,
        state_dir=root / "state",
        credentials_dir=root / "secrets",
        **settings,
    )
    return Proxy(told, FileDocuments(documents_in(root)), SystemClock(), egress.routes)
