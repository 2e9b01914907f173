// A machine without host keys, as a laptop without sshd: it gets an identity for the mesh, once.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeMachineKey } from "../../../../cli/engine/join/host-key.ts";
import { openLocalConnection } from "../../../../cli/engine/join/local-connection.ts";
import { parseOpenSshPrivateKey } from "../../../../protocol/trust/ssh-private-key.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), `tm-identity-${process.pid}-`));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("makes a key of its own, and finds it again", async () => {
  const local = openLocalConnection("");
  // The same script, in a folder of this test.
  const check = (script: string) => local.check(script.replaceAll("/etc/tunnelmesh", folder));
  const { signal } = new AbortController();
  const first = await makeMachineKey({ check }, "office-main", signal);
  expect(first.file).toBe("/etc/tunnelmesh/office-main/identity");
  const file = path.join(folder, "office-main/identity");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(parseOpenSshPrivateKey(readFileSync(file, "latin1")).publicKey.line).toBe(first.line);
  expect(await makeMachineKey({ check }, "office-main", signal)).toEqual(first);
  expect(readdirSync(path.dirname(file)).toSorted()).toEqual(["identity", "identity.pub"]);
});
