// Two sessions over a bad network: whatever happened, they come together again, and no packet counts twice.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Fate, Network, type SimulatedNode } from "./network.ts";

/** Losses, copies and delays of up to a few seconds, so that handshakes overtake each other. */
const bad =
  (loss: number, copies: number, delay: number): Fate =>
  (random) => {
    if (random() < loss) return [];
    const once = 1 + random() * delay;
    return random() < copies ? [once, 1 + random() * delay] : [once];
  };

const step = fc.constantFrom("both", "left", "right", "idle", "replay", "restartLeft", "restartRight", "restartBoth");
const scenario = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  loss: fc.constantFrom(0, 0.1, 0.5, 0.9),
  copies: fc.constantFrom(0, 0.3),
  delay: fc.constantFrom(5, 300, 4_000),
  steps: fc.array(fc.tuple(step, fc.integer({ min: 500, max: 60_000 })), { minLength: 1, maxLength: 12 }),
});

function isUnique(numbers: readonly number[]): boolean {
  return new Set(numbers).size === numbers.length;
}

describe("two sessions over a lossy network", () => {
  it("always converge to a working pair and never accept a replay, also after both restarted", () => {
    fc.assert(
      fc.property(scenario, ({ seed, loss, copies, delay, steps }) => {
        const network = new Network(seed);
        const { left, right } = network;
        let payload = 0;
        const send = (...nodes: readonly SimulatedNode[]): void => {
          for (const node of nodes) {
            payload += 1;
            node.send(payload);
          }
        };
        network.fate = bad(loss, copies, delay);
        for (const [what, milliseconds] of steps) {
          if (what === "restartLeft" || what === "restartBoth") left.restart();
          if (what === "restartRight" || what === "restartBoth") right.restart();
          network.advance(milliseconds, () => {
            if (what === "replay") for (let count = 0; count < 5; count += 1) network.replay();
            else if (what === "left") send(left);
            else if (what === "right") send(right);
            else if (what !== "idle") send(left, right);
          });
        }
        network.fate = () => [1];
        // The dead peer is noticed after 15 s, and a handshake may have to wait 5 s more for its turn.
        network.advance(30_000, () => send(left, right));
        // A packet in flight while a key is replaced may be lost, as with WireGuard itself; the next one is not.
        const checkBothWays = (): void => {
          for (let round = 0; round < 3; round += 1) {
            send(left, right);
            network.advance(100);
          }
          expect([right.arrived, left.arrived].map((arrived) => arrived.at(-1))).toEqual([payload - 1, payload]);
        };
        checkBothWays();
        for (const { to, datagram } of network.recorded) to.receive(datagram);
        // What had been lost may arrive now; what had arrived may not again.
        expect(isUnique(left.arrived) && isUnique(right.arrived)).toBe(true);
        network.advance(25_000, () => send(left, right));
        checkBothWays();
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe("both sides restarting at once", () => {
  it("find each other with the next packet", () => {
    const network = new Network(7);
    network.advance(10_000, () => network.left.send(1));
    network.left.restart();
    network.right.restart();
    network.right.arrived.length = 0;
    network.left.send(2);
    network.advance(100);
    expect(network.right.arrived).toEqual([2]);
  });
});

describe("a first handshake", () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])("survives the loss of its messages in pattern %d", (pattern) => {
    const network = new Network(pattern + 1);
    let sent = 0;
    network.fate = () => {
      const lost = sent < 3 && ((pattern >>> sent) & 1) === 1;
      sent += 1;
      return lost ? [] : [1];
    };
    network.left.send(1);
    network.advance(25_000, () => network.left.send(2));
    network.left.send(3);
    network.advance(10);
    expect(network.right.arrived.at(-1)).toBe(3);
  });

  it("with every message doubled makes one session", () => {
    const network = new Network(3);
    network.fate = () => [1, 1];
    network.left.send(1);
    network.advance(1_000);
    expect(network.right.arrived).toEqual([1]);
    const kinds = network.recorded.map(({ datagram }) => datagram[0]);
    expect(kinds.filter((kind) => kind === 1)).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 2)).toHaveLength(1);
  });

  it("started by both at once carries data both ways, by keys that each accepts from the other", () => {
    const network = new Network(5);
    network.left.send(1);
    network.right.send(2);
    network.advance(100);
    expect(network.right.arrived).toEqual([1]);
    expect(network.left.arrived).toEqual([2]);
    network.advance(400_000, () => {
      network.left.send(network.now);
      network.right.send(network.now);
    });
    const initiations = network.recorded.filter(({ datagram }) => datagram[0] === 1).length;
    // Every 120 s; both at once at worst.
    expect(initiations).toBeLessThanOrEqual(8);
    expect(network.right.arrived.length).toBeGreaterThan(795);
  });
});

describe("a day of conversation", () => {
  it("loses nothing, and makes a handshake every two minutes and no more", () => {
    const network = new Network(11);
    let beats = 0;
    let handshakes = 0;
    network.advance(86_400_000, () => {
      beats += 1;
      if (beats % 30 === 0) network.left.send(beats);
      if (beats % 50 === 0) network.right.send(beats);
      handshakes += network.recorded.splice(0).filter(({ datagram }) => datagram[0] === 1).length;
    });
    network.advance(100);
    expect(network.right.arrived).toHaveLength(Math.floor(beats / 30));
    expect(network.left.arrived).toHaveLength(Math.floor(beats / 50));
    expect(handshakes).toBeGreaterThan(600);
    expect(handshakes).toBeLessThanOrEqual(721);
  });
});
