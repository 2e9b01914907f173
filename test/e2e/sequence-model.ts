// The model of a random sequence: which members there should be, and which steps make sense from here.

export const places = ["one", "two", "three", "four", "five"] as const;
export type Place = (typeof places)[number];

/** A member as it should be. Its place is the host that it runs on. */
export interface ModelMember {
  readonly name: string;
  readonly origin: "stack" | "add-node" | "token";
}

export interface Model {
  /** The coordinator is on place one, always. */
  readonly members: ReadonlyMap<Place, ModelMember>;
  /** Release that the next deploy brings. */
  readonly release: "present" | "next";
  /** Hosts that got the next release as their first: they have nothing to go back to. */
  readonly newcomers: ReadonlySet<Place>;
  /** Hosts that an admin removed: a token does not bring them back, an admin does. */
  readonly revoked: ReadonlySet<Place>;
  /** Counts names, so that none comes twice by itself. */
  readonly named: number;
}

export type Step =
  | { readonly kind: "deploy" }
  | { readonly kind: "add" | "add-node" | "join"; readonly place: Place; readonly name: string }
  | { readonly kind: "rename"; readonly place: Place; readonly name: string }
  | { readonly kind: "remove"; readonly place: Place }
  | { readonly kind: "upgrade" | "rollback" }
  | { readonly kind: "kill"; readonly place: Place; readonly service: "agent" | "coordinator" }
  /** A deploy of one more member that is killed after so many milliseconds, and run again. */
  | { readonly kind: "kill-deploy"; readonly place: Place; readonly name: string; readonly after: number };

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A hub and one or two nodes of the stack. */
export function firstModel(random: () => number): Model {
  const members = new Map<Place, ModelMember>([
    ["one", { name: "hub", origin: "stack" }],
    ["two", { name: "n1", origin: "stack" }],
  ]);
  if (random() < 0.5) members.set("three", { name: "n2", origin: "stack" });
  return { members, release: "present", newcomers: new Set(), revoked: new Set(), named: 2 };
}

/** One step that is possible in `model`, and the model after it; steps of the same kind as `before` come less often. */
export function nextStep(model: Model, random: () => number, before: readonly Step[]): readonly [Step, Model] {
  const done = new Set(before.map(({ kind }) => kind));
  const all = possibleSteps(model, random);
  const fresh = all.filter(({ kind }) => !done.has(kind));
  const step = pick(fresh.length > 0 && random() < 0.8 ? fresh : all, random);
  return [step, after(model, step)];
}

function possibleSteps(model: Model, random: () => number): readonly Step[] {
  const free = places.filter((place) => !model.members.has(place));
  const taken = [...model.members.keys()];
  const nodes = taken.filter((place) => place !== "one");
  const ofStack = nodes.filter((place) => model.members.get(place)?.origin === "stack");
  const name = `n${model.named + 1}`;
  return [
    { kind: "deploy" },
    ...free
      .slice(0, 1)
      .flatMap((place): Step[] => [
        { kind: "add", place, name },
        { kind: "add-node", place, name },
        ...(model.revoked.has(place) ? [] : [{ kind: "join", place, name } as const]),
        { kind: "kill-deploy", place, name, after: 500 + Math.floor(random() * 9_000) },
      ]),
    ...(ofStack.length > 0 ? [{ kind: "rename", place: pick(ofStack, random), name } as const] : []),
    ...(nodes.length > 1 ? [{ kind: "remove", place: pick(nodes, random) } as const] : []),
    { kind: "kill", place: pick(taken, random), service: "agent" },
    { kind: "kill", place: "one", service: "coordinator" },
    ...(model.release === "present" ? [{ kind: "upgrade" } as const] : []),
    ...(model.release === "next" && model.newcomers.size === 0 ? [{ kind: "rollback" } as const] : []),
  ];
}

function after(model: Model, step: Step): Model {
  const members = new Map(model.members);
  const comes = step.kind === "add" || step.kind === "add-node" || step.kind === "kill-deploy";
  const newcomers = new Set(model.newcomers);
  if (comes && model.release === "next") newcomers.add(step.place);
  if (step.kind === "remove") newcomers.delete(step.place);
  switch (step.kind) {
    case "add":
    case "kill-deploy":
      members.set(step.place, { name: step.name, origin: "stack" });
      return { ...model, members, newcomers, named: model.named + 1 };
    case "add-node":
    case "join":
      members.set(step.place, { name: step.name, origin: step.kind === "join" ? "token" : "add-node" });
      return { ...model, members, newcomers, named: model.named + 1 };
    case "rename":
      members.set(step.place, { ...members.get(step.place)!, name: step.name });
      return { ...model, members, newcomers, named: model.named + 1 };
    case "remove":
      members.delete(step.place);
      return { ...model, members, newcomers, revoked: new Set([...model.revoked, step.place]) };
    case "upgrade":
      return { ...model, release: "next" };
    case "rollback":
      return { ...model, release: "present" };
    default:
      return model;
  }
}

function pick<T>(from: readonly T[], random: () => number): T {
  const chosen = from[Math.floor(random() * from.length)];
  if (chosen === undefined) throw new RangeError("nothing to pick from");
  return chosen;
}
