"""Azure's messages, and where its services are."""

from typing import Any, Literal

import pytest

from understudy.domain.revision.snapshot import Account
from understudy.domain.speech import azure

NOW = 1_700_000_000.25
ID = "0123456789abcdef0123456789abcdef"


def account(base_url: str = "", region: str | None = "eastus") -> Account:
    return Account(name="a", provider="azure", base_url=base_url, region=region)


@pytest.mark.parametrize(
    ("given", "service", "url", "regional"),
    [
        (
            account(),
            "stt",
            "wss://eastus.stt.speech.microsoft.com/speech/recognition/conversation/cognitiveservices/v1",
            True,
        ),
        (account(), "tts", "wss://eastus.tts.speech.microsoft.com/cognitiveservices/websocket/v1", True),
        (
            account("https://westeurope.api.cognitive.microsoft.com", None),
            "tts",
            "wss://westeurope.tts.speech.microsoft.com/cognitiveservices/websocket/v1",
            True,
        ),
        (
            account("wss://westeurope.stt.speech.microsoft.com", None),
            "tts",
            "wss://westeurope.tts.speech.microsoft.com/cognitiveservices/websocket/v1",
            True,
        ),
        (
            account("https://usgovvirginia.stt.speech.azure.us/", None),
            "stt",
            "wss://usgovvirginia.stt.speech.azure.us/speech/recognition/conversation/cognitiveservices/v1",
            True,
        ),
        (
            account("https://mine.cognitiveservices.azure.com/", None),
            "stt",
            "wss://mine.cognitiveservices.azure.com/stt/speech/universal/v2",
            False,
        ),
        (
            account("http://127.0.0.1:8080/acme", None),
            "tts",
            "ws://127.0.0.1:8080/acme/tts/cognitiveservices/websocket/v1",
            False,
        ),
    ],
)
def test_services_are_on_the_regions_hosts_or_on_the_resources_own(
    given: Account, service: Literal["stt", "tts"], url: str, *, regional: bool
) -> None:
    """The host that the portal shows is a region's; the clouds of governments have domains of their own."""
    assert azure.endpoint(given, service) == azure.Endpoint(url, regional)


def test_a_base_that_is_no_url_is_an_error() -> None:
    with pytest.raises(ValueError, match="is not a URL"):
        azure.endpoint(account("eastus"), "stt")


def test_the_key_goes_into_the_header_beside_an_id_of_the_connection() -> None:
    connect = azure.connect("wss://host/path", "k")
    assert connect.url == "wss://host/path"
    assert connect.headers.keys() == {azure.KEY_HEADER, "X-ConnectionId"}
    assert connect.headers[azure.KEY_HEADER] == "k"
    assert azure.connect("wss://host/path", None).headers.keys() == {"X-ConnectionId"}


def test_a_text_message_has_headers_a_blank_line_and_a_body() -> None:
    assert azure.text("speech.context", ID, '{"a":1}', NOW) == (
        f"Path: speech.context\r\nX-RequestId: {ID}\r\nX-Timestamp: 2023-11-14T22:13:20.250Z\r\n"
        'Content-Type: application/json\r\n\r\n{"a":1}'
    )


def test_a_binary_message_begins_with_the_length_of_its_headers() -> None:
    frame = azure.binary("audio", ID, b"\x01\x02", NOW)
    headers = f"Path: audio\r\nX-RequestId: {ID}\r\nX-Timestamp: 2023-11-14T22:13:20.250Z\r\n".encode()
    assert frame == len(headers).to_bytes(2, "big") + headers + b"\x01\x02"


@pytest.mark.parametrize(
    ("frame", "path", "request_id", "body"),
    [
        (azure.text("speech.Phrase", ID, "{}", NOW), "speech.phrase", ID, b"{}"),
        (azure.binary("audio", ID, b"\xff\xfe", NOW, "audio/x-wav"), "audio", ID, b"\xff\xfe"),
        ("X-RequestId:ABC\r\nPath:turn.end\r\n\r\n", "turn.end", "abc", b""),
        ("Path: speech.hypothesis\r\n\r\na\r\n\r\nb", "speech.hypothesis", "", b"a\r\n\r\nb"),
    ],
)
def test_messages_are_read_whatever_the_case_and_spacing_of_headers(
    frame: str | bytes, path: str, request_id: str, body: bytes
) -> None:
    """Microsoft's own SDKs differ in both."""
    said = azure.parse(frame)
    assert (said.path, said.request_id, said.body) == (path, request_id, body)


@pytest.mark.parametrize(
    "frame", ["no blank line", "\r\n\r\nno path", "a line\r\n\r\n", b"", b"\x00\x05ab", b"\xff\xff" + bytes(70_000)]
)
def test_what_is_no_message_is_an_error(frame: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its own words
        azure.parse(frame)
