// The scripts of an upgrade and its way back, run for real in a mount namespace with an /opt and /etc of its own, killed or in full.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { packRelease } from "../../../../cli/engine/install/archive.ts";
import {
  endRollbackScript,
  endUpgradeScript,
  forgetKeptScript,
  keepScript,
  rollbackScript,
} from "../../../../cli/engine/install/rollback-scripts.ts";
import { pruneScript, switchScript, unpackScript } from "../../../../cli/engine/install/scripts.ts";
import { quote } from "../../../../cli/engine/ssh/quote.ts";
import { hostPaths } from "../../../../protocol/host/paths.ts";

const mesh = "demo-main";
const paths = hostPaths(mesh);
const folder = mkdtempSync(path.join(tmpdir(), "tm-rollback-"));
const stubs = path.join(folder, "bin");
mkdirSync(stubs);
writeFileSync(path.join(stubs, "systemctl"), '#!/bin/sh\necho "systemctl $*" >> /opt/calls\n', { mode: 0o755 });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const names = { one: `1.0.0-${"1".repeat(16)}`, two: `2.0.0-${"2".repeat(16)}`, three: `3.0.0-${"3".repeat(16)}` };
/** A host with release one and two on its disk, and one in use. */
const host = `
mount -t tmpfs -o size=16m t /opt; mount -t tmpfs t /etc
mkdir -p ${paths.releases} /opt/tunnelmesh/${mesh} ${paths.configuration} /etc/systemd/system
for name in ${Object.values(names).join(" ")}; do mkdir ${paths.releases}/$name; echo {} > ${paths.releases}/$name/release.json; done
echo agent-of-one > ${paths.agentConfiguration}; echo record-of-one > ${paths.installRecord}; echo log > ${paths.meshFile}
`;
const configure = (text: string) => `echo agent-of-${text} > ${paths.agentConfiguration}\n`;
const show = `
for link in current previous previous.before; do echo "$link $(basename "$(readlink /opt/tunnelmesh/${mesh}/$link)" | cut -c1-5)"; done
echo "agent $(cat ${paths.agentConfiguration})"; echo "kept $(cat ${paths.keptConfiguration}/agent.json 2>/dev/null)"
echo "releases $(ls ${paths.releases} | cut -c1-5 | tr '\\n' ' ')"
`;

/** Runs scripts one after the other as a host would, and gives what `show` says at the end by its first word. */
function run(...scripts: readonly string[]): Record<string, string> {
  const text = [host, ...scripts.map((script) => `sh -c ${quote(script)} || echo "failed $?"`), show].join("\n");
  const output = execFileSync("unshare", ["--mount", "--propagation", "private", "sh", "-c", text], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${stubs}:${process.env["PATH"] ?? ""}` },
  });
  const lines = output.trim().split("\n");
  return Object.fromEntries(lines.map((line) => [line.split(" ")[0] ?? "", line.split(" ").slice(1).join(" ").trim()]));
}

const first = switchScript(mesh, names.one);
const begin = (name: string, text: string) => [keepScript(mesh, name), configure(text), switchScript(mesh, name)];
const end = `${endUpgradeScript(mesh)}\n${pruneScript()}`;
const endBack = `${endRollbackScript(mesh)}\n${pruneScript()}`;

describe("an upgrade", () => {
  it("keeps one release back with what it started from, and removes what nobody could go back to", () => {
    expect(run(first, ...begin(names.two, "two"), end)).toMatchObject({
      current: "2.0.0",
      previous: "1.0.0",
      "previous.before": "",
      agent: "agent-of-two",
      kept: "agent-of-one",
      releases: "1.0.0 2.0.0",
    });
  });

  it("that was killed anywhere and is run again keeps what the release before started from", () => {
    for (let done = 0; done <= 3; done += 1) {
      const killed = begin(names.two, "two").slice(0, done);
      const result = run(first, ...killed, ...begin(names.two, "two"), end);
      expect(result, `killed after ${done}`).toMatchObject({
        current: "2.0.0",
        previous: "1.0.0",
        kept: "agent-of-one",
      });
    }
  });
});

describe("the way back", () => {
  it("of an upgrade that was not healthy leaves the host as it was before, with what it could go back to", () => {
    const upgraded = [
      first,
      ...begin(names.two, "two"),
      end,
      `mkdir -p ${paths.releases}/${names.three}`,
      `echo {} > ${paths.releases}/${names.three}/release.json`,
    ];
    const before = run(...upgraded, pruneScript());
    const after = run(...upgraded, ...begin(names.three, "three"), rollbackScript(mesh), endBack);
    expect(after).toEqual(before);
    expect(after).toMatchObject({ current: "2.0.0", previous: "1.0.0", agent: "agent-of-two", kept: "agent-of-one" });
  });

  it("that is asked for goes one release back, also when it is killed and run again, and there is no other", () => {
    for (const back of [[rollbackScript(mesh)], [rollbackScript(mesh), rollbackScript(mesh)]]) {
      const result = run(first, ...begin(names.two, "two"), end, ...back, endBack);
      expect(result).toMatchObject({
        current: "1.0.0",
        previous: "",
        agent: "agent-of-one",
        kept: "",
        releases: "1.0.0",
      });
    }
    expect(run(first, rollbackScript(mesh))).toMatchObject({ current: "1.0.0", failed: "3" });
  });

  it("leaves a file that was changed since for another reason as it is", () => {
    const changed = [configure("new-key"), forgetKeptScript(mesh, paths.agentConfiguration)];
    const result = run(first, ...begin(names.two, "two"), end, ...changed, rollbackScript(mesh), endBack);
    expect(result).toMatchObject({ current: "1.0.0", agent: "agent-of-new-key" });
  });

  it("keeps a release that another mesh of the host uses", () => {
    const other = `mkdir -p /opt/tunnelmesh/other-main; ln -s ../releases/${names.three} /opt/tunnelmesh/other-main/current`;
    expect(run(first, other, ...begin(names.two, "two"), end)).toMatchObject({ releases: "1.0.0 2.0.0 3.0.0" });
  });
});

it("an upload that does not fit says so and leaves nothing", async () => {
  const release = path.join(folder, "release");
  mkdirSync(release);
  const hash = "d".repeat(64);
  writeFileSync(path.join(release, "node"), Buffer.alloc(24 * 1024 * 1024, "x"));
  writeFileSync(path.join(release, "release.json"), `{"hash":"${hash}"}`);
  const { file } = await packRelease({ version: "4.0.0", hash, architecture: "x64", folder: release });
  const unpack = unpackScript(mesh, `4.0.0-${"d".repeat(16)}`, hash);
  const said = "2>&1 | grep -o 'No space left on device' | head -n 1 | sed 's/^/said /'";
  const result = run(first, `sh -c ${quote(unpack)} < ${file} ${said}`);
  expect(result).toMatchObject({ said: "No space left on device", current: "1.0.0", releases: "1.0.0 2.0.0 3.0.0" });
});
