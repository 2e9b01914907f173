// The package as a user gets it: packed by npm from this checkout, and installed by npm into folders of its own.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for one test file, with a space in its name as people have. */
export function makeFolder(): string {
  const folder = path.join(mkdtempSync(path.join(tmpdir(), "tm-package-")), "with a space");
  mkdirSync(folder);
  return folder;
}

/** As a user's shell is: without what npm and ./tm set for this run. */
export function userEnvironment(): NodeJS.ProcessEnv {
  const own =
    /^(TM_|TUNNELMESH_|NO_COLOR$|CI$|DEBUG$|NODE_|VITEST|INIT_CWD$|npm_(command|lifecycle|package|node|execpath|config_(prefix|global|local)))/;
  const kept = Object.entries(process.env).filter(([name]) => !own.test(name));
  return { ...Object.fromEntries(kept), PATH: `${path.dirname(process.execPath)}:${process.env["PATH"] ?? ""}` };
}

export function run(program: string, parameters: readonly string[], cwd: string, env = userEnvironment()): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, { cwd, env, encoding: "utf8" });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** What a program printed. @throws Error when it failed */
export function must(program: string, parameters: readonly string[], cwd: string): string {
  const outcome = run(program, parameters, cwd);
  if (outcome.status === 0) return outcome.stdout;
  throw new Error(
    `${program} ${parameters.join(" ")} in ${cwd} ended with ${outcome.status}:\n${outcome.stdout}${outcome.stderr}`,
  );
}

/** Packs this checkout with a plain `npm pack` and gives the path of the tarball in `folder`. */
export function pack(folder: string): string {
  const said = must("npm", ["pack", "--silent", "--pack-destination", folder], root);
  return path.join(folder, said.trim().split("\n").at(-1) ?? "");
}

/** Installs `what` as a user whose npm runs no install scripts. */
export function install(what: string, folder: string, ...parameters: string[]): void {
  must("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...parameters, what], folder);
}

/** Makes an empty folder below `parent`. */
export function emptyFolder(parent: string, name: string): string {
  const folder = path.join(parent, name);
  mkdirSync(folder);
  return folder;
}

export const officeStack = `import { defineStack, LocalHost, Mesh, tcp } from "tunnelmesh";
import { names } from "./names";

export default defineStack("office", () => {
  const mesh = new Mesh({ admins: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEoaZFvgKyZg75GHxXua5ltzphNtNzfgm/uNjt39e99 alice"] });
  const hub = mesh.coordinator("hub", new LocalHost());
  for (const name of names) mesh.allow(mesh.node(name, new LocalHost()), hub, tcp(22, "8000-8080"));
  return { mesh };
});
`;

/** A stack with a droplet and a resource of its own. */
export const cloudStack = `import { defineStack, Droplet, Mesh } from "tunnelmesh";
import { terraform } from "tunnelmesh/terraform";

export default defineStack("cloud", () => {
  const mesh = new Mesh({ admins: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEoaZFvgKyZg75GHxXua5ltzphNtNzfgm/uNjt39e99 alice"] });
  mesh.coordinator("hub", new Droplet({ region: "fra1", size: "s-1vcpu-1gb", ssh: ["203.0.113.7/32"] }));
  terraform(mesh, (stack) => stack.addOverride("terraform.required_version", ">= 1.9"));
  return { mesh };
});
`;

/** Writes a stack of three members, in two files. */
export function writeStack(folder: string, stack = officeStack): void {
  writeFileSync(path.join(folder, "stack.ts"), stack);
  writeFileSync(path.join(folder, "names.ts"), 'export const names: readonly string[] = ["laptop", "nas"];\n');
}

/** Type-checks stack.ts as strictly as the compiler can; gives what it has to say. */
export function typeCheck(folder: string): string {
  const compiler = path.join(root, "node_modules/.bin/tsc");
  const strict = [
    "--strict",
    "--noUncheckedIndexedAccess",
    "--exactOptionalPropertyTypes",
    "--noEmit",
    "--ignoreConfig",
  ];
  const parameters = [...strict, "--module", "preserve", "--target", "es2022", "--types", "", "stack.ts"];
  return run(compiler, parameters, folder).stdout;
}
