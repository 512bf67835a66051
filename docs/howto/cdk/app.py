from aws_cdk import App, Duration, Stack
from aws_cdk.aws_lambda import Code, Function, Runtime
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from aws_cdk.aws_sqs import DeadLetterQueue, Queue

app = App()
stack = Stack(app, "Jobs")
failed = Queue(stack, "JobsFailed")
jobs = Queue(
    stack,
    "JobsQueue",
    visibility_timeout=Duration.seconds(60),
    dead_letter_queue=DeadLetterQueue(queue=failed, max_receive_count=5),
)
work = Function(
    stack,
    "Work",
    runtime=Runtime.PYTHON_3_13,
    handler="app.handler",
    code=Code.from_asset("function"),
    timeout=Duration.seconds(10),
    environment={"GREETING": "Hello"},
)
work.add_event_source(SqsEventSource(jobs, report_batch_item_failures=True))
app.synth()
