// Secrets of a run: one question for all who want the same, in turn, and none after three wrong answers.
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { type AskSecret, trySecret } from "../../../../cli/engine/ssh/secrets.ts";

/** Tries as a host would until it is in or nobody is asked any more. */
async function enter(ask: AskSecret, key: string, right: string): Promise<boolean> {
  for (;;) {
    const attempt = await trySecret(ask, key, `${key}? `);
    if (attempt === undefined) return false;
    await new Promise((resolve) => setTimeout(resolve, 1));
    attempt.settle(attempt.secret === right);
    if (attempt.secret === right) return true;
  }
}

it("asks once for hosts that want the same, and for each of those that do not", async () => {
  const ask = vi.fn(async (question: string) => (question.startsWith("a") ? "1" : "2"));
  expect(await Promise.all([..."aaabbb"].map((key) => enter(ask, key, key === "a" ? "1" : "2")))).toEqual(
    Array.from({ length: 6 }, () => true),
  );
  expect(ask).toHaveBeenCalledTimes(2);
});

it("never asks more than three times for one thing, in any order of answers and hosts", async () => {
  const property = fc.asyncProperty(
    fc.array(fc.boolean(), { maxLength: 8 }),
    fc.integer({ min: 1, max: 6 }),
    async (answers, hosts) => {
      const left = [...answers];
      const ask = vi.fn(async () => (left.shift() === true ? "right" : "wrong"));
      const found = await Promise.all(Array.from({ length: hosts }, () => enter(ask, "key", "right")));
      const good = [...answers, false, false, false].slice(0, 3).includes(true);
      expect(found).toEqual(found.map(() => good));
      expect(ask.mock.calls.length).toBeLessThanOrEqual(3);
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

it("lets the next one ask when the first goes away, or its question fails", async () => {
  const answers = [Promise.reject(new Error("stopped")), Promise.resolve("x"), Promise.resolve("y")];
  const refused = expect(answers[0]).rejects.toThrow("stopped");
  const ask = vi.fn(() => answers.shift() ?? Promise.resolve("z"));
  await expect(trySecret(ask, "key", "?")).rejects.toThrow("stopped");
  (await trySecret(ask, "key", "?"))?.settle(undefined);
  expect((await trySecret(ask, "key", "?"))?.secret).toBe("y");
  await refused;
});

it("forgets an answer that was right and is not any more, and keeps runs apart", async () => {
  const first = vi.fn(async () => `answer ${first.mock.calls.length}`);
  (await trySecret(first, "key", "?"))?.settle(true);
  const again = await trySecret(first, "key", "?");
  expect(again?.secret).toBe("answer 1");
  again?.settle(false);
  expect((await trySecret(first, "key", "?"))?.secret).toBe("answer 2");
  const second = vi.fn(async () => "other");
  expect((await trySecret(second, "key", "?"))?.secret).toBe("other");
});
