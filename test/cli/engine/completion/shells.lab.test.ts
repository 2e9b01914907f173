// Completion in the real shells: bash, zsh and fish are asked what they would offer.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, runTm } from "../../run-tm.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tm-completion-"));
const grant = (nid: string, name: string, groups: string[]) =>
  `${JSON.stringify({ body: JSON.stringify({ nid, name, groups }), sigs: ["x"] })}\n`;

beforeAll(async () => {
  const files = {
    "project/stack.ts": "",
    "project/stacks/office.ts": "",
    "project/mesh/main.jsonl": `${grant("01", "nas", ["storage"])}${grant("02", "laptop", ["people"])}torn {"body`,
    "project/keys/alice.pub": "",
    // A completion script calls tm as the user typed it.
    "bin/tm": `#!/bin/sh\nexec '${process.execPath}' --conditions=tunnelmesh-source '${root}/cli/bin.ts' "$@"\n`,
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  chmodSync(path.join(folder, "bin/tm"), 0o755);
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, stdout, stderr } = await runTm(["completion", shell]);
    expect(code, stderr).toBe(0);
    writeFileSync(path.join(folder, `tm.${shell}`), stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function shell(program: string, parameters: string[], script: string): string[] {
  const environment = { ...process.env, PATH: `${folder}/bin:${process.env["PATH"]}`, HOME: folder, TERM: "xterm" };
  const options = { cwd: path.join(folder, "project"), env: environment, encoding: "utf8", timeout: 30_000 } as const;
  const { status, stdout, stderr } = spawnSync(program, [...parameters, script], options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .toSorted();
}

/** Splits as readline does: at spaces, and around "=". */
function inBash(line: string): string[] {
  const words = line.split(" ").flatMap((word) => (/^--[^=]+=/.test(word) ? word.split(/(=)/) : [word]));
  const script = `source '${folder}/tm.bash'; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _tm; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return shell("bash", ["--norc", "-c"], script);
}

function inFish(line: string): string[] {
  const offered = shell("fish", ["--no-config", "-c"], `source '${folder}/tm.fish'; complete -C '${line}'`);
  return offered.map((entry) => entry.split("\t")[0] ?? "");
}

/** zsh completes on a terminal alone: it gets one of its own, and a widget that prints the line after the key was pressed. */
function inZsh(line: string): string[] {
  const setup = `PROMPT=; zmodload zsh/complist; autoload -U compinit; compinit -u -d '${folder}/dump'; source '${folder}/tm.zsh'; setopt no_beep; zstyle ":completion:*" menu yes select=0; show() { print -r -- "<<$BUFFER>>" }; zle -N show; bindkey "^X" show; bindkey "^I" complete-word; print ready`;
  writeFileSync(path.join(folder, "setup.zsh"), setup);
  const script = `zmodload zsh/zpty; zpty tty zsh -f -i; zpty -w tty "source ${folder}/setup.zsh"; zpty -r tty seen '*ready*'; sleep 0.2; zpty -w -n tty $'${line}\\t\\x18'; zpty -r tty seen '*<<*>>*'; zpty -d tty; print -r -- "\${\${seen##*<<}%%>>*}"`;
  return shell("zsh", ["-f", "-c"], script).map((text) => text.trim());
}

const cases: readonly (readonly [line: string, offered: string[]])[] = [
  ["tm dep", ["deploy"]],
  ["tm local l", ["list"]],
  ["tm ping n", ["nas"]],
  ["tm ping nas --from l", ["laptop"]],
  ["tm exec --group s", ["storage"]],
  ["tm inventory --format a", ["ansible"]],
  ["tm plan --det", ["--detailed-exitcode"]],
  ["tm completion z", ["zsh"]],
  ["tm ssh --stage prod l", ["laptop"]],
];

describe("bash", () => {
  it.each(cases)("%s", (line, offered) => expect(inBash(line)).toEqual(offered.toSorted()));

  it("offers all there is where nothing is typed yet", () => {
    expect(inBash("tm ssh ")).toEqual(["laptop", "nas"]);
    expect(inBash("tm ping --from=")).toEqual(["laptop", "nas"]);
    expect(inBash("tm local ")).toEqual(["list", "rm", "up"]);
    expect(inBash("tm ")).toEqual(expect.arrayContaining(["add-node", "deploy", "init", "local", "status"]));
  });

  it("offers stacks by name, folders and files", () => {
    expect(inBash("tm deploy off")).toEqual(["office"]);
    expect(inBash("tm init ke")).toEqual(["keys"]);
    expect(inBash("tm deploy --admin-key keys/al")).toEqual(["keys/alice.pub"]);
  });

  it("leaves what stands after -- alone", () => expect(inBash("tm exec nas -- l")).toEqual([]));
});

describe("fish", () => {
  it.each(cases)("%s", (line, offered) => expect(inFish(line)).toEqual(offered.toSorted()));

  it("offers all there is where nothing is typed yet", () => {
    expect(inFish("tm ssh ")).toEqual(["laptop", "nas"]);
    expect(inFish("tm local ")).toEqual(["list", "rm", "up"]);
    expect(inFish("tm ")).toEqual(expect.arrayContaining(["add-node", "deploy", "init", "local", "status"]));
  });
});

describe("zsh", () => {
  it.each(cases)("%s", (line, [word]) => {
    const typed = line.split(" ").slice(0, -1).join(" ");
    expect(inZsh(line)).toEqual([`${typed} ${word}`]);
  });
});
