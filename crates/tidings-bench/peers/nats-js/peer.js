// nats.js, as its README writes it: objects as JSON, callbacks where they handle, Promise.all where
// many publishes wait for their acks.

import { parseArgs } from "node:util";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const FEED = 40_000; // messages on their way at most
const DIFFERENT = 1_000; // different events, where they need no ids
const TASKS = 256; // tasks that publish or ask at the same time
const WINDOW = 1_000; // publishes that wait for their acks at a time
const [LIVE, STORED, ASKED] = ["live.placed", "orders.placed", "orders-desk.place"];

const { values } = parseArgs({
  options: { url: { type: "string" }, row: { type: "string" }, count: { type: "string" } },
});
const count = Number(values.count);
const warm = Math.floor(count / 5);
const total = warm + count;
const parts = [range(0, warm), range(warm, total)];
const nc = await connect({ servers: values.url });
const js = jetstream(nc);

function range(from, to) {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function order(number) {
  return {
    order_id: `0191e8a0-3c5e-7a41-9d5e-${number.toString(16).padStart(12, "0")}`,
    region: "eu",
    customer: `c-${48_000 + (number % 1_000)}`,
    total_cents: 12_990,
    lines: [
      { sku: "A-1001", quantity: 2, price_cents: 4_995 },
      { sku: "B-2040", quantity: 1, price_cents: 3_000 },
    ],
  };
}

const seconds = (begun) => (performance.now() - begun) / 1_000;

// Counts what is handled, and holds the times of the first and the last.
class Handled {
  seen = 0;
  waiting = [];

  one() {
    this.seen += 1;
    if (this.seen === warm) this.begun = performance.now();
    if (this.seen === total) this.took = seconds(this.begun);
    if (this.seen === total || this.seen % FEED === 0) {
      for (const resolve of this.waiting.splice(0)) resolve();
    }
    return this.seen >= total;
  }

  async reach(handled) {
    while (this.seen < handled) await new Promise((resolve) => this.waiting.push(resolve));
  }
}

// Asks for messages until all are handled.
async function feed(handled) {
  for (let asked = 0; asked < total; ) {
    const next = Math.min(FEED, total - asked);
    nc.publish("stage.feed", String(next));
    asked += next;
    await handled.reach(asked);
  }
}

async function corePublish(subject) {
  const orders = range(0, DIFFERENT).map(order);
  let begun;
  for (const part of parts) {
    begun = performance.now();
    for (const number of part) {
      const placed = orders[number % DIFFERENT];
      nc.publish(subject(placed), JSON.stringify(placed));
      // It publishes without waiting: now and then the socket has to have its turn.
      if (number % WINDOW === 0) await nc.flush();
    }
    await nc.flush();
  }
  return { took: seconds(begun) };
}

async function durable() {
  const jsm = await jetstreamManager(nc);
  await jsm.consumers.add("ORDERS", { durable_name: "billing", ack_policy: "explicit" });
  return js.consumers.get("ORDERS", "billing");
}

// A callback has one message at a time; it is faster than an iterator.
async function consume(consumer, settle) {
  const handled = new Handled();
  const callback = (message) => {
    message.json();
    settle(message);
    handled.one();
  };
  const messages = await consumer.consume({ max_messages: WINDOW, callback });
  await handled.reach(total);
  messages.stop();
  return handled;
}

// So many at a time: with an iterator, which waits while no more may be handled.
async function consumeConcurrently(consumer, concurrency) {
  const handled = new Handled();
  let running = 0;
  let free = () => {};
  const handle = async (message) => {
    message.json();
    message.ack();
    handled.one();
  };
  for await (const message of await consumer.consume({ max_messages: WINDOW })) {
    running += 1;
    handle(message).finally(() => {
      running -= 1;
      free();
    });
    while (running >= concurrency) await new Promise((resolve) => (free = resolve));
    if (handled.seen >= total) break;
  }
  return handled;
}

// Answers every request, on a connection of its own.
async function answer() {
  const desk = await connect({ servers: values.url });
  desk.subscribe(ASKED, {
    queue: "desk",
    callback: (_, message) => {
      message.respond(JSON.stringify({ order_id: message.json().order_id }));
    },
  });
  await desk.flush();
  return desk;
}

async function ask(placed) {
  const reply = await nc.request(ASKED, JSON.stringify(placed), { timeout: 5_000 });
  if (reply.json().order_id !== placed.order_id) throw new Error("the reply to another request");
}

// What is done at the same time: each task has its share of the messages.
async function concurrently(work) {
  let begun;
  for (const part of parts) {
    const shares = range(0, TASKS).map((task) =>
      part.filter((number) => number % TASKS === task).map(order),
    );
    begun = performance.now();
    await Promise.all(
      shares.map(async (share) => {
        for (const placed of share) await work(placed);
      }),
    );
  }
  return { took: seconds(begun) };
}

const publish = (placed) =>
  js.publish(STORED, JSON.stringify(placed), { msgID: placed.order_id });

const rows = {
  core_publish: () => corePublish(() => LIVE),

  core_publish_tokens: () =>
    corePublish((placed) => `live.${placed.region}.${placed.customer}.placed`),

  async core_subscribe() {
    const handled = new Handled();
    const messages = nc.subscribe(LIVE);
    await nc.flush();
    const feeding = feed(handled);
    for await (const message of messages) {
      message.json();
      if (handled.one()) break;
    }
    await feeding;
    return handled;
  },

  async core_handle() {
    const handled = new Handled();
    const callback = (_, message) => {
      message.json();
      handled.one();
    };
    nc.subscribe(LIVE, { queue: "billing", callback });
    await nc.flush();
    await feed(handled);
    return handled;
  },

  async stream_publish() {
    const orders = range(0, total).map(order);
    let begun;
    for (const part of parts) {
      begun = performance.now();
      for (const number of part) {
        const ack = await publish(orders[number]);
        if (ack.duplicate) throw new Error("an order was stored before");
      }
    }
    return { took: seconds(begun) };
  },

  stream_publish_concurrent: () => concurrently(publish),

  async stream_publish_all() {
    let begun;
    for (const part of parts) {
      const orders = part.map(order);
      begun = performance.now();
      for (let start = 0; start < orders.length; start += WINDOW) {
        await Promise.all(orders.slice(start, start + WINDOW).map(publish));
      }
    }
    return { took: seconds(begun) };
  },

  stream_consume_1: async () => consume(await durable(), (message) => message.ack()),

  stream_consume_64: async () => consumeConcurrently(await durable(), 64),

  // Without a name it is an ordered consumer, which needs no acks.
  stream_replay: async () => consume(await js.consumers.get("ORDERS"), () => {}),

  async request() {
    const desk = await answer();
    const orders = range(0, DIFFERENT).map(order);
    let [begun, each] = [0, []];
    for (const part of parts) {
      each = [];
      begun = performance.now();
      for (const number of part) {
        const asked = performance.now();
        await ask(orders[number % DIFFERENT]);
        each.push((performance.now() - asked) * 1_000);
      }
    }
    const took = seconds(begun);
    await desk.close();
    return { took, each };
  },

  async request_concurrent() {
    const desk = await answer();
    const measured = await concurrently(ask);
    await desk.close();
    return measured;
  },
};

const { took, each = [] } = await rows[values.row]();
await nc.drain();
each.sort((one, other) => one - other);
const percentile = (share) => each[Math.floor(each.length * share)] ?? null;
console.log(
  JSON.stringify({
    peer: "nats.js",
    row: values.row,
    messages: count,
    seconds: took,
    rate: count / took,
    p50_us: percentile(0.5),
    p99_us: percentile(0.99),
  }),
);
