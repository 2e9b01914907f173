// A local host with systemd, a login and a mesh of its own, for tests that install for real.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { executeInstall } from "../../../../cli/engine/install/execute.ts";
import { readFacts } from "../../../../cli/engine/install/facts.ts";
import { type InstallSpec, planInstall } from "../../../../cli/engine/install/plan.ts";
import type { LocalHostInfo } from "../../../../cli/engine/local/host.ts";
import { createLocalHosts } from "../../../../cli/engine/local/hosts.ts";
import { buildRelease } from "../../../../cli/engine/release/build.ts";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import type { ConnectOptions, HostConnection } from "../../../../cli/engine/ssh/connection.ts";
import { createGenesis } from "../../../../cli/engine/trust/items.ts";
import { meshIdOf } from "../../../../protocol/trust/genesis.ts";
import { formatMeshFile } from "../../../../protocol/trust/mesh-file.ts";
import { seedSigner } from "../../../../protocol/trust/signing.ts";
import { nodeIdOf, parseSshPublicKey } from "../../../../protocol/trust/ssh-public-key.ts";

export interface InstallLab {
  readonly host: LocalHostInfo;
  readonly home: string;
  connect(user?: string, options?: ConnectOptions): Promise<HostConnection>;
  /** Everything a coordinator's host should have, but for the secret. */
  specification(
    connection: HostConnection,
    mesh: string,
  ): Promise<InstallSpec & Required<Pick<InstallSpec, "agent" | "coordinator">>>;
  close(): Promise<void>;
}

export async function openInstallLab(): Promise<InstallLab> {
  const folder = mkdtempSync(`/var/tmp/tm-install-${process.pid}-`);
  const home = path.join(folder, "home");
  mkdirSync(path.join(home, ".ssh"), { recursive: true, mode: 0o700 });
  execFileSync("ssh-keygen", ["-qt", "ed25519", "-N", "", "-f", path.join(home, ".ssh/id_ed25519")]);
  const authorizedKeys = [readFileSync(path.join(home, ".ssh/id_ed25519.pub"), "utf8").trim()];
  const network = `install-${process.pid}`;
  const hosts = createLocalHosts({ state: path.join(folder, "state") });
  const close = async () => {
    await hosts.remove(network);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [host] = await hosts.up(network, [{ name: "alpha", nat: "none", internet: false }], { authorizedKeys });
    if (host === undefined) throw new Error("no host came up");
    return {
      host,
      home,
      connect: (user = "root", options = {}) =>
        connectHost({ target: `${user}@${host.address}`, hostKey: host.hostKey }, { home, ...options }),
      specification: (connection, mesh) => makeSpecification(connection, mesh),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function makeSpecification(connection: HostConnection, mesh: string) {
  const root = path.resolve(import.meta.dirname, "../../../..");
  const cache = path.join(
    process.env["XDG_CACHE_HOME"] ?? path.join(process.env["HOME"] ?? "/root", ".cache"),
    "tunnelmesh",
  );
  const release = await buildRelease(process.arch === "arm64" ? "arm64" : "x64", { root, cache });
  const signer = seedSigner(new Uint8Array(32).fill(7));
  const range = "100.64.0.0/10";
  const genesis = await createGenesis({
    name: mesh,
    admins: [signer.publicKey.line],
    range,
    domain: "mesh",
    signers: [signer],
  });
  const meshId = meshIdOf(genesis.body);
  const common = { v: 1, mesh, meshId, logLevel: "info" } as const;
  return {
    mesh,
    meshId,
    range,
    release,
    meshFile: formatMeshFile([genesis]),
    coordinator: { ...common, listen: { host: "::", port: 8443 } },
    agent: {
      ...common,
      nid: nodeIdOf(parseSshPublicKey(connection.hostKey)),
      identity: "/etc/ssh/ssh_host_ed25519_key",
      interface: "tm0",
      udpPort: 51820,
      domain: "mesh",
    },
  };
}

/** Reads, plans and executes; the titles of the steps that were done. */
export async function install(
  connection: HostConnection,
  spec: InstallSpec,
  signal = new AbortController().signal,
): Promise<string[]> {
  const said: string[] = [];
  const plan = planInstall(await readFacts(connection, spec.mesh, signal), spec);
  await executeInstall(connection, plan, { progress: { update: (text) => said.push(text) }, signal });
  return plan.steps.map(({ id }) => id);
}
