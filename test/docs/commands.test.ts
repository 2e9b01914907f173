// Every tm command line in the documents is one that this tm understands: command, flags, arguments.
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../cli/commands/index.ts";
import { globalFlags } from "../../cli/frame/base.ts";
import { readPage, root, tmLines, writtenPages } from "./pages.ts";

interface Flag {
  readonly type?: string;
  readonly options?: readonly string[];
}
interface Command {
  readonly args?: Readonly<Record<string, { readonly required?: boolean; readonly multiple?: boolean }>>;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly strict?: boolean;
}

const known = commands as unknown as Readonly<Record<string, Command>>;
const everywhere: Readonly<Record<string, Flag>> = {
  ...(globalFlags as unknown as Readonly<Record<string, Flag>>),
  json: { type: "boolean" },
};

/** What is wrong with a command line; nothing when it would be understood. */
function faultOf(line: string): string | undefined {
  const [, ...all] = (line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, "$2"));
  const passedOn = all.indexOf("--");
  const words = passedOn < 0 ? all : all.slice(0, passedOn);
  const redirected = words.findIndex((word) => /^[<>]/.test(word));
  const own = redirected < 0 ? words : words.slice(0, redirected);
  if (own.length === 0 || own[0] === "COMMAND" || own.every((word) => ["--help", "--version", "help"].includes(word)))
    return undefined;
  const id = [`${own[0]}:${own[1]}`, `${own[0]}`].find((name) => known[name] !== undefined);
  const command = id === undefined ? undefined : known[id];
  if (id === undefined || command === undefined) return `there is no command ${own[0]}`;
  const flags: Readonly<Record<string, Flag>> = { ...everywhere, ...command.flags };
  const given: string[] = [];
  const rest = own.slice(id.split(":").length);
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? "";
    if (!word.startsWith("-")) given.push(word);
    if (!word.startsWith("--")) continue;
    const [name = "", value] = word.slice(2).split("=");
    const flag = flags[name];
    if (flag === undefined) return `${id} has no flag ${word}`;
    if (flag.type === "boolean") continue;
    const said = value ?? rest[++at] ?? "";
    if (said !== "" && flag.options !== undefined && !said.split("|").every((one) => flag.options?.includes(one)))
      return `${word} does not take ${said}`;
  }
  const parameters = Object.values(command.args ?? {});
  if (given.length > parameters.length && command.strict !== false && !parameters.some(({ multiple }) => multiple))
    return `${id} takes no argument ${given.at(-1)}`;
  // A bare name of a command in running text ("tm ssh") is no command line to type.
  const missing = parameters.filter(({ required }) => required).length > given.length;
  return missing && rest.length > 0 ? `${id} needs an argument more` : undefined;
}

describe.each(writtenPages())("%s", (page) => {
  it("names only commands and flags that exist", () => {
    const faults = tmLines(readPage(page)).flatMap((line) => {
      const fault = faultOf(line);
      return fault === undefined ? [] : [`${line}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  it("links only to files that are there", () => {
    const links = [...readPage(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? "",
    );
    const folder = path.dirname(path.join(root, page));
    expect(links.filter((link) => !existsSync(path.join(folder, link)))).toEqual([]);
  });
});

describe("the check itself", () => {
  it.each([
    "tm deplo",
    "tm status --everything",
    "tm ping --from desk",
    "tm destroy office extra",
    "tm inventory --format yaml",
    "tm token make",
  ])("finds fault with %s", (line) => {
    expect(faultOf(line)).toBeDefined();
  });

  it.each(["tm", "tm token create --uses 2 --group a --group b", "tm exec nas -- ls -la --colour", "tm local rm"])(
    "takes %s",
    (line) => {
      expect(faultOf(line)).toBeUndefined();
    },
  );
});
