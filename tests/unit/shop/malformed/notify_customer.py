"""Records of shipments, as Lambda's destination hands them over."""

from copy import deepcopy
from random import Random

from tests.unit.shop import malformed
from tests.unit.shop.malformed import Event
from tests.unit.shop.mutations import CANARY, spoilt, spoilt_event


class Subject(malformed.Subject):
    stores = ()

    def event(self, random: Random, number: int) -> Event:
        event = deepcopy(self.sample)
        event["responsePayload"] |= {"orderId": f"A-{number}", "note": CANARY}
        if random.random() < 0.6:
            event["responsePayload"] = spoilt(random, event["responsePayload"])
            return event
        return spoilt_event(random, event, canary=lambda _: True)
