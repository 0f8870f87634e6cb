"""The call token: what an agent shows the proxy as its provider key, on every request of a call.

`base64url(payload).base64url(signature)`, Ed25519, so that any proxy that knows the issuer's public key (the routing
document carries them) can verify it after the issuer is gone. A token opens one call's arm and nothing else.
"""

import base64
import json
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from understudy.base.errors import Unauthorized


@dataclass(frozen=True, slots=True)
class CallToken:
    """What is signed."""

    namespace: str
    assistant: str
    call_id: str
    arm: str
    revision: str
    """Short digest."""
    budget_ms: int
    expires_at: int
    """Seconds since the epoch: the call's maximum duration plus a margin."""
    key_id: str


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_bytes(key: Ed25519PrivateKey) -> str:
    """The public half of `key` as the routing document carries it."""
    return _encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def issue(token: CallToken, key: Ed25519PrivateKey) -> str:
    """`token`, signed with `key`, as text that is safe in headers and URLs."""
    payload = _encode(json.dumps(asdict(token), separators=(",", ":")).encode())
    return f"{payload}.{_encode(key.sign(payload.encode()))}"


def verify(text: str, public_keys: dict[str, str], now: float) -> CallToken:
    """The token in `text`.

    Args:
        text: what the agent sent.
        public_keys: key id → public key, base64url.
        now: seconds since the epoch.

    Raises:
        Unauthorized: malformed, signed by an unknown key, forged or expired.
    """
    try:
        payload, signature = text.split(".")
        token = CallToken(**json.loads(_decode(payload)))
        public = Ed25519PublicKey.from_public_bytes(_decode(public_keys[token.key_id]))
        public.verify(_decode(signature), payload.encode())
    except (ValueError, TypeError, KeyError, InvalidSignature) as error:
        msg = "the call token is not one of ours"
        raise Unauthorized(msg) from error
    if now >= token.expires_at:
        msg = "the call token has expired"
        raise Unauthorized(msg)
    return token
