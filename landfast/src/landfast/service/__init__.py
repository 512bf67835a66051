"""The live world: real functions, a real clock and files, behind one endpoint for all of AWS's services.

It decides nothing about delivery: `landfast.delivery` and `landfast.sources` do. What it adds is time (`clock`), one
thread for all machines (`loop`), durability (`store`, one commit a `turn`), calls of functions (`functions`), and the
doors: `proxy` speaks HTTP, `gateway` finds who answers, `endpoint` is Lambda's own API. Begin reading with `service`.
"""
