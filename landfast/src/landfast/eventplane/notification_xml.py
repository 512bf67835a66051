"""Notification configurations as S3's XML, and S3's errors about them."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from landfast.aws_errors import printed
from landfast.eventplane.passing import EngineAnswer
from landfast.sources.notifications import ELEMENTS, Configuration, InvalidArgument, Notification
from landfast.sources.refusal import Refusal

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def read(content: bytes) -> Configuration:
    """The configuration that a request asks for.

    Raises:
        Refusal: It is no configuration, or names an ARN that cannot be one.
    """
    root = parse(content)
    notifications: list[Notification] = []
    for kind, element in ELEMENTS.items():
        for each in children(root, f"{element}Configuration"):
            made = _notification(each, element)
            if made.kind != kind:
                raise InvalidArgument(
                    "The ARN could not be parsed", {"ArgumentName": element, "ArgumentValue": made.arn}
                )
            notifications.append(made)
    event_bus = any(True for _ in children(root, "EventBridgeConfiguration"))
    return Configuration(notifications=tuple(notifications), event_bus=event_bus)


def write(configuration: Configuration) -> bytes:
    """The configuration as S3 answers it."""
    inner = "".join(
        _written(each, element)
        for kind, element in ELEMENTS.items()
        for each in configuration.notifications
        if each.kind == kind
    )
    if configuration.event_bus:
        inner += "<EventBridgeConfiguration/>"
    name = "NotificationConfiguration"
    return f'{_DECLARATION}<{name} xmlns="{_NAMESPACE}">{inner}</{name}>'.encode()


def refused(refusal: Refusal, request_id: str) -> EngineAnswer:
    """A refusal as S3 answers it.

    Args:
        refusal: What is refused, and why.
        request_id: The request id of the request.
    """
    elements = {"Code": refusal.code, "Message": refusal.message, **refusal.further, "RequestId": request_id}
    inner = "".join(_element(name, text) for name, text in elements.items())
    headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id}
    return EngineAnswer(refusal.status, headers, f"{_DECLARATION}<Error>{inner}</Error>".encode())


def parse(content: bytes) -> ET.Element:
    """The root of an XML document.

    Raises:
        Refusal: It is none, or declares what it consists of: S3's have nothing to declare.
    """
    if b"<!DOCTYPE" in content:
        raise malformed()
    try:
        return ET.fromstring(content)  # noqa: S314 - from this machine's own clients and engine
    except ET.ParseError as error:
        raise malformed() from error


def malformed() -> Refusal:
    """Make S3's error for XML that is no configuration."""
    return Refusal(
        "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
    )


def children(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """The elements of a name within one, whatever their namespace."""
    return (child for child in element if child.tag.rpartition("}")[2] == name)


def text_of(element: ET.Element, name: str) -> str | None:
    """The text of the first element of a name within one; None without one."""
    return next((child.text or "" for child in children(element, name)), None)


def _notification(element: ET.Element, target: str) -> Notification:
    arn, events = text_of(element, target), tuple(each.text or "" for each in children(element, "Event"))
    if arn is None or not events:
        raise malformed()
    return Notification(
        arn=arn,
        events=events,
        filters=tuple(_filter(rule) for rule in _rules(element)),
        id=text_of(element, "Id") or "",
    )


def _rules(element: ET.Element) -> Iterator[ET.Element]:
    for within in children(element, "Filter"):
        for key in children(within, "S3Key"):
            yield from children(key, "FilterRule")


def _filter(rule: ET.Element) -> tuple[str, str]:
    name, value = text_of(rule, "Name") or "", text_of(rule, "Value") or ""
    return name.lower() if name.lower() in {"prefix", "suffix"} else name, value


def _written(notification: Notification, element: str) -> str:
    inner = _element("Id", notification.id) + _element(element, notification.arn)
    inner += "".join(_element("Event", event) for event in notification.events)
    rules = "".join(
        f"<FilterRule>{_element('Name', name.capitalize())}{_element('Value', value)}</FilterRule>"
        for name, value in notification.filters
    )
    if rules:
        inner += f"<Filter><S3Key>{rules}</S3Key></Filter>"
    return f"<{element}Configuration>{inner}</{element}Configuration>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{printed(text)}</{name}>"
