// Follows docs/guide.md: writes its stacks, runs its commands on three hosts, and finds what it shows. TM_GUIDE_WRITE=1 writes that anew.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLocalHosts } from "../../cli/engine/local/hosts.ts";
import { codeBlocks, readPage } from "../docs/pages.ts";
import { root } from "./project.ts";

const page = "docs/guide.md";
const network = `guide-${process.pid}`;
/** Where the page says that its machines are. */
const shown = { hub: "203.0.113.7", nas: "192.168.1.20", desk: "192.168.1.30" };

const folder = mkdtempSync(path.join(tmpdir(), "tm-guide-"));
const home = path.join(folder, "alice");
const ssh = path.join(home, ".ssh");
const hosts = createLocalHosts({ hide: [root] });
const places = new Map<string, string>();
let project = home;

beforeAll(async () => {
  mkdirSync(ssh, { recursive: true, mode: 0o700 });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "alice", "-f", path.join(ssh, "id_ed25519")]);
  const specs = Object.keys(shown).map((name) => ({ name, nat: "none", internet: false }) as const);
  const authorizedKeys = [readFileSync(path.join(ssh, "id_ed25519.pub"), "utf8")];
  const made = await hosts.up(network, specs, { authorizedKeys });
  for (const { name, address } of made) places.set(address, shown[name as keyof typeof shown]);
  const entries = made.map(({ name, address }) => `Host ${name}\n  HostName ${address}\n  User root\n`);
  writeFileSync(path.join(ssh, "config"), entries.join(""));
  const keys = made.map(({ address, hostKey }) => `${address} ${hostKey}\n`);
  writeFileSync(path.join(ssh, "known_hosts"), keys.join(""));
});
afterAll(async () => {
  await hosts.remove(network);
  rmSync(folder, { recursive: true, force: true });
});

it("leads where it says, with the words that it shows", () => {
  const text = readPage(page);
  let written = "";
  let rest = text;
  for (const { language, text: block } of codeBlocks(text)) {
    if (language === "ts") writeFileSync(path.join(project, "stack.ts"), block);
    if (language !== "console") continue;
    const real = block
      .split("\n")
      .filter((line) => line.startsWith("$ "))
      .map((line) => `${line}\n${follow(line.slice(2))}`)
      .join("");
    const [before, ...after] = rest.split(`\`\`\`console\n${block}`);
    written += `${before}\`\`\`console\n${real}`;
    rest = after.join(`\`\`\`console\n${block}`);
    if (process.env["TM_GUIDE_WRITE"] !== "1") expect(settle(block), block).toBe(settle(real));
  }
  if (process.env["TM_GUIDE_WRITE"] === "1") writeFileSync(path.join(root, page), written + rest);
});

/** Runs one command as alice and gives what it prints, with the page's addresses in place of the real ones. */
function follow(command: string): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(process.env["HOME"] ?? "/root", ".cache");
  const { SSH_AUTH_SOCK: _, ...others } = process.env;
  const result = spawnSync("bash", ["-c", `tm() { sh '${path.join(root, "tm")}' "$@"; }\n${command}`], {
    cwd: project,
    encoding: "utf8",
    timeout: 120_000,
    env: { ...others, HOME: home, USER: "alice", XDG_CACHE_HOME: cache, NO_COLOR: "1", TM_STAGE: "main" },
  });
  expect(result.status, `${command}\n${result.stdout}${result.stderr}`).toBe(0);
  if (command.startsWith("tm init ")) project = path.join(home, command.split(" ")[2] ?? "");
  const told = [...places].reduce((said, [address, place]) => said.replaceAll(address, place), result.stdout);
  return (
    told
      .replaceAll(/tmj1_[\w-]+/g, "tmj1_…")
      .replaceAll(root, "…/tunnelmesh")
      // A clone's own step, where it has not been built; whoever follows the page has the package.
      .replaceAll(/^ *\(cd …\/tunnelmesh && npm run build\).*\n/gm, "")
      .replaceAll(/ +$/gm, "")
  );
}

/** What differs from run to run is made equal: keys, ids, times, paths that are still being chosen, widths, and which host speaks first. */
function settle(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{12,}\b/g, "ID")
    .replaceAll(/-[0-9a-f]{7,}\b/g, "-ID")
    .replaceAll(/SHA256:[\w+/]+/g, "SHA256")
    .replaceAll(/ssh-\S+ AAAA\S+/g, "KEY")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, "TIME")
    .replaceAll(/\b\d{8}T\d{6}Z/g, "TIME")
    .replaceAll(/\d+(\.\d+)? ms/g, "MS")
    .replaceAll(/[\w-]+ (direct MS|relay( MS)?|none)\b/g, "PEER")
    .replaceAll(/ +/g, " ")
    .replaceAll(/(?:^[\w-]+: .*\n)+/gm, (said) => said.split("\n").toSorted().join("\n"));
}
