// The peers of `churn.ts`, in a process and a namespace of their own: a line of JSON says what to do, lines say who there is and what was done.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../../agent/system/clock.ts";
import { type Identity, makeIdentity, peerConfig } from "../../agent/tunnel/member.ts";
import { tunnelPeerOf } from "../../fixtures/tunnel-config.ts";
import type { ChurnOrder, ChurnReport } from "./contract.ts";
import { Life } from "./life.ts";

const tick = 100;
const second = 1_000;
/** From one request to the next, in seconds. */
const pause = 2;
/** The map is told at most so often; a peer talks once its hub knows it. */
const mapInterval = second;
const knownAfter = 1_500;

const order = await readOrder();
const hub = tunnelPeerOf(order.hub);
const clock: Clock = { now: () => performance.now(), wall: Date.now };
const lives = new Set<Life>();
/** Who is in the map, by the name of its place. */
const present = new Map<string, Identity>();
const done = { lives: 0, roams: 0, replacedKeys: 0, returns: 0, requests: 0, answers: 0 };
let addressesUsed = 0;
let changed = true;

setInterval(() => {
  for (const life of lives) life.tick();
}, tick);
setInterval(report, mapInterval);
for (let index = 0; index < order.passing; index += 1) void keep(pass(index));
for (let index = 0; index < order.staying; index += 1) void keep(stay(index));
for (let index = 0; index < order.sleeping; index += 1) void keep(sleepAndReturn(index));

/** Twelve seconds: comes, talks, roams in the middle, and ends in one of three ways. */
async function pass(index: number): Promise<never> {
  await sleep((12 * second * index) / order.passing);
  let identity = enter(`passing${index}`, index);
  for (let number = 0; ; number += 1) {
    await sleep(knownAfter);
    const life = appear(identity);
    await talk(life, 4);
    roam(life);
    await talk(life, 4);
    switch (number % 3) {
      case 0: {
        // Taken out of the map while it talks.
        leave(`passing${index}`);
        await talk(life, 1.5);
        await vanish(life);
        identity = enter(`passing${index}`, index);
        break;
      }
      case 1: {
        // Silent in the middle of an exchange; the hub asks for it until the map forgets it.
        request(life);
        await vanish(life);
        await sleep(1.5 * second);
        identity = enter(`passing${index}`, index);
        break;
      }
      default: {
        // The same peer with new keys.
        await vanish(life);
        identity = { ...makeIdentity(life.identity.name, index + 2), nid: life.identity.nid };
        put(`passing${index}`, identity);
        done.replacedKeys += 1;
        await sleep(1.5 * second);
      }
    }
  }
}

/** Talks for ever, so that its sessions are rekeyed, and roams every twenty seconds. */
async function stay(index: number): Promise<never> {
  const life = appear(enter(`staying${index}`, order.passing + index));
  await sleep(knownAfter + index * second);
  for (;;) {
    await talk(life, 20);
    roam(life);
  }
}

/** Talks for a few seconds, then nothing until its keys have expired; it comes back, from elsewhere, as one that was started anew. */
async function sleepAndReturn(index: number): Promise<never> {
  const identity = enter(`sleeping${index}`, order.passing + order.staying + index);
  await sleep(knownAfter + 10 * second * index);
  for (;;) {
    const life = appear(identity);
    await talk(life, 4);
    roam(life);
    await talk(life, 4);
    await vanish(life);
    // Beyond 180 s keys expire, beyond 540 s everything of the session is gone.
    await sleep((200 + 20 * index) * second);
    done.returns += 1;
  }
}

function enter(place: string, number: number): Identity {
  const identity = makeIdentity(`${place} ${done.lives}`, number + 2);
  done.lives += 1;
  put(place, identity);
  return identity;
}

function put(place: string, identity: Identity): void {
  present.set(place, identity);
  changed = true;
}

function leave(place: string): void {
  present.delete(place);
  changed = true;
}

function appear(identity: Identity): Life {
  const life = new Life(identity, hub, nextAddress(), clock);
  lives.add(life);
  return life;
}

async function vanish(life: Life): Promise<void> {
  lives.delete(life);
  done.answers += life.takeAnswers();
  await life.vanish();
}

function roam(life: Life): void {
  life.roam(nextAddress());
  done.roams += 1;
}

function request(life: Life): void {
  life.request();
  done.requests += 1;
}

async function talk(life: Life, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += pause) {
    request(life);
    await sleep(Math.min(pause, seconds - passed) * second);
    done.answers += life.takeAnswers();
  }
}

function nextAddress(): string {
  addressesUsed += 1;
  return order.addresses[addressesUsed % order.addresses.length] ?? "";
}

/** A failed life ends the run. */
async function keep(life: Promise<never>): Promise<void> {
  try {
    await life;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  }
}

function report(): void {
  const peers = [...present.values()].map((identity) => peerConfig(identity, order.psk));
  const said: ChurnReport = changed ? { done, peers } : { done };
  changed = false;
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

async function readOrder(): Promise<ChurnOrder> {
  const lines = createInterface({ input: process.stdin });
  lines.once("close", () => process.exit(0));
  const [line] = (await once(lines, "line")) as [string];
  return JSON.parse(line) as ChurnOrder;
}
