"""Configuration files of the node's daemons: pure text, from the folder they live in."""

import json
from pathlib import Path
from typing import Any

from tests.cluster import cgroups
from tests.cluster.sandbox import NODE_IP, NODE_POD_RANGE, POD_RANGE

NODE_NAME = "node1"
DNS_IP = "198.18.128.10"
PAUSE_IMAGE = "localhost/pause:1"
_UNUSED_SNAPSHOTTERS = ("aufs", "btrfs", "devmapper", "zfs")


def write_all(folder: Path, cni_programs: Path) -> None:
    """Write every configuration file into `folder`."""
    files = {
        "containerd.toml": containerd(folder, cni_programs),
        "cni/10-pods.conflist": json.dumps(pod_network(folder), indent=2),
        "kubelet.json": json.dumps(kubelet(folder), indent=2),
        "kube-proxy.json": json.dumps(kube_proxy(folder), indent=2),
        "Corefile": corefile(folder),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def containerd(folder: Path, cni_programs: Path) -> str:
    """Write the container runtime's configuration.

    It must not lower a process' OOM score: that takes a right (CAP_SYS_RESOURCE) that sandboxed machines often lack.
    """
    return f"""version = 2
root = "{folder}/containerd/root"
state = "{folder}/containerd/state"
disabled_plugins = {json.dumps([f"io.containerd.snapshotter.v1.{name}" for name in _UNUSED_SNAPSHOTTERS])}
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{folder}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_programs}"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
"""


def pod_network(folder: Path) -> dict[str, Any]:
    """A bridge that gives each pod an address; hairpin lets a pod reach itself through its Service."""
    addresses = {
        "type": "host-local",
        "dataDir": f"{folder}/cni-addresses",
        "ranges": [[{"subnet": NODE_POD_RANGE}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": "pods0", "isGateway": True, "ipMasq": True, "hairpinMode": True}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [{**bridge, "ipam": addresses}, ports]}


def kubelet(folder: Path) -> dict[str, Any]:
    """The kubelet's configuration. Images are loaded, not pulled, so collecting them would lose them for good."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{folder}/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroups.NAME}",
        "clusterDNS": [DNS_IP],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "maxPods": 110,
        "oomScoreAdj": 0,
        "podLogsDir": f"{folder}/pod-logs",
        "resolvConf": "",
        "serializeImagePulls": False,
        "tlsCertFile": f"{folder}/pki/node.crt",
        "tlsPrivateKeyFile": f"{folder}/pki/node.key",
        "volumePluginDir": f"{folder}/volume-plugins",
    }


def kube_proxy(folder: Path) -> dict[str, Any]:
    """kube-proxy's configuration; the zeros leave the host's connection tracking limits alone."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": f"{folder}/kube-proxy.kubeconfig"},
        "clusterCIDR": POD_RANGE,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpCloseWaitTimeout": "0s", "tcpEstablishedTimeout": "0s"},
        "hostnameOverride": NODE_NAME,
        "mode": "iptables",
        "oomScoreAdj": 0,
    }


def corefile(folder: Path) -> str:
    """CoreDNS serves the cluster's own names and nothing else: the sandbox has no way to the outside."""
    return f""".:53 {{
  errors
  ready {NODE_IP}:8181
  kubernetes cluster.local in-addr.arpa ip6.arpa {{
    kubeconfig {folder}/kubeconfig
  }}
  cache 5
}}
"""


def dns_objects() -> list[tuple[str, dict[str, Any]]]:
    """The Service that pods ask for names, and the process behind it: API paths and manifests."""
    ports = [{"name": f"dns-{protocol.lower()}", "port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": DNS_IP, "ports": ports},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kube-dns",
            "namespace": "kube-system",
            "labels": {"kubernetes.io/service-name": "kube-dns"},
        },
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": [{"addresses": [NODE_IP]}],
    }
    return [
        ("/api/v1/namespaces/kube-system/services/kube-dns", service),
        ("/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns", endpoints),
    ]
