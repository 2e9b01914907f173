// The parts of joining that need no machine: what is read from it, what is planned, and how the agent's answers are told.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseReply } from "../../../../cli/engine/join/agent-join.ts";
import { findMachineKey } from "../../../../cli/engine/join/host-key.ts";
import { parseMap, planAfterJoin, planBeforeJoin } from "../../../../cli/engine/join/installation.ts";
import { refuseOtherMesh } from "../../../../cli/engine/join/join.ts";
import { pickMesh } from "../../../../cli/engine/join/leave.ts";
import { freeInterface, parseMeshes } from "../../../../cli/engine/join/meshes-here.ts";
import { readToken } from "../../../../cli/engine/join/token.ts";
import { factsAfter, freshFacts, nodeSpec, release } from "../install/host.ts";

const agent = nodeSpec.agent!;
const joining = { range: "100.64.0.0/10", release, agent };
const encoded = Buffer.from(JSON.stringify(agent)).toString("base64");

describe("the install around a join", () => {
  it("brings release, configuration and unit first, and starts nothing", () => {
    const { steps } = planBeforeJoin(freshFacts, joining);
    expect(steps.map(({ id }) => id)).toEqual(["prepare", "upload", "agent", "agentUnit", "switch", "reload"]);
  });

  it("starts the agent afterwards, with the secret that the join has brought, and then has nothing to do", () => {
    const first = factsAfter(freshFacts, planBeforeJoin(freshFacts, joining));
    const joined = { ...first, hasNetworkSecret: true, digests: { ...first.digests, secret: "d".repeat(64) } };
    const rest = planAfterJoin(joined, joining, "genesis\n");
    expect(rest.steps.map(({ id }) => id)).toEqual(["meshFile", "start-agent", "health-agent", "record"]);
    expect(planAfterJoin(factsAfter(joined, rest), joining, "genesis\n").changes).toBe(false);
  });

  it("refuses a machine that is unfit before anything is done", () => {
    expect(() => planBeforeJoin({ ...freshFacts, tun: false }, joining)).toThrow(/TUN/);
    const routes = [{ destination: "100.64.0.0/16", device: "other0" }];
    expect(() => planBeforeJoin({ ...freshFacts, routes }, joining)).toThrow(/in use/);
  });

  it("reads the items of a map, with whatever stands beside them", () => {
    const lines = ['{"body":"{}","sigs":["x"],"seen":7}', "torn", '{"body":"{1}","sigs":["y"]}', "null", ""];
    expect(parseMap(lines.join("\n"))).toEqual([
      { body: "{}", sigs: ["x"] },
      { body: "{1}", sigs: ["y"] },
    ]);
  });
});

describe("meshes of this machine", () => {
  const here = parseMeshes(`demo-main no ${encoded}\nhub-main yes \nbroken no e30=\n`);

  it("are read with their configuration", () => {
    expect(here.map(({ mesh, coordinator, configuration }) => [mesh, coordinator, configuration?.meshId])).toEqual([
      ["demo-main", false, agent.meshId],
      ["hub-main", true, undefined],
      ["broken", false, undefined],
    ]);
  });

  it("share neither interface nor port, and keep what they have", () => {
    expect(freeInterface("demo-main", here)).toEqual({ interface: "tm0", udpPort: 51820 });
    expect(freeInterface("other", here)).toEqual({ interface: "tm1", udpPort: 51821 });
    expect(freeInterface("other", [])).toEqual({ interface: "tm0", udpPort: 51820 });
  });

  it("are left one at a time, and not where the coordinator is", () => {
    expect(pickMesh(here, "demo-main").mesh).toBe("demo-main");
    expect(pickMesh(here.slice(0, 1), undefined).mesh).toBe("demo-main");
    expect(() => pickMesh(here, undefined)).toThrow(/several/);
    expect(() => pickMesh(here, "nope")).toThrow(/nope/);
    expect(() => pickMesh([], undefined)).toThrow(/none/);
    expect(() => pickMesh(here, "hub-main")).toThrow(/coordinator/);
  });
});

describe("a mesh of the same name", () => {
  const here = parseMeshes(`demo-main no ${encoded}\nhub-main yes \n`);

  it("with another id is refused, with the way out", () => {
    const other = "f".repeat(64);
    expect(() => refuseOtherMesh(here, { mesh: "demo-main", meshId: other })).toThrow(
      expect.objectContaining({ code: "TM_MEMBER_OTHER_MESH", advice: [expect.stringContaining("tm leave --local")] }),
    );
    expect(() => refuseOtherMesh(here, { mesh: "hub-main", meshId: other })).toThrow(/coordinator/);
    expect(() => refuseOtherMesh(here, { mesh: "demo-main", meshId: agent.meshId })).not.toThrow();
    expect(() => refuseOtherMesh(here, { mesh: "new-main", meshId: other })).not.toThrow();
  });
});

describe("the machine's key", () => {
  it("is the Ed25519 host key where there is one, and damaged ones are passed over", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), `tm-host-key-${process.pid}-`));
    try {
      expect(await findMachineKey(folder)).toBeUndefined();
      const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEoaZFvgKyZg75GHxXua5ltzphNtNzfgm/uNjt39e99";
      writeFileSync(path.join(folder, "ssh_host_ecdsa_key.pub"), "damaged\n");
      writeFileSync(path.join(folder, "ssh_host_rsa_key.pub"), `${line} root@box\n`);
      expect(await findMachineKey(folder)).toMatchObject({ file: `${folder}/ssh_host_rsa_key`, line });
      writeFileSync(path.join(folder, "ssh_host_ed25519_key.pub"), `${line} root@box\n`);
      expect((await findMachineKey(folder))?.file).toBe(`${folder}/ssh_host_ed25519_key`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("the agent's answer", () => {
  const reply = (code: number, stdout: string, stderr = "") =>
    parseReply({ code, stdout, stderr }, z.object({ v: z.literal(1) }));

  it("is JSON of the expected form", () => {
    expect(reply(0, '{"v":1}\n')).toEqual({ v: 1 });
    expect(() => reply(0, '{"v":2}')).toThrow(/not understood/);
    expect(() => reply(0, "{")).toThrow(/not understood/);
  });

  it("or an error, told as the agent told it", () => {
    const stderr =
      "warning: x\nTM_USAGE: The command was not understood: it is used up\nbecause: of that\nDo this.\nOr that.\n";
    expect(() => reply(1, "", stderr)).toThrow(
      expect.objectContaining({
        code: "TM_USAGE",
        detail: "it is used up\nbecause: of that",
        advice: ["Do this.", "Or that."],
      }),
    );
    expect(() => reply(139, "", "Segmentation fault")).toThrow(/Segmentation fault/);
    expect(() => reply(1, "", "TM_NO_SUCH_CODE: what")).toThrow(/TM_NO_SUCH_CODE/);
  });
});

describe("readToken", () => {
  it("tells what is no token before anything is done", () => {
    for (const text of ["", "hello", "tmj1_", "tmj1_AAAA"]) expect(() => readToken(text)).toThrow(/token/);
  });
});
