"""Tells a journal to people and to programs, whether a simulation or a running service has kept it.

`history` puts the entries of a journal together again: batches, their tries, and where every record ended. `account`
is the one value that holds all that is told of it, and `live` makes one for each source of a running service's journal.
`text`, `page` and ``msgspec.json.encode`` write an account; `sentences` tells an entry alone. `wording` has the words.
"""
