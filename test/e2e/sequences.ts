// The test of random sequences: three short ones in every run, always the same, and fifty new ones in the soak. TM_SEED gives others or repeats a run, TM_SEQUENCES shortens it.
import { existsSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkMesh, type Given, traces } from "./sequence-check.ts";
import { firstModel, nextStep, type Place, places, randomFrom, type Step } from "./sequence-model.ts";
import { SequenceWorld } from "./sequence-world.ts";

/** Registers `count` sequences of `length` steps over the same five hosts, from `first` on or from a random seed. */
export function testSequences(purpose: string, count: number, length: number, first?: number): void {
  const seed = Number(process.env["TM_SEED"] ?? first ?? Math.floor(Math.random() * 2 ** 31));
  const world = new SequenceWorld(purpose);
  const clean = new Map<Place, string>();

  beforeAll(async () => {
    await world.open();
    for (const place of places) clean.set(place, traces(world, place));
  });
  afterAll(() => world.close());

  describe(`random sequences, TM_SEED=${seed}`, () => {
    it.each(Array.from({ length: count }, (_, index) => seed + index))(
      "TM_SEED=%i is what was asked for after each step",
      async (own) => {
        const random = randomFrom(own);
        const given: Given = new Map();
        const steps: Step[] = [];
        let model = firstModel(random);
        // One that failed before this may have left a mesh.
        if (existsSync(path.join(world.project.folder, "mesh/main.jsonl"))) await world.reset();
        world.write(model);
        await world.deploy(model);
        await checkMesh(world, model, clean, given, `TM_SEED=${own} first deploy`);
        for (let number = 1; number <= length; number += 1) {
          const before = model;
          const [step, after] = nextStep(model, random, steps);
          steps.push(step);
          const when = `TM_SEED=${own} step ${number}, ${JSON.stringify(step)}`;
          const started = Date.now();
          await world.take(step, before, after).catch((error: unknown) => {
            // At once: the report of a run of fifty comes hours later, or never.
            process.stdout.write(`${when} failed: ${error instanceof Error ? error.stack : String(error)}\n`);
            throw new Error(`${when} after ${JSON.stringify(steps)}`, { cause: error });
          });
          model = after;
          const taken = Date.now();
          await checkMesh(world, model, clean, given, when);
          process.stdout.write(`${when}: ${taken - started} ms, checked in ${Date.now() - taken} ms\n`);
        }
        await world.destroy(model);
        for (const place of places)
          expect(traces(world, place), `TM_SEED=${own}: left on ${place}`).toBe(clean.get(place));
      },
    );
  });
}
