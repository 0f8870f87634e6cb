"""What the carrier is told to do with a call, in Twilio's markup."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

CONTENT_TYPE = "text/xml"


def connect(url: str, parameters: Mapping[str, str]) -> bytes:
    """Stream the call's audio to `url` in both directions, with `parameters` in the `start` message."""
    response = Element("Response")
    stream = SubElement(SubElement(response, "Connect"), "Stream", {"url": url})
    for name, value in parameters.items():
        SubElement(stream, "Parameter", {"name": name, "value": value})
    return _document(response)


def busy() -> bytes:
    """Refuse the call with a busy tone: the caller is not charged, and knows to try again."""
    response = Element("Response")
    SubElement(response, "Reject", {"reason": "busy"})
    return _document(response)


def _document(root: Element) -> bytes:
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text
