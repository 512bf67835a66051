"""The shop's guided tour: `make demo`, or `python -m demo`.

It runs the shop's own template with Landfast, sends good, broken and duplicate events, and looks for each of them in
the tables, queues, buckets and topics where it must have landed. It knows Landfast by what `landfast.testing`
publishes, and AWS by boto3 against the endpoint.

`scenes` has one module for each pipeline, named after its function; which are played is what the template has.
"""
