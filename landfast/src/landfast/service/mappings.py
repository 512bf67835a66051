"""From the template's event source mappings to what reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from landfast.dataplane.deployed import DeployedStack
from landfast.delivery import queue_config, stream_config
from landfast.delivery.errors import Refused
from landfast.delivery.event_sources import MAPPED, QueueSource, StreamSource, mapped
from landfast.delivery.settings import Settings
from landfast.service.functions import Functions, Target
from landfast.service.plane import Plane
from landfast.service.queues import QueueMapping
from landfast.service.state import ServiceError
from landfast.service.streams import StreamMapping
from landfast.template import EventSourceMapping, Template


@dataclass(frozen=True, slots=True)
class Mappings:
    """Reads mappings against what there is."""

    template: Template
    stack: DeployedStack
    plane: Plane
    functions: Functions
    settings: Settings

    def read(self, mapping: EventSourceMapping) -> StreamMapping | QueueMapping:
        """A mapping with its settings, as the template declares it.

        Raises:
            ServiceError: AWS would refuse them.
        """
        try:
            return self.checked(mapping)
        except Refused as error:
            title = f"{mapping.logical_id} (AWS::Lambda::EventSourceMapping)"
            raise ServiceError(
                f"{title}: not run locally: {str(error).rstrip('.')}; correct it in the template"
            ) from error

    def checked(self, mapping: EventSourceMapping) -> StreamMapping | QueueMapping:
        """A mapping with its settings.

        Raises:
            AwsError: What it reads does not exist.
            FunctionNotFoundError: The function has no such alias.
            Refused: AWS would refuse the settings.
        """
        function = self.template.functions[mapping.function]
        target = self.functions.find(function.name, mapping.qualifier)
        arn = self.stack.real_arn(mapping.source_arn)
        # The label of a table's stream is only known once the table exists.
        properties = {**mapping.properties, "EventSourceArn": arn, "FunctionName": target.invoked_arn}
        match mapped(mapping.source_arn):
            case QueueSource() as source:
                return self._queue(source, mapping, target, arn, properties)
            case StreamSource() as source:
                return self._stream(source, mapping, target, arn, properties)
            case None:
                things = " or ".join(source.thing for source in MAPPED.values())
                raise Refused("EventSourceArn", f"{mapping.source_arn} is no {things}.")
            case never:
                assert_never(never)

    def _queue(
        self,
        source: QueueSource,
        mapping: EventSourceMapping,
        target: Target,
        arn: str,
        properties: Mapping[str, Any],
    ) -> QueueMapping:
        queue = self.plane.queue(source, arn)
        config = queue_config.configuration(
            properties,
            queue=queue.queue.attributes,
            function_timeout=target.spec.timeout,
            settings=self.settings,
        )
        return QueueMapping(mapping.logical_id, target, queue, config, self.settings)

    def _stream(
        self,
        source: StreamSource,
        mapping: EventSourceMapping,
        target: Target,
        arn: str,
        properties: Mapping[str, Any],
    ) -> StreamMapping:
        stream = self.plane.stream(source, arn)
        config = stream_config.configuration(
            properties,
            source,
            retention=stream.retention,
            stream_arn=arn,
            function_arn=target.invoked_arn,
            mapping_id=mapping.uuid,
            settings=self.settings,
        )
        earlier = self.plane.earlier_streams(source, arn)
        return StreamMapping(mapping.logical_id, target, stream, config, self.settings, earlier)
