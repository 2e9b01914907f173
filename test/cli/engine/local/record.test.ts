// Records of hosts: read back as written, never written so that they could not be read, and cut-off ones are no error.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HostRecord, hostFolder, readHost, readHosts, writeHost } from "../../../../cli/engine/local/record.ts";

const record: HostRecord = {
  v: 1,
  network: "net",
  name: "alpha",
  nat: "none",
  internet: false,
  index: 2,
  inside: 0,
  phase: "making",
  owner: { pid: 1, start: "1", boot: "b" },
  hostKey: "",
};

describe("host records", () => {
  let state: string;
  beforeEach(() => {
    state = mkdtempSync(path.join(tmpdir(), "record-"));
  });
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  it("are read back as written", async () => {
    await writeHost(state, "1234567", record);
    expect(await readHost(state, "1234567")).toEqual(record);
    expect([...(await readHosts(state)).keys()]).toEqual(["1234567"]);
  });

  it("are not written when they could not be read back", async () => {
    const { internet: _, ...partial } = record;
    await expect(writeHost(state, "1234567", partial as HostRecord)).rejects.toThrow(/internet/);
    expect(await readHosts(state)).toEqual(new Map());
  });

  it.each(["", "{", "{}", '{"v":2}'])("that read %j count as lost", async (text) => {
    await writeHost(state, "1234567", record);
    writeFileSync(path.join(hostFolder(state, "1234567"), "host.json"), text);
    expect(await readHost(state, "1234567")).toBeUndefined();
  });
});
