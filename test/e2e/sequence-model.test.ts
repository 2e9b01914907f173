// Sequences repeat with their seed, ask only for what is possible, and between them try every kind of step.
import { expect, it } from "vitest";
import { firstModel, type Model, nextStep, randomFrom, type Step } from "./sequence-model.ts";

function sequenceOf(
  seed: number,
  length: number,
): { readonly steps: readonly Step[]; readonly models: readonly Model[] } {
  const random = randomFrom(seed);
  const steps: Step[] = [];
  const models = [firstModel(random)];
  for (let number = 0; number < length; number += 1) {
    const [step, model] = nextStep(models.at(-1)!, random, steps);
    steps.push(step);
    models.push(model);
  }
  return { steps, models };
}

it("is the same for the same seed, and another for another", () => {
  expect(sequenceOf(7, 8)).toEqual(sequenceOf(7, 8));
  expect(sequenceOf(7, 8).steps).not.toEqual(sequenceOf(8, 8).steps);
});

it("always has its hub and a second member, and no name twice", () => {
  for (let seed = 0; seed < 300; seed += 1) {
    for (const { members } of sequenceOf(seed, 8).models) {
      const names = [...members.values()].map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(names.length).toBeGreaterThan(1);
      expect(members.get("one")).toEqual({ name: "hub", origin: "stack" });
    }
  }
});

it("brings no host that was removed back by token", () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const { steps } = sequenceOf(seed, 8);
    const removed = new Set<string>();
    for (const step of steps) {
      if (step.kind === "remove") removed.add(step.place);
      if (step.kind === "join") expect(removed).not.toContain(step.place);
    }
  }
});

it("tries every kind of step within fifty", () => {
  const kinds = Array.from({ length: 50 }, (_, seed) => sequenceOf(seed, 8).steps.map(({ kind }) => kind)).flat();
  const all = ["deploy", "add", "add-node", "join", "rename", "remove", "upgrade", "rollback", "kill", "kill-deploy"];
  expect([...new Set(kinds)].toSorted()).toEqual(all.toSorted());
});
