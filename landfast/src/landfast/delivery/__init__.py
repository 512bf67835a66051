"""Lambda's delivery rules as pure state machines: no clock, no thread, no I/O, no AWS client.

A machine is told what happened and the time (seconds, any epoch) and answers with a list of actions: see `actions`.
Three machines cover all of Lambda's sources:

- `asynchronous`: events that Lambda queues itself (S3, EventBridge, SNS, `InvocationType=Event`);
- `stream`: one shard of a Kinesis or DynamoDB stream;
- `queue`: an SQS queue, standard or FIFO.

Every machine has ``due()`` (when it next wants to be woken, or None), ``advance(now)`` (do what is due) and
``finished(request_id, outcome, now)`` (an `actions.Invoke` has ended). The live service and the simulator are two
drivers of the same machines; neither has rules of its own.
"""
