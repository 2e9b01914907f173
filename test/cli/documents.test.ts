// docs/cli.md says what the commands say.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../cli/commands/index.ts";
import { renderCommands } from "../../docs/cli.ts";
import { root } from "./run-tm.ts";

describe("docs/cli.md", () => {
  it("is what the commands say (./tm @docs/cli.ts writes it)", () => {
    expect(readFileSync(path.join(root, "docs/cli.md"), "utf8")).toBe(renderCommands());
  });

  it("has a section for each command that is shown", () => {
    const shown = Object.entries(commands).filter(([, command]) => !command.hidden);
    for (const [id] of shown)
      expect(renderCommands()).toMatch(new RegExp(`^## tm ${id.replaceAll(":", " ")}( |$)`, "m"));
  });
});

interface Switch {
  readonly type?: string;
  readonly default?: unknown;
  readonly allowNo?: boolean;
}

describe("commands", () => {
  it.each(Object.entries(commands))(
    "%s has a summary that is a sentence, and so has each of its flags",
    (_, command) => {
      expect(command.summary).toMatch(/^[A-Z].*\.$/);
      for (const flag of Object.values(command.flags ?? {}))
        expect((flag as { summary?: string }).summary).toMatch(/\.$/);
    },
  );

  it.each(Object.entries(commands))("%s gives false, not undefined, for a switch that was left out", (_, command) => {
    const flags = Object.values({ ...command.baseFlags, ...command.flags }) as Switch[];
    // One with a --no- form has three answers: yes, no, and as it fits.
    const switches = flags.filter((flag) => flag.type === "boolean" && flag.allowNo !== true);
    expect(switches.length).toBeGreaterThan(0);
    expect(switches.map((flag) => flag.default)).toEqual(switches.map(() => false));
  });
});
