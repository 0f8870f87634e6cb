"""A real Kubernetes cluster for the demo and the tests: `python -m tests.cluster up`.

Where a Docker daemon answers it is kind. Elsewhere it is the embedded cluster: containerd and runc from Debian, and
everything of Kubernetes in one Go program built from released modules (`node/`), inside namespaces of its own.

Only the standard library is imported here, because this runs before any virtual environment exists.
"""
