"""From the template's event source mappings to what reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landfast.dataplane.deployed import DeployedStack
from landfast.delivery import queue_config, stream_config
from landfast.delivery.errors import Refused
from landfast.delivery.queue_config import QueueAttributes
from landfast.delivery.settings import Settings
from landfast.delivery.stream_config import DEFAULT_RETENTION
from landfast.service.functions import Functions, Target
from landfast.service.plane import Plane
from landfast.service.queues import QueueMapping
from landfast.service.state import ServiceError
from landfast.service.streams import StreamMapping
from landfast.template import EventSourceMapping, Template
from landfast.template import Queue as DeclaredQueue

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Reads mappings against what there is."""

    template: Template
    stack: DeployedStack
    plane: Plane
    functions: Functions
    settings: Settings

    def read(self, mapping: EventSourceMapping) -> StreamMapping | QueueMapping:
        """A mapping with its settings.

        Raises:
            ServiceError: AWS would refuse them.
        """
        function = self.template.functions[mapping.function]
        target = self.functions.find(function.name, mapping.qualifier)
        arn = self.stack.real_arn(mapping.source_arn)
        properties = {**mapping.properties, "EventSourceArn": arn, "FunctionName": target.invoked_arn}
        try:
            queue = self.template.queues.get(mapping.source)
            if queue is not None:
                return self._queue(mapping, target, arn, queue, properties)
            return self._stream(mapping, target, arn, properties)
        except Refused as error:
            raise ServiceError(
                f"{mapping.logical_id}: {error}: correct it in the template, AWS refuses it too"
            ) from error

    def _queue(
        self,
        mapping: EventSourceMapping,
        target: Target,
        arn: str,
        queue: DeclaredQueue,
        properties: Mapping[str, Any],
    ) -> QueueMapping:
        redrive = queue.redrive_policy
        config = queue_config.configuration(
            properties,
            queue=QueueAttributes(
                visibility_timeout=queue.visibility_timeout,
                fifo=queue.fifo_queue,
                max_receive_count=redrive.max_receive_count if redrive else None,
                retention=queue.message_retention_period,
            ),
            function_timeout=target.spec.timeout,
            settings=self.settings,
        )
        return QueueMapping(mapping.logical_id, target, self.plane.queues.queue(arn), config, self.settings)

    def _stream(
        self, mapping: EventSourceMapping, target: Target, arn: str, properties: Mapping[str, Any]
    ) -> StreamMapping:
        declared = self.template.streams.get(mapping.source)
        config = stream_config.configuration(
            properties,
            "dynamodb" if declared is None else "kinesis",
            retention=DEFAULT_RETENTION if declared is None else declared.retention_period_hours * _HOUR,
            stream_arn=arn,
            function_arn=target.invoked_arn,
            mapping_id=mapping.uuid,
            settings=self.settings,
        )
        if declared is not None:
            stream = self.plane.streams.stream(arn)
            return StreamMapping(mapping.logical_id, target, stream, config, self.settings)
        streams = self.plane.tables.streams
        changes = streams.by_arn[arn]
        earlier = streams.earlier(changes)
        return StreamMapping(mapping.logical_id, target, changes, config, self.settings, earlier)
