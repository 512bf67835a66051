"""The emulator that stores, moto or ministack: its process, the guard at its port, and a template's buckets and tables.

It keeps objects, items, keys, parameters and secrets; what delivers events is `landfast.eventplane`. It is spoken to by
public AWS calls only, so that any emulator will do. Begin reading with `engine`, then `guard` and `resources`.
"""
