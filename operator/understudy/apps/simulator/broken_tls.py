"""Listeners at which no TLS handshake succeeds, each in a way of its own."""

import asyncio
import datetime as dt
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_BEGAN = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_ENDED = dt.datetime(2020, 2, 1, tzinfo=dt.UTC)


class Broken(StrEnum):
    """What is wrong."""

    GARBAGE = "garbage"
    """The hello is answered with bytes that are no TLS, as by a server that speaks plain HTTP."""
    SILENCE = "silence"
    """The hello is never answered."""
    BAD_CERTIFICATE = "bad-certificate"
    """The certificate is self-signed, for another name and out of date."""


@asynccontextmanager
async def listening(broken: Broken, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Listen until the block ends; gives the port. Base URL of an account that fails so: `https://127.0.0.1:PORT/v1`."""
    context = _context() if broken is Broken.BAD_CERTIFICATE else None
    clients: set[asyncio.StreamWriter] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(writer)
        await reader.read(1)
        if broken is Broken.GARBAGE:
            writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            writer.close()
        elif broken is Broken.SILENCE:
            await reader.read()

    server = await asyncio.start_server(meet, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in clients:
            writer.transport.abort()


def _context() -> ssl.SSLContext:
    """A server's side with a certificate that no client takes."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody-else.invalid")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), _BEGAN, _ENDED)
    signed = made.sign(key, hashes.SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        Path(file.name).write_bytes(
            key.private_bytes(serialization.Encoding.PEM, *plain) + signed.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(file.name)
    return context
