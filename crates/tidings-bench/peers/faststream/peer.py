"""FastStream, as its documentation writes it, with what it recommends for speed: msgspec for
messages, orjson, uvloop, and no log line for each message."""

import argparse
import asyncio
import contextlib
import json
import time
from uuid import UUID

import msgspec
import uvloop
from fast_depends.msgspec import MsgSpecSerializer
from faststream.nats import JStream, NatsBroker, PullSub

FEED = 40_000  # messages on their way at most
DIFFERENT = 1_000  # different events, where they need no ids
TASKS = 256  # tasks that publish or ask at the same time
WINDOW = 1_000  # publishes that wait for their acks at a time
LIVE, STORED, ASKED = "live.placed", "orders.placed", "orders-desk.place"
ORDERS = JStream("ORDERS", declare=False)  # it is there


class Line(msgspec.Struct):
    sku: str
    quantity: int
    price_cents: int


class OrderPlaced(msgspec.Struct):
    order_id: UUID
    region: str
    customer: str
    total_cents: int
    lines: list[Line]


class Accepted(msgspec.Struct):
    order_id: UUID


def order(number):
    return OrderPlaced(
        order_id=UUID(int=0x0191E8A03C5E7A419D5E000000000000 | number),
        region="eu",
        customer=f"c-{48_000 + number % 1_000}",
        total_cents=12_990,
        lines=[Line("A-1001", 2, 4_995), Line("B-2040", 1, 3_000)],
    )


class Handled:
    """Counts what is handled, and holds the times of the first and the last."""

    def __init__(self, peer):
        self.warm, self.total = peer.warm, peer.total
        self.seen, self.begun, self.took = 0, 0.0, 0.0
        self.changed = asyncio.Event()

    def one(self):
        self.seen += 1
        if self.seen == self.warm:
            self.begun = time.perf_counter()
        if self.seen == self.total:
            self.took = time.perf_counter() - self.begun
        if self.seen == self.total or self.seen % FEED == 0:
            self.changed.set()

    async def reach(self, handled):
        while self.seen < handled:
            await self.changed.wait()
            self.changed.clear()


class Peer:
    def __init__(self, url, row, count):
        self.url, self.row, self.count = url, row, count
        self.warm = count // 5
        self.total = self.warm + count
        self.broker = self.connect()

    def connect(self):
        serializer = MsgSpecSerializer(use_fastdepends_errors=False)
        return NatsBroker(self.url, serializer=serializer, logger=None)

    def parts(self):
        return range(self.warm), range(self.warm, self.total)

    async def flush(self):
        """Waits until the server has read everything before."""
        await self.broker.config.broker_config.connection_state.connection.flush()

    async def feed(self, handled):
        """Asks for messages until all are handled."""
        asked = 0
        while asked < self.total:
            count = min(FEED, self.total - asked)
            await self.broker.publish(str(count), "stage.feed")
            asked += count
            await handled.reach(asked)

    async def publish_core(self, subject):
        orders = [order(number) for number in range(DIFFERENT)]
        await self.broker.start()
        for part in self.parts():
            begun = time.perf_counter()
            for number in part:
                placed = orders[number % DIFFERENT]
                # A publisher object, `broker.publisher(subject)`, is slower.
                await self.broker.publish(placed, subject(placed))
            await self.flush()
        return time.perf_counter() - begun

    async def core_publish(self):
        return await self.publish_core(lambda _: LIVE)

    async def core_publish_tokens(self):
        return await self.publish_core(lambda p: f"live.{p.region}.{p.customer}.placed")

    async def core_handle(self):
        handled = Handled(self)

        @self.broker.subscriber(LIVE, queue="billing")
        async def bill(placed: OrderPlaced):
            handled.one()

        await self.broker.start()
        await self.flush()
        await self.feed(handled)
        return handled.took

    def stored(self, number):
        """An order, and the header that makes it the same one when it is published again."""
        placed = order(number)
        return placed, {"Nats-Msg-Id": str(placed.order_id)}

    async def publish(self, placed, headers):
        return await self.broker.publish(placed, STORED, headers=headers, stream="ORDERS")

    async def stream_publish(self):
        orders = [self.stored(number) for number in range(self.total)]
        await self.broker.start()
        for part in self.parts():
            begun = time.perf_counter()
            for number in part:
                ack = await self.publish(*orders[number])
                assert not ack.duplicate
        return time.perf_counter() - begun

    async def stream_publish_concurrent(self):
        async def publish(share):
            for placed in share:
                await self.publish(*placed)

        await self.broker.start()
        for part in self.parts():
            shares = [[self.stored(number) for number in part[task::TASKS]] for task in range(TASKS)]
            begun = time.perf_counter()
            await asyncio.gather(*map(publish, shares))
        return time.perf_counter() - begun

    async def stream_publish_all(self):
        await self.broker.start()
        for part in self.parts():
            orders = [self.stored(number) for number in part]
            begun = time.perf_counter()
            for start in range(0, len(orders), WINDOW):
                window = orders[start : start + WINDOW]
                await asyncio.gather(*(self.publish(*placed) for placed in window))
        return time.perf_counter() - begun

    async def stream_consume(self, **options):
        handled = Handled(self)

        @self.broker.subscriber(STORED, stream=ORDERS, durable="billing", **options)
        async def bill(placed: OrderPlaced):
            handled.one()

        await self.broker.start()
        await handled.reach(self.total)
        return handled.took

    async def stream_consume_1(self):
        # A push consumer: its messages are handled one after the other.
        return await self.stream_consume()

    async def stream_consume_64(self):
        # 64 are asked for at a time, and handled together.
        return await self.stream_consume(pull_sub=PullSub(batch_size=64))

    async def stream_replay(self):
        handled = Handled(self)

        @self.broker.subscriber(STORED, stream=ORDERS, ordered_consumer=True)
        async def read(placed: OrderPlaced):
            handled.one()

        await self.broker.start()
        await handled.reach(self.total)
        return handled.took

    @contextlib.asynccontextmanager
    async def desk(self):
        """Answers every request, on a connection of its own."""
        broker = self.connect()

        @broker.subscriber(ASKED, queue="desk")
        async def accept(placed: OrderPlaced) -> Accepted:
            return Accepted(placed.order_id)

        async with broker:
            await broker.start()
            await self.broker.start()
            yield

    async def ask(self, placed):
        reply = await self.broker.request(placed, ASKED, timeout=5.0)
        accepted = msgspec.convert(await reply.decode(), Accepted)
        assert accepted.order_id == placed.order_id

    async def request(self):
        orders = [order(number) for number in range(DIFFERENT)]
        each = []
        async with self.desk():
            for part in self.parts():
                each.clear()
                begun = time.perf_counter()
                for number in part:
                    asked = time.perf_counter()
                    await self.ask(orders[number % DIFFERENT])
                    each.append(time.perf_counter() - asked)
            return time.perf_counter() - begun, each

    async def request_concurrent(self):
        async def ask(share):
            for placed in share:
                await self.ask(placed)

        async with self.desk():
            for part in self.parts():
                shares = [list(map(order, part[task::TASKS])) for task in range(TASKS)]
                begun = time.perf_counter()
                await asyncio.gather(*map(ask, shares))
            return time.perf_counter() - begun


async def main():
    arguments = argparse.ArgumentParser(description="measures one row, and prints one line of JSON")
    arguments.add_argument("--url", required=True)
    arguments.add_argument("--row", required=True)
    arguments.add_argument("--count", required=True, type=int)
    given = arguments.parse_args()
    peer = Peer(given.url, given.row, given.count)
    took = await getattr(peer, given.row)()
    took, each = took if isinstance(took, tuple) else (took, [])
    await peer.broker.stop()
    each.sort()
    percentile = lambda share: each[int(len(each) * share)] * 1e6 if each else None
    print(
        json.dumps(
            {
                "peer": "faststream",
                "row": given.row,
                "messages": given.count,
                "seconds": took,
                "rate": given.count / took,
                "p50_us": percentile(0.5),
                "p99_us": percentile(0.99),
            }
        )
    )


uvloop.run(main())
