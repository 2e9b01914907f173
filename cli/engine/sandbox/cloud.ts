// The sandbox cloud at work: one change after another, durable before it is answered, and what machines do about it afterwards.
import { setTimeout as sleep } from "node:timers/promises";
import writeFileAtomic from "write-file-atomic";
import type { Answer, Call, Effect } from "./api/route.ts";
import type { Machines } from "./machines.ts";
import { readRecord } from "./record.ts";
import { type CloudState, type DropletRecord, emptyCloud } from "./state.ts";
import { cloudStateSchema } from "./state-schema.ts";

export interface CloudOptions {
  /** Absolute path of the file that keeps the state. */
  readonly file: string;
  readonly machines: Machines;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly uuid: () => string;
  readonly log: (line: string) => void;
}

export class Cloud {
  readonly #options: CloudOptions;
  #state: CloudState;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #running = new Set<Promise<void>>();
  /** Droplets that are being made, by id: one is not removed before that has ended. */
  readonly #making = new Map<number, Promise<void>>();
  #held = new AbortController();

  private constructor(options: CloudOptions, state: CloudState) {
    this.#options = options;
    this.#state = state;
  }

  /** Opens the file, or begins an empty cloud; machines that were being made or removed when it ended are looked after again. */
  static async open(options: CloudOptions): Promise<Cloud> {
    const cloud = new Cloud(options, await readState(options));
    for (const { id, status, locked } of Object.values(cloud.#state.droplets)) {
      if (status === "new") cloud.#begin({ kind: "create-droplet", id, action: cloud.#openAction(id) });
      else if (locked) cloud.#begin({ kind: "delete-droplet", id });
    }
    cloud.#begin({ kind: "apply-network" });
    return cloud;
  }

  get state(): CloudState {
    return this.#state;
  }

  /** Runs `answer` on a draft; what it changed is on disk when this resolves. A refusal changes nothing. */
  handle(answer: (call: Pick<Call, "cloud" | "now" | "uuid" | "effect">) => Answer): Promise<Answer> {
    return this.#exclusively(async () => {
      const draft = structuredClone(this.#state);
      const effects: Effect[] = [];
      const given = answer({
        cloud: draft,
        now: this.#now(),
        uuid: this.#options.uuid,
        effect: (effect) => void effects.push(effect),
      });
      await this.#keep(draft);
      for (const effect of effects) this.#begin(effect);
      return given;
    });
  }

  /** Changes the state outside of a request. */
  change(work: (draft: CloudState) => void): Promise<void> {
    return this.#exclusively(async () => {
      const draft = structuredClone(this.#state);
      work(draft);
      await this.#keep(draft);
    });
  }

  /** Lets go of what a fault keeps stuck. */
  release(): void {
    this.#held.abort();
    this.#held = new AbortController();
  }

  /** Resolves when nothing is being made, changed or removed any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #now(): string {
    return new Date(this.#options.now()).toISOString().replace(/\.\d+Z$/, "Z");
  }

  #openAction(droplet: number): number {
    const open = Object.values(this.#state.actions).find(
      (one) => one.resource_type === "droplet" && one.resource_id === droplet && one.status === "in-progress",
    );
    return open?.id ?? 0;
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  async #keep(draft: CloudState): Promise<void> {
    if (JSON.stringify(draft) === JSON.stringify(this.#state)) return;
    // What could not be read back is not written.
    cloudStateSchema.parse(draft);
    await writeFileAtomic(this.#options.file, `${JSON.stringify(draft)}\n`, { mode: 0o600 });
    this.#state = draft;
  }

  #begin(effect: Effect): void {
    const running = this.#carryOut(effect).catch((error: unknown) => {
      this.#options.log(`${effect.kind} failed: ${error instanceof Error ? error.message : String(error)}`);
    });
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  async #carryOut(effect: Effect): Promise<void> {
    const { machines } = this.#options;
    // Of now: what is let go while a machine is still being made is not held after that.
    const { signal } = this.#held;
    switch (effect.kind) {
      case "create-droplet": {
        const made = this.#create(effect, signal);
        this.#making.set(effect.id, made);
        return await made.finally(() => this.#making.delete(effect.id));
      }
      case "delete-droplet": {
        // Whether it was made or not, it goes; why it was not has been logged where it began.
        await Promise.allSettled([this.#making.get(effect.id)]);
        await hold(effect.stuck ?? 0, signal);
        await machines.remove(effect.id);
        await this.change((draft) => forget(draft, effect.id));
        return;
      }
      case "droplet-action":
        return await this.#act(effect);
      case "finish-action":
        return await this.#finish(effect.action, effect.errored === true ? "errored" : "completed");
      case "apply-network":
        return await machines.applyNetwork(this.#state);
      case "release":
        return this.release();
      default:
        effect satisfies never;
    }
  }

  async #create(effect: Extract<Effect, { kind: "create-droplet" }>, signal: AbortSignal): Promise<void> {
    const { id, action, stuck = 0, errored } = effect;
    const droplet = this.#state.droplets[id];
    if (droplet === undefined) return;
    try {
      if (errored === true) throw new Error("a fault was asked for");
      const range = this.#state.vpcs[droplet.vpc_uuid]?.ip_range ?? "10.10.0.0/20";
      const made = await this.#options.machines.create(droplet, range);
      await hold(stuck, signal);
      await this.#become(id, { ...made, status: "active" });
      await this.#options.machines.applyNetwork(this.#state);
      await this.#finish(action, "completed");
    } catch (error) {
      // It stays to be looked at and removed: neither new nor active, and nothing is under way with it.
      await this.#become(id, { status: "off" });
      await this.#finish(action, "errored");
      throw error;
    }
  }

  /** What a new droplet has become; one that was removed meanwhile becomes nothing. */
  #become(id: number, as: Partial<DropletRecord>): Promise<void> {
    return this.change((draft) => {
      const one = draft.droplets[id];
      if (one?.status === "new") Object.assign(one, as, { locked: false });
    });
  }

  async #act({ id, action, type }: Extract<Effect, { kind: "droplet-action" }>): Promise<void> {
    const status = type === "power_off" || type === "shutdown" ? "off" : type === "power_on" ? "active" : undefined;
    if (status !== undefined) await this.#options.machines.power(id, status === "active");
    await this.change((draft) => {
      const one = draft.droplets[id];
      if (one !== undefined && status !== undefined) one.status = status;
    });
    await this.#finish(action, "completed");
  }

  #finish(action: number, status: "completed" | "errored"): Promise<void> {
    const at = this.#now();
    return this.change((draft) => {
      const one = draft.actions[action];
      if (one !== undefined) Object.assign(one, { status, completed_at: status === "completed" ? at : null });
    });
  }
}

/** Waits for as many seconds, or until it is let go. */
async function hold(seconds: number, signal: AbortSignal): Promise<void> {
  if (seconds === 0) return;
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
  }
}

/** A droplet is gone: nothing names it any more. */
function forget(draft: CloudState, id: number): void {
  delete draft.droplets[id];
  for (const volume of Object.values(draft.volumes))
    volume.droplet_ids = volume.droplet_ids.filter((one) => one !== id);
  for (const reserved of Object.values(draft.reservedIps)) if (reserved.droplet_id === id) reserved.droplet_id = null;
  for (const firewall of Object.values(draft.firewalls))
    firewall.droplet_ids = firewall.droplet_ids.filter((one) => one !== id);
  for (const project of Object.values(draft.projects))
    project.urns = project.urns.filter((urn) => urn !== `do:droplet:${id}`);
}

/** More than an account of thousands of droplets takes. */
const sizeLimit = 64 * 1024 * 1024;

/** What the file holds; undefined when there is none. @throws TunnelMeshError TM_SANDBOX_RECORD */
export function readCloud(file: string): Promise<CloudState | undefined> {
  return readRecord(file, cloudStateSchema, sizeLimit);
}

async function readState({ file, now, uuid }: CloudOptions): Promise<CloudState> {
  const kept = await readCloud(file);
  if (kept !== undefined) return kept;
  const at = new Date(now()).toISOString();
  return emptyCloud({
    id: uuid(),
    name: "sandbox",
    description: "",
    purpose: "Trying things",
    environment: "Development",
    is_default: true,
    created_at: at,
    updated_at: at,
    urns: [],
  });
}
