// A mesh with a real coordinator and tokens, and hosts that join it with the agent's own subcommands.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { agentFiles } from "../../../agent/control/agent-files.ts";
import { type JoinResult, joinMesh } from "../../../agent/join/join.ts";
import { parseToken } from "../../../agent/join/read-token.ts";
import type { TokenStatus } from "../../../protocol/control/tokens.ts";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { NewToken } from "../../../protocol/trust/make-token.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { tokenKeys } from "../../../protocol/trust/token-keys.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { wrapNetworkSecret } from "../../../protocol/trust/wrapped-secret.ts";
import { CoordinatorProcess } from "../../coordinator/process.ts";
import { genesisItem, logItem, type MadeToken, openedView, tokenOf } from "../../protocol/trust/mesh.ts";
import { checkout, makeHost, type TestHost } from "../main/host.ts";

export const secret = "cd".repeat(32);
export const unixNow = (): number => Math.floor(Date.now() / 1000);

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class JoiningMesh {
  coordinator: CoordinatorProcess;
  view: MeshView;
  #key = "";
  readonly #hosts: TestHost[] = [];

  constructor() {
    const genesis = genesisItem();
    this.view = openedView(genesis);
    this.coordinator = new CoordinatorProcess(this.view, [genesis]);
  }

  async start(): Promise<void> {
    await this.coordinator.start();
    this.#key = (await this.coordinator.status()).key;
    await this.log({ type: "coord.set", key: this.#key, urls: [this.url] });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.coordinator.port}`;
  }

  /** Signs and submits an entry of the log. */
  async log(op: Parameters<typeof logItem>[1]): Promise<void> {
    const item = logItem(this.view, op);
    const { verdicts } = await this.coordinator.submit(item);
    if (verdicts[0]?.accepted !== true) throw new Error(JSON.stringify(verdicts));
    this.view = applyItems(this.view, [item], unixNow()).view;
  }

  /** Makes a token, and its entry unless `known` is false. */
  async token(name: string, change: Partial<NewToken> = {}, known = true): Promise<MadeToken> {
    const { meshId } = this.view;
    const seed = Uint8Array.from(createHash("sha256").update(`token ${name}`).digest());
    const wraps = [await wrapNetworkSecret(tokenKeys(seed, meshId).wrap.publicKey, meshId, { gen: 1, secret })];
    const coordinatorKey = Uint8Array.from(Buffer.from(this.#key, "hex")) as NewToken["coordinatorKey"];
    const exp = Math.ceil((unixNow() + 3600) / 60) * 60;
    const made = tokenOf(this.view, name, { coordinatorKey, urls: [this.url], exp, wraps, ...change });
    if (known) await this.log(made.entry);
    return made;
  }

  async tokens(): Promise<readonly TokenStatus[]> {
    return (await this.coordinator.ask<{ tokens: TokenStatus[] }>({ method: "tokens" })).tokens;
  }

  /** A host with agent.json, and nothing else of the mesh. */
  host(name: string, kind = "ed25519"): TestHost {
    const host = makeHost(name, kind);
    this.#hosts.push(host);
    const paths = hostPaths(this.view.name);
    mkdirSync(path.join(host.root, paths.configuration), { recursive: true });
    const configuration = {
      v: 1,
      mesh: this.view.name,
      meshId: this.view.meshId,
      nid: nodeIdOf(host.party.signer.publicKey),
      identity: host.keyFile,
      interface: "tm0",
      udpPort: 51820,
      domain: "mesh",
    };
    writeFileSync(path.join(host.root, paths.agentConfiguration), JSON.stringify(configuration));
    return host;
  }

  /** With the agent's own program. */
  async join(host: TestHost, token: string, ...more: string[]): Promise<Ended> {
    return await runAgent(["join", "--mesh", this.view.name, "--root", host.root, ...more], token);
  }

  /** The same in this process: gives the result, or the code of the refusal. */
  async joinHere(host: TestHost, text: string, name?: string): Promise<JoinResult | string> {
    const files = agentFiles(this.view.name, host.root);
    const wanted = { text: name ?? "node", exact: name !== undefined };
    const options = { mesh: this.view.name, files, name: wanted, release: "test", nowUnixSeconds: unixNow() };
    try {
      return await joinMesh({ ...options, token: parseToken(text) });
    } catch (error) {
      if (isTunnelMeshError(error)) return error.code;
      throw error;
    }
  }

  removeHosts(): void {
    for (const host of this.#hosts.splice(0)) host.remove();
  }

  async remove(): Promise<void> {
    this.removeHosts();
    await this.coordinator.remove();
  }
}

/** One mesh for a test file. */
export function useJoiningMesh(): JoiningMesh {
  const mesh = new JoiningMesh();
  beforeAll(() => mesh.start());
  afterEach(() => mesh.removeHosts());
  afterAll(() => mesh.remove());
  return mesh;
}

/** Runs a subcommand with `input` on its standard input. @param killAfter milliseconds to SIGKILL */
export async function runAgent(args: readonly string[], input: string, killAfter?: number): Promise<Ended> {
  const main = path.join(checkout, "agent/main.ts");
  const child = spawn(process.execPath, ["--conditions=tunnelmesh-source", main, ...args], { stdio: "pipe" });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(`${input}\n`);
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  return { status, ...output };
}
