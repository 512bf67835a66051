"""Values for shapes of botocore's models, drawn at random from a seed."""

import re
from datetime import UTC, datetime
from random import Random
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

TEXTS = [
    "a",
    "order-1",
    "Orders_2",
    "x" * 40,
    "123456789012",
    "0",
    "49590338271490256608559692538361571095921575989136588898",
    "shardId-000000000001",
    "us-east-1",
    "+15550100",
    "https://example.com/events",
    "*",
    "aws.partner/example.com/1",
    "application/json",
    "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
    "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/one:1700000000",
    "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/2024-01-01T00:00:00.000",
    "arn:aws:events:us-east-1:123456789012:event-bus/orders",
    "arn:aws:events:us-east-1:123456789012:api-destination/one/11111111-1111-1111-1111-111111111111",
    "arn:aws:events:us-east-1:123456789012:connection/one/11111111-1111-1111-1111-111111111111",
    "arn:aws:route53:::healthcheck/11111111-1111-1111-1111-111111111111",
    "arn:aws:iam::123456789012:role/service",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:one",
    "arn:aws:vpc-lattice:us-east-1:123456789012:resourceconfiguration/rcfg-0123456789abcdef0",
    "arn:aws:kinesis:us-east-1:123456789012:channel/orders",
    "arn:aws:events:us-east-1:123456789012:endpoint/one",
    "arn:aws:glue:us-east-1:123456789012:schema/registry/one",
    r"arn:aws:vpc-lattice:us-east-1:\dddddddddddd:servicenetworkresourceassociation/snra-0123456789abcdef0",
    "0123456789abcdefghij-klm",
    "abcde.veo",
    "24680",
    "DE",
    "arn:aws:s3:::orders",
    "arn:aws:lambda:us-east-1:123456789012:function:orders",
    "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:11111111-1111-1111-1111-111111111111",
    "arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111",
    "11111111-1111-1111-1111-111111111111",
    "kafka-1:9092",
    "AccessDeniedException",
    "arn:aws:s3tables:us-east-1:123456789012:bucket/orders",
    "events:PutEvents",
    "cron(0 12 * * ? *)",
    '{"a": ["<&>", "ü"]}',
    'two\r\nlines "quoted" & <tagged>\tünïcödé 🦊',
]
"""At least one of these meets every pattern and length of the models."""

DEEPEST = 5


class Sampler:
    """Draws values that meet a model's constraints."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 - no secret

    def members(self, shape: StructureShape | None) -> dict[str, Any]:
        """Members of a structure: those that are required, and about two of three of the others."""
        return {} if shape is None else self._structure(shape, 0)

    def _structure(self, shape: StructureShape, depth: int) -> dict[str, Any]:
        found = {}
        for name, member in shape.members.items():
            if name in shape.required_members or (depth < DEEPEST and self._random.random() < 2 / 3):
                found[name] = self._value(member, depth + 1)
        return found

    def _value(self, shape: Shape, depth: int) -> Any:
        match shape:
            case StructureShape():
                return self._structure(shape, depth)
            case ListShape():
                return [self._value(shape.member, depth + 1) for _ in range(self._count(shape, depth))]
            case MapShape():
                keys = {self._value(shape.key, depth + 1) for _ in range(self._count(shape, depth))}
                return {key: self._value(shape.value, depth + 1) for key in sorted(keys)}
            case StringShape():
                return self._text(shape)
        return self._scalar(shape)

    def _count(self, shape: Shape, depth: int) -> int:
        least, most = int(shape.metadata.get("min", 1)), int(shape.metadata.get("max", 3))
        return min(most, max(least, 0 if depth >= DEEPEST else self._random.randint(1, 3)))

    def _text(self, shape: StringShape) -> str:
        if shape.enum:
            return str(self._random.choice(shape.enum))
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 10_000)
        pattern = re.compile(_python(shape.metadata.get("pattern", r"[\s\S]*")))
        meet = [text for text in TEXTS if least <= len(text) <= most and pattern.fullmatch(text)]
        assert meet, f"no sample meets {shape.name}: {shape.metadata}"
        return self._random.choice(meet)

    def _scalar(self, shape: Shape) -> Any:
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1_000)
        match shape.type_name:
            case "boolean":
                return self._random.random() < 0.5
            case "integer" | "long":
                return self._random.randint(int(least), int(most))
            case "double":
                return self._random.uniform(-1e6, 1e6)
            case "blob":
                return self._random.randbytes(self._random.randint(int(least), 40))
            case "timestamp":
                return datetime.fromtimestamp(self._random.randint(0, 2_000_000_000), UTC)
        raise NotImplementedError(shape.type_name)


def _python(pattern: str) -> str:
    return pattern.replace(r"\p{L}\p{Z}\p{N}_", r"\w\s")


def plain(value: Any) -> Any:
    """A value as calls and results have it: moments as Unix seconds."""
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case datetime():
            return value.timestamp()
    return value
