"""Events of placed orders."""

from copy import deepcopy
from random import Random

from tests.unit.shop import malformed
from tests.unit.shop.malformed import Event
from tests.unit.shop.mutations import CANARY, spoilt, spoilt_event


class Subject(malformed.Subject):
    stores = ("idempotency", "shipments")

    def event(self, random: Random, number: int) -> Event:
        event = deepcopy(self.sample)
        event["detail"] |= {"orderId": f"A-{number}", "note": CANARY}
        if random.random() < 0.7:
            event["detail"] = spoilt(random, event["detail"])
            return event
        return spoilt_event(random, event, canary=lambda _: True)
