"""The namespaces the embedded cluster lives in, and the one link between them and the host.

One process (`pause`) holds a network and a mount namespace; every daemon enters both. What the cluster mounts and what
kube-proxy writes into iptables is therefore invisible to the host, and gone when the last process is, even after
a crash. Nothing needs to be undone step by step.
"""

from collections.abc import Sequence
from pathlib import Path

from tests.cluster import cgroups
from tests.cluster.process import Process, recorded, start
from tests.cluster.rest import wait_for
from tests.cluster.shell import run, succeeds

# From 198.18.0.0/15, reserved for benchmarks (RFC 2544), so that no address of a real network is shadowed.
HOST_IP = "198.18.0.1"
NODE_IP = "198.18.0.2"
POD_RANGE = "198.18.64.0/18"
NODE_POD_RANGE = "198.18.64.0/24"
SERVICE_RANGE = "198.18.128.0/20"
LINK = "understudy0"
HOLDER = "sandbox"

# Paths that Kubernetes and its network plugins use whatever they are told; each is covered by a folder of ours.
COVERED = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/containers")
MADE = "made-on-host"

# $1 is our folder, $2 the pause program, the rest are the paths to cover. /run is a new tmpfs, which hides sockets and
# network namespaces of any other container runtime. Shared propagation inside is what the kubelet expects of a root.
_SETUP = """set -e
folder=$1; pause=$2; shift 2
mount -t tmpfs -o mode=755 understudy /run
mkdir -p /run/netns /run/lock
for path in "$@"; do
  if [ ! -d "$path" ]; then mkdir -p "$path"; echo "$path" >> "$folder/made-on-host"; fi
  mkdir -p "$folder/covers$path"
  mount --bind "$folder/covers$path" "$path"
done
mount --make-rshared /
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
: > "$folder/entered"
exec "$pause"
"""


def open_sandbox(folder: Path, records: Path, pause: Path) -> Process:
    """The holder of the namespaces, started and linked to the host if it does not run yet."""
    holder = recorded(records).get(HOLDER)
    if holder is None or not holder.alive():
        (folder / "entered").unlink(missing_ok=True)
        argv = ["unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", _SETUP, "sh"]
        system = cgroups.create()
        holder = start(records, HOLDER, [*argv, folder, pause, *COVERED], cgroup=system)
        wait_for("the namespaces", (folder / "entered").exists, check=holder.require_alive, timeout_seconds=10)
        _link(holder)
    return holder


def inside(holder: Process, argv: Sequence[str | Path]) -> list[str | Path]:
    """The command that runs `argv` in the sandbox. /sys/fs/cgroup stays the host's, as the kubelet needs it."""
    return ["nsenter", "--target", str(holder.pid), "--mount", "--net", "--", *argv]


def _link(holder: Process) -> None:
    """A pair of virtual interfaces, and routes from the host to pods and Services."""
    unlink()
    run(["ip", "link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid)])
    run(["ip", "address", "add", f"{HOST_IP}/30", "dev", LINK])
    run(["ip", "link", "set", LINK, "up"])
    net = ["nsenter", "--target", str(holder.pid), "--net", "--", "ip"]
    run([*net, "address", "add", f"{NODE_IP}/30", "dev", "eth0"])
    run([*net, "link", "set", "eth0", "up"])
    run([*net, "route", "add", "default", "via", HOST_IP])
    for destination in (POD_RANGE, SERVICE_RANGE):
        run(["ip", "route", "replace", destination, "via", NODE_IP])


def linked() -> bool:
    """Whether the host's end of the link exists."""
    return Path(f"/sys/class/net/{LINK}").exists()


def unlink() -> None:
    """Remove the host's end; its routes go with it."""
    if linked():
        succeeds(["ip", "link", "delete", LINK])
