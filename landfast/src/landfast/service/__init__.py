"""The live driver of the delivery machines: real functions, real queues and streams, one process.

It decides nothing about delivery: `landfast.delivery` does. What it adds is time (`clock`), durability (`store`),
threads (`actor`), and the doors through which events enter (`triggers`, `endpoint`).
"""
