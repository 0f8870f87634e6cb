import base64

import pytest

from understudy.apps.proxy.frames import audio_of, connected, event_of, payload_of, samples_in, start_for_agent


@pytest.mark.parametrize(
    ("message", "audio"),
    [
        (b'{"event":"media","media":{"payload":"//8="}}', b"\xff\xff"),
        (b'{ "media" : { "payload" : "//8=" , "track" : "inbound" }, "event" : "media" }', b"\xff\xff"),
        (rb'{"event":"media","media":{"payload":"\/\/8="}}', b"\xff\xff"),
        (b'{"event":"media","media":{"payload":""}}', b""),
        (b'{"event":"clear","streamSid":"MZ1"}', None),
        (b'{"event":"media","media":{"payload":', None),
        (b'{"event":"media","media":{"payload":"//8', None),
        (b'{"event":"media","media":{"payload":"A"}}', None),
        (b"\xff\xfe", None),
    ],
)
def test_audio_is_found_without_a_parser(message: bytes, audio: bytes | None) -> None:
    assert audio_of(message) == audio


@pytest.mark.parametrize("samples", range(7))
def test_samples_are_counted_without_decoding_them(samples: int) -> None:
    text = base64.b64encode(b"\xff" * samples)
    for payload in (text, text.replace(b"/", b"\\/")):
        found = payload_of(b'{"event":"media","media":{"payload":"%b"}}' % payload)
        assert found == payload
        assert samples_in(found) == samples


@pytest.mark.parametrize("message", [b"", b"nonsense", b"[1]", b"\xff"])
def test_what_is_no_message_is_an_empty_one(message: bytes) -> None:
    assert event_of(message) == {}


def test_the_agents_start_carries_our_parameters_in_place_of_the_carriers() -> None:
    start = {"event": "start", "streamSid": "MZ1", "start": {"callSid": "CA1", "customParameters": {"a": "b"}}}
    assert event_of(start_for_agent(start, {"key": "k"})) == {
        "event": "start",
        "streamSid": "MZ1",
        "start": {"callSid": "CA1", "customParameters": {"key": "k"}},
    }
    assert event_of(connected())["event"] == "connected"
