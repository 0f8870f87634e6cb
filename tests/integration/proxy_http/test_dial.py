"""Names and addresses."""

import socket
from typing import Any

import pytest

from tests.integration.proxy_http.provider import Provider, always, answer
from understudy.apps.proxy.http.dial import Dialer

Addresses = list[tuple[Any, ...]]


class Names:
    """A name server in place of the loop's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, addresses: Addresses) -> None:
        self.addresses = addresses
        self.away = False
        monkeypatch.setattr(Dialer, "_look_up", staticmethod(self._answer))

    async def _answer(self, host: str, port: int) -> Addresses:
        assert (host, port) == ("provider.test", 443)
        if self.away:
            raise socket.gaierror(socket.EAI_AGAIN, "away")
        return self.addresses


def address(family: int, place: tuple[Any, ...]) -> tuple[Any, ...]:
    return (family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place)


async def test_an_address_that_leads_nowhere_does_not_hold_us_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Provider(always(answer(b""))) as provider:
        port = int(provider.url.split(":")[2].split("/")[0])
        dead = address(socket.AF_INET6, ("::1", 1, 0, 0))
        Names(monkeypatch, [dead, address(socket.AF_INET, ("127.0.0.1", port))])
        line = await Dialer().connect("provider.test", 443)
        assert line.getpeername() == ("127.0.0.1", port)
        line.close()


async def test_a_name_server_that_is_away_does_not_cut_us_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last addresses are as good as any; a name that never had one is an error."""
    async with Provider(always(answer(b""))) as provider:
        port = int(provider.url.split(":")[2].split("/")[0])
        names = Names(monkeypatch, [address(socket.AF_INET, ("127.0.0.1", port))])
        names.away = True
        dialer = Dialer()
        with pytest.raises(socket.gaierror):
            await dialer.connect("provider.test", 443)
        for names.away in (False, True):
            line = await dialer.connect("provider.test", 443)
            assert line.getpeername() == ("127.0.0.1", port)
            line.close()
