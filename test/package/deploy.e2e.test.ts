// From the tarball to a mesh: install it, tm init, two local hosts, deploy; the programs of hosts are those of the package.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { emptyFolder, install, makeFolder, must, pack, root, run, userEnvironment } from "./package.ts";

const folder = makeFolder();
const tools = emptyFolder(folder, "tools");
const project = path.join(folder, `pack${process.pid}`);
const tm = path.join(tools, "node_modules/.bin/tm");
// Local hosts see no file of this machine's home; the key is one of the project's own.
const environment = {
  ...userEnvironment(),
  HOME: emptyFolder(folder, "home"),
  XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? path.join(process.env["HOME"] ?? "/root", ".cache"),
};

afterAll(() => {
  run(tm, ["destroy", "--yes"], project, environment);
  run(tm, ["local", "rm", "--network", `pack${process.pid}-main`, "--yes"], project, environment);
  rmSync(path.dirname(folder), { recursive: true, force: true });
});

it("deploys a mesh from what npm installed, in a project that tm init made", () => {
  install(pack(folder), tools);
  must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "admin@test", "-f", "id_ed25519"], folder);
  must("mkdir", ["-p", path.join(folder, "home/.ssh")], folder);
  for (const name of ["id_ed25519", "id_ed25519.pub"]) must("mv", [name, path.join(folder, "home/.ssh", name)], folder);

  const made = run(tm, ["init", path.basename(project)], folder, environment);
  expect(made).toMatchObject({ status: 0, stderr: "" });
  const stack = path.join(project, "stack.ts");
  const text = readFileSync(stack, "utf8")
    .replace(/new SshHost\([^)]*\)/g, "new LocalHost()")
    .replace("SshHost", "LocalHost");
  writeFileSync(stack, text);

  // The tarball that tm came from is what the project names, and gives its types.
  must("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], project);
  expect(run(path.join(root, "node_modules/.bin/tsc"), ["-p", "."], project)).toMatchObject({ status: 0, stdout: "" });

  const deploy = run(tm, ["deploy", "--yes", "--json"], project, environment);
  expect(deploy.status, deploy.stderr).toBe(0);
  const ping = run(tm, ["ping", "laptop", "--json"], project, environment);
  expect(JSON.parse(ping.stdout).roundTrips.every((time: number | null) => time !== null)).toBe(true);
  expect(run(tm, ["plan", "--detailed-exitcode"], project, environment).status).toBe(0);
});
