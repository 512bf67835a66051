"""SQS's query protocol, which its model has left behind and its older clients still speak.

Names and shapes are those of the query examples in the Amazon SQS API reference (API version 2012-11-05).
"""

import msgspec

from landfast.protocols.models import Metadata, Model, Operation, Ref, Shape
from landfast.protocols.sqs_errors import error

_NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"

_MEMBERS = {
    "Attributes": "Attribute",
    "MessageAttributes": "MessageAttribute",
    "MessageSystemAttributes": "MessageSystemAttribute",
    "StringListValues": "StringListValue",
    "BinaryListValues": "BinaryListValue",
    "Tags": "Tag",
    "tags": "Tag",
}
"""Members that go by another name."""

_ELEMENTS = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BinaryList": "BinaryListValue",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "QueueUrlList": "QueueUrl",
    "StringList": "StringListValue",
    "TagKeyList": "TagKey",
}
"""Elements of lists of strings; those of lists of structures are named as their structure."""


def query_model(model: Model) -> Model:
    """SQS's model as that of a query service."""
    return Model(
        metadata=Metadata(api_version="2012-11-05", protocol="query", xml_namespace=_NAMESPACE),
        operations={
            name: Operation(
                operation.input, operation.output and Ref(operation.output.shape, result_wrapper=f"{name}Result")
            )
            for name, operation in model.operations.items()
        },
        shapes={name: _shape(name, shape, model) for name, shape in model.shapes.items()},
    )


def _operation(name: str, operation: Operation) -> Operation:
    output = operation.output and Ref(operation.output.shape, result_wrapper=f"{name}Result")
    return Operation(operation.input, output)


def _shape(name: str, shape: Shape, model: Model) -> Shape:
    replace = msgspec.structs.replace
    if shape.type == "structure":
        members = {member: replace(ref, location_name=_MEMBERS.get(member)) for member, ref in shape.members.items()}
        return replace(shape, members=members, error=error(name) if shape.exception else shape.error)
    if shape.type == "list" and shape.member:
        of_structures = model.shapes[shape.member.shape].type == "structure"
        element = shape.member.shape if of_structures else _ELEMENTS[name]
        return replace(shape, member=Ref(shape.member.shape, location_name=element), flattened=True)
    if shape.type == "map" and shape.key and shape.value:
        key = Ref(shape.key.shape, location_name="Key" if name == "TagMap" else "Name")
        return replace(shape, key=key, value=Ref(shape.value.shape, location_name="Value"), flattened=True)
    return shape
