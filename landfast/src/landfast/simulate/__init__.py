"""The simulator: Lambda's delivery rules on a virtual clock, for one source, one mapping and one scripted function.

`scenario` reads what to run, `function` plays the function, `asynchronous`, `streams` and `queues` drive the machines
of `landfast.delivery` over the queues and shards of `landfast.sources`, `result` is what came of it, and `account`
tells it to `landfast.report`, for people.
"""
