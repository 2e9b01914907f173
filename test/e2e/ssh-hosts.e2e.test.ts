// A stack of servers that exist, each reached as its owner reaches it with ssh: address, jump, passphrase, sudo, agent.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, talkOnTerminal } from "../cli/terminal-talk.ts";
import { root } from "./project.ts";
import {
  makeServers,
  passphrase,
  type ServerName,
  type Servers,
  serverNames,
  strangers,
  sudoPassword,
} from "./servers.ts";

let servers: Servers;
let folder = "";
const before = new Map<ServerName, string>();

const tmCommand = `'${process.execPath}' --conditions=tunnelmesh-source '${path.join(root, "cli/bin.ts")}'`;
const secrets: readonly Answer[] = [
  { question: /Passphrase for \S+: /, type: `${passphrase}\n` },
  { question: /Password of keeper on office, for sudo: /, type: `${sudoPassword}\n` },
];
const each = secrets.map(({ question }) => question);

/** Runs tm on a terminal in the project, as the person at home there. */
const tm = (line: string, answers: readonly Answer[] = []) =>
  talkOnTerminal(`${tmCommand} ${line}`, {
    cwd: folder,
    env: servers.env,
    answers: [...secrets, ...answers],
    timeout: 45_000,
  });

/** How often each secret was asked for. */
const timesAsked = (asked: readonly string[]) =>
  each.map((question) => asked.filter((text) => question.test(text)).length);

beforeAll(async () => {
  servers = await makeServers("ways");
  folder = path.join(servers.home, "office");
  mkdirSync(path.join(folder, "keys"), { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }\n');
  writeFileSync(path.join(folder, "keys/me.pub"), readFileSync(path.join(servers.home, ".ssh/id_ed25519.pub")));
  writeFileSync(
    path.join(folder, "stack.ts"),
    `import { defineStack, icmp, Mesh, SshHost } from "tunnelmesh";
export default defineStack(${JSON.stringify(servers.network)}, () => {
  const mesh = new Mesh({ admins: ["./keys/me.pub"] });
  const all = mesh.group("all");
  mesh.coordinator("hub", new SshHost("root@${servers.addresses.hub}"), { groups: [all] });
  for (const name of ["inner", "locked", "office", "vault"]) mesh.node(name, new SshHost(name), { groups: [all] });
  mesh.allow(all, all, icmp);
  return { mesh };
});
`,
  );
  for (const name of serverNames) before.set(name, servers.look(name));
});
afterAll(() => servers?.close());

describe("a stack of servers that exist", () => {
  it("answers only where its owner says", () => {
    const direct = `ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=2 root@${servers.addresses.inner} true`;
    expect(servers.on("vault", direct).stderr).toContain("timed out");
  });

  it("is deployed on a terminal that asks for each secret once", async () => {
    const { code, screen, asked } = await tm("deploy", [
      { question: /Is this the right key\? \(y\/N\) /, type: "y\n" },
      { question: /Deploy \d+ changes to stage main\? \(y\/N\) /, type: "y\n" },
    ]);
    expect(code, screen).toBe(0);
    expect(timesAsked(asked), asked.join("\n")).toEqual([1, 1]);
    expect(asked.filter((text) => text.startsWith("Is this the right key"))).toHaveLength(strangers.length);
    for (const name of strangers) expect(screen).toContain(`The host ${name} (`);
    expect(screen).not.toContain(passphrase);
    expect(screen).not.toContain(sudoPassword);
    for (const name of serverNames) expect(screen).toMatch(new RegExp(`^${name} .* installed `, "m"));
  });

  it("is a mesh where everybody reaches everybody by name", async () => {
    const names = serverNames.join(" ");
    const { code, screen } = await tm(
      `exec --group all -- 'for n in ${names}; do ping -c 1 -W 5 $n.mesh >/dev/null && echo "$n answers"; done'`,
    );
    expect(code, screen).toBe(0);
    for (const to of serverNames) {
      expect(screen.split("\n").filter((line) => line.endsWith(`${to} answers`)).length, `${to}\n${screen}`).toBe(5);
    }
  });

  it("is left alone by a second deploy, which asks for no consent and knows every host", async () => {
    const { code, screen, asked } = await tm("deploy");
    expect(code, screen).toBe(0);
    expect(timesAsked(asked)).toEqual([1, 1]);
    for (const name of serverNames) expect(screen).toMatch(new RegExp(`^${name} .* unchanged `, "m"));
  });

  it("is not reached at all where nobody can be asked, except by what needs no answer", async () => {
    const { code, screen, asked } = await tm("status --no-input");
    expect(asked).toEqual([]);
    expect(code, screen).not.toBe(0);
    for (const name of ["hub", "inner", "vault"]) expect(screen).toMatch(new RegExp(`${name} .* up `));
    expect(screen).toContain("TM_SSH_AUTH");
    expect(screen).toContain("TM_SSH_SUDO_PASSWORD");
  });

  it("is destroyed, and its servers are as they were", async () => {
    const { code, screen } = await tm("destroy", [{ question: /Destroy mesh .*\? \(y\/N\) /, type: "y\n" }]);
    expect(code, screen).toBe(0);
    for (const name of serverNames) expect(servers.look(name), name).toBe(before.get(name));
  });
});
