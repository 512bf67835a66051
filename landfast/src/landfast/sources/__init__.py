"""The services that deliver events, as pure machines: SQS, Kinesis, SNS, EventBridge, buckets and tables' streams.

No clock, no thread, no I/O, no AWS client: time is handed in, and what must survive the process is handed out row by
row (`rows.Keep`). The live service uses all of them, the simulator the queues and shards.
"""
