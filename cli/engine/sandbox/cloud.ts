// The sandbox cloud at work: one change after another, durable before it is answered, and what machines do about it afterwards.
import { readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import type { Answer, Call, Effect } from "./api/route.ts";
import type { Machines } from "./machines.ts";
import { type CloudState, emptyCloud } from "./state.ts";

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
    switch (effect.kind) {
      case "create-droplet":
        return await this.#create(effect);
      case "delete-droplet": {
        await machines.remove(effect.id);
        await this.change((draft) => forget(draft, effect.id));
        return;
      }
      case "droplet-action":
        return await this.#act(effect);
      case "finish-action":
        return await this.#finish(effect.action, "completed");
      case "apply-network":
        return await machines.applyNetwork(this.#state);
      default:
        effect satisfies never;
    }
  }

  async #create({ id, action }: Extract<Effect, { kind: "create-droplet" }>): Promise<void> {
    const droplet = this.#state.droplets[id];
    if (droplet === undefined) return;
    const stuck = await this.#takeFault("stuck");
    try {
      const made = await this.#options.machines.create(
        droplet,
        this.#state.vpcs[droplet.vpc_uuid]?.ip_range ?? "10.10.0.0/20",
      );
      if (stuck) return;
      await this.change((draft) => {
        const one = draft.droplets[id];
        if (one !== undefined) Object.assign(one, made, { status: "active", locked: false });
      });
      await this.#options.machines.applyNetwork(this.#state);
      await this.#finish(action, "completed");
    } catch (error) {
      await this.#finish(action, "errored");
      throw error;
    }
  }

  async #act({ id, action, type }: Extract<Effect, { kind: "droplet-action" }>): Promise<void> {
    if (await this.#takeFault("errored")) return await this.#finish(action, "errored");
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

  /** Whether a fault of this kind waits; it is spent. */
  async #takeFault(kind: "stuck" | "errored"): Promise<boolean> {
    if (!this.#state.faults.some((one) => one.kind === kind && one.times > 0)) return false;
    await this.change((draft) => {
      const fault = draft.faults.find((one) => one.kind === kind && one.times > 0);
      if (fault !== undefined) fault.times -= 1;
      draft.faults = draft.faults.filter(({ times }) => times > 0);
    });
    return true;
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

async function readState({ file, now, uuid }: CloudOptions): Promise<CloudState> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as CloudState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
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
