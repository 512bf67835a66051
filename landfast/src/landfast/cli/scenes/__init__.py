"""What the demonstration sends through the shop's back office, one module a pipeline.

Each scene tells what happens, looks for what it has sent in the tables, queues, buckets and topics themselves, and
says at the end where all of it must be.
"""
