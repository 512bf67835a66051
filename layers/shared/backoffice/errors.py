"""The one root of the shop's own errors: each says in its text what is wrong, in words that may be logged."""


class ShopError(Exception):
    """An error that the shop raises on purpose.

    Its text names fields, rules and identities, never values of a payload, so that it may stand in a log, in a metric
    or in the attributes of a dead letter.
    """
