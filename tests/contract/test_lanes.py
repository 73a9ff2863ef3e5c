"""The order of deliveries, whatever is published, taken, refused and when."""

from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.stores.embedded.lanes import Delivery, Lanes
from shared.stores.ports import Message

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class LanesMachine(RuleBasedStateMachine):
    """Compares Lanes with lists of what each key still has to see, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes = Lanes()
        self.left: dict[str | int, list[int]] = {}
        self.out: list[list[Delivery]] = []
        self.last = 0
        self.now = 0.0

    @rule(keys=st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=6))
    def add(self, keys: list[str]) -> None:
        deliveries = []
        for key in keys:
            self.last += 1
            deliveries.append(Delivery(self.last, Message(b"", key), 1, NOW))
            self.left.setdefault(deliveries[-1].lane, []).append(self.last)
        self.lanes.add(deliveries)

    @rule(most=st.integers(1, 5), passed=st.floats(0, 3))
    def take(self, most: int, passed: float) -> None:
        self.now += passed
        chunk = self.lanes.take(most, self.now)
        assert len(chunk) <= most
        taken = {delivery.lane for delivery in chunk}
        assert not taken & {delivery.lane for other in self.out for delivery in other}
        for lane in taken:
            ids = [delivery.id for delivery in chunk if delivery.lane == lane]
            assert ids == self.left[lane][: len(ids)]
        if chunk:
            self.out.append(chunk)

    @precondition(lambda self: self.out)
    @rule(data=st.data(), wait=st.floats(0, 3))
    def settle(self, data: st.DataObject, wait: float) -> None:
        chunk = self.out.pop(data.draw(st.integers(0, len(self.out) - 1)))
        answers = data.draw(st.lists(st.booleans(), min_size=len(chunk), max_size=len(chunk)))
        again = []
        for delivery, acked in zip(chunk, answers, strict=True):
            if acked:
                self.left[delivery.lane].remove(delivery.id)
            else:
                again.append((self.now + wait, delivery._replace(attempt=delivery.attempt + 1)))
        self.lanes.settle(chunk, again)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.lanes.held == sum(map(len, self.left.values()))

    def teardown(self) -> None:
        for chunk in self.out:
            self.lanes.settle(chunk, [])
            for delivery in chunk:
                self.left[delivery.lane].remove(delivery.id)
        while chunk := self.lanes.take(3, self.now + 1_000):
            self.lanes.settle(chunk, [])
            for delivery in chunk:
                assert self.left[delivery.lane].pop(0) == delivery.id
        assert not any(self.left.values())


TestLanes = LanesMachine.TestCase
