// The program ssh and our own reader give the same of every configuration in the corpus.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { corpus } from "./corpus.ts";
import { runAtHome } from "./own-home.ts";

let home: string;
const found = new Map<string, { withProgram: object; without: object }>();
beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), "tm-ssh-home-"));
  const said = await runAtHome(home, [path.join(import.meta.dirname, "compare.ts")], {
    MY_AGENT: "/run/mine",
    SSH_AUTH_SOCK: "/run/theirs",
  });
  for (const { name, ...both } of JSON.parse(said) as { name: string; withProgram: object; without: object }[]) {
    found.set(name, both);
  }
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

it.each(corpus.map(({ name }) => name))("reads the same with ssh -G and without: %s", (name) => {
  const both = found.get(name);
  expect(both?.without).toEqual(both?.withProgram);
});
