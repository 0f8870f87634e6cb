"""The embedded cluster: one node, brought up step by step, each step checked, any step resumable."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.cluster import cgroups, daemons, identities, paths, sandbox, settings
from tests.cluster.errors import ClusterError
from tests.cluster.identities import ADMIN, Identity
from tests.cluster.process import Process, recorded, start
from tests.cluster.progress import stage
from tests.cluster.rest import Api, wait_for
from tests.cluster.shell import succeeds

URL = f"https://{sandbox.NODE_IP}:6443"
_CLIENTS = {
    "kube-controller-manager": Identity("controllers", "system:kube-controller-manager"),
    "kube-scheduler": Identity("scheduler", "system:kube-scheduler"),
    "kubelet": Identity("node", f"system:node:{settings.NODE_NAME}", "system:nodes", ips=[sandbox.NODE_IP]),
    "kube-proxy": Identity("proxy", "system:kube-proxy"),
}


class Embedded:
    """The cluster under one state folder; every method may be called at any time and does what is left to do."""

    def __init__(self, programs: Path) -> None:
        """`programs` holds the `node` and `pause` binaries."""
        self.programs = programs
        self.folder = paths.state()
        self.records = self.folder / "run"
        self.api = Api(URL, self.folder / "pki")

    def start_runtime(self) -> None:
        """Namespaces and containerd: enough to load images, while the rest comes up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings.write_all(self.folder, _cni_programs())
        self._credentials()
        self.holder = sandbox.open_sandbox(self.folder, self.records, self.programs / "pause")
        self._start({"containerd": daemons.containerd(self.folder)})
        wait_for("containerd", lambda: succeeds(ctr("version")), check=self._check("containerd"), timeout_seconds=30)

    def start_kubernetes(self) -> None:
        """Everything else, until the node is Ready and names resolve."""
        node = self.programs / "node"
        control = daemons.control_plane(node, self.folder)
        with stage("starting the control plane"):
            self._start({name: control[name] for name in ("etcd", "kube-apiserver")})
            wait_for("the API server", self.api.ready, check=self._check("etcd", "kube-apiserver"))
            self._start(control)
        with stage("starting the node"):
            worker = daemons.worker(node, self.folder)
            self._start(worker)
            check = self._check(*control, *worker)
            wait_for("the cluster's DNS", self._apply_dns, check=check, timeout_seconds=30)
            wait_for("the node", self.node_ready, check=check)
            wait_for("the default service account", self._has_service_account, check=check)

    def node_ready(self) -> bool:
        """Whether the node takes pods and has said Ready since its kubelet started, not only before a crash."""
        node = self.api.get(f"/api/v1/nodes/{settings.NODE_NAME}")
        record = self.records / "kubelet.json"
        if node is None or node["spec"].get("taints") or not record.exists():
            return False
        started = datetime.fromtimestamp(int(record.stat().st_mtime), UTC)
        return any(
            one["type"] == "Ready"
            and one["status"] == "True"
            and datetime.fromisoformat(one["lastHeartbeatTime"]) >= started
            for one in node["status"].get("conditions", [])
        )

    def processes(self) -> dict[str, Process]:
        """Every daemon that was started, by name."""
        return recorded(self.records)

    def _start(self, wanted: Mapping[str, Sequence[str | Path]]) -> None:
        """Start what does not run; replace what runs with another command line or in namespaces that are gone."""
        running = self.processes()
        for name, argv in wanted.items():
            command = [str(word) for word in sandbox.inside(self.holder, argv)]
            known = running.get(name)
            if known is not None and known.alive():
                if known.argv == command:
                    continue
                known.stop()
            start(self.records, name, command, cgroup=cgroups.create())

    def _check(self, *names: str) -> Callable[[], None]:
        def check() -> None:
            known = self.processes()
            for name in names:
                known[name].require_alive()

        return check

    def _credentials(self) -> None:
        done = self.folder / "pki" / "complete"
        node = self.programs / "node"
        if done.exists():
            return
        server = identities.server(sandbox.NODE_IP, settings.DNS_IP.rpartition(".")[0] + ".1")
        identities.issue(node, self.folder / "pki", [ADMIN, server, *_CLIENTS.values()])
        for name, who in _CLIENTS.items():
            text = identities.kubeconfig(self.folder / "pki", who, URL)
            (self.folder / f"{name}.kubeconfig").write_text(text)
        paths.kubeconfig().write_text(identities.kubeconfig(self.folder / "pki", ADMIN, URL))
        paths.kubeconfig().chmod(0o600)
        done.touch()

    def _apply_dns(self) -> bool:
        return all(self.api.apply(path, manifest) for path, manifest in settings.dns_objects())

    def _has_service_account(self) -> bool:
        found: Any = self.api.get("/api/v1/namespaces/default/serviceaccounts/default")
        return found is not None


def ctr(*words: str | Path) -> list[str | Path]:
    """The command that speaks to the cluster's containerd."""
    return ["ctr", "--address", paths.state() / "containerd.sock", "--namespace", "k8s.io", *words]


def down() -> None:
    """End every process of the cluster, then remove its link, groups and folder. Safe to call at any time."""
    folder = paths.state()
    cgroups.kill_all()  # at once: nothing in it is worth saving, and pods would take their grace period
    sandbox.unlink()
    cgroups.remove()
    made = folder / sandbox.MADE
    for path in made.read_text().split() if made.exists() else []:
        if Path(path).is_dir() and not any(Path(path).iterdir()):
            Path(path).rmdir()
    if folder.exists():
        shutil.rmtree(folder)


def leftovers() -> list[str]:
    """What a cluster that is down should not have left, one line each."""
    folder = paths.state()
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return [
        *(f"process {pid}" for pid in sorted(cgroups.members())),
        *(f"cgroup {group}" for group in cgroups.groups()),
        *([f"network interface {sandbox.LINK}"] if sandbox.linked() else []),
        *(f"mount {line.split()[4]}" for line in mounts if line.split()[4].startswith(str(folder))),
        *([f"folder {folder}"] if folder.exists() else []),
    ]


def describe() -> dict[str, str]:
    """Daemon name → `running` or `dead`, from the records of the state folder."""
    return {name: "running" if one.alive() else "dead" for name, one in recorded(paths.state() / "run").items()}


def node_summary(api: Api) -> str:
    """One line about the node, for `status`."""
    node = api.get(f"/api/v1/nodes/{settings.NODE_NAME}")
    if node is None:
        return "the API server does not answer"
    return json.dumps({c["type"]: c["status"] for c in node["status"].get("conditions", [])})


def _cni_programs() -> Path:
    for folder in (Path("/usr/lib/cni"), Path("/opt/cni/bin")):
        if (folder / "bridge").exists():
            return folder
    raise ClusterError("no pod network plugins in /usr/lib/cni; install containernetworking-plugins")
