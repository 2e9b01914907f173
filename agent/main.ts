#!/usr/bin/env node
// The agent's process: reads the configuration, builds the parts, passes them in; systemd starts it (architecture.md §5).
import { parseMeshId } from "../protocol/brand.ts";
import { isTunnelMeshError, TunnelMeshError } from "../protocol/errors/error.ts";
import { Agent } from "./control/agent.ts";
import { agentFiles, readConfiguration } from "./control/agent-files.ts";
import { type AgentCommand, parseArguments } from "./control/arguments.ts";
import { isAnswered, listenControlSocket } from "./control/control-socket.ts";
import { createNoTunnel } from "./control/no-tunnel.ts";
import { answerRequests } from "./control/requests.ts";
import { TimestampFile } from "./control/timestamp-file.ts";
import { createNoNames } from "./dns/name-service.ts";
import { createResolver, type ResolverOptions } from "./dns/resolver.ts";
import { loadIdentity } from "./identity/identity.ts";
import { describeCommand, joinCommand, wrapCommand } from "./join/commands.ts";
import { sweepTemporaries } from "./map/durable.ts";
import { Hints } from "./map/hints.ts";
import { MapStore } from "./map/map-store.ts";
import { makeNetworkSecret, readNetworkSecret } from "./map/network-secret.ts";
import { wireHostDns } from "./system/dns.ts";
import { restoreResolver } from "./system/dns-file.ts";
import { openLog } from "./system/log.ts";
import { openNotifier } from "./system/notify.ts";
import { removeInterface } from "./system/repair.ts";
import { createTunnelWith } from "./tunnel/create-tunnel.ts";

/** EX_CONFIG of sysexits.h: the unit does not restart on it, nor on 0. For what a new start would not change. */
const exitStayDown = 78;
/** A stop that hangs is ended; what it left behind is for `repair`. */
const stopTimeout = 8_000;
const dnsPort = 53;

type Run = Extract<AgentCommand, { readonly tunnel: boolean }>;

async function main(argv: readonly string[]): Promise<void> {
  const command = parseArguments(argv, process.env);
  const release = process.env["TUNNELMESH_VERSION"] ?? "source";
  switch (command.command) {
    case "version":
      process.stdout.write(`${release}\n`);
      return;
    case "network-secret": {
      const files = agentFiles(command.mesh, command.root);
      const { meshId } = await readConfiguration(files.configuration, command.mesh);
      await makeNetworkSecret(files.networkSecret, meshId);
      return;
    }
    case "describe":
      print(await describeCommand(process.stdin, command.identity, release));
      return;
    case "join":
      print(await joinCommand(process.stdin, command, release));
      return;
    case "wrap":
      print(await wrapCommand(process.stdin, command));
      return;
    case "repair":
      return await repair(command);
    case "run":
      return await run(command, release);
    default:
      command satisfies never;
  }
}

function print(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function run(command: Run, release: string): Promise<void> {
  const startedAt = performance.now();
  const files = agentFiles(command.mesh, command.root);
  const configuration = await readConfiguration(files.configuration, command.mesh);
  // Two writers of one state folder would undo each other's writes.
  if (await isAnswered(files.socket)) throw new TunnelMeshError("TM_AGENT_ALREADY_RUNNING", { detail: files.socket });
  await sweepTemporaries(files.state);
  const log = openLog(configuration.logLevel);
  const notifier = openNotifier(process.env, log);
  const identity = await loadIdentity({
    file: configuration.identity,
    nid: configuration.nid,
    boundFile: files.boundKeys,
  });
  const { mesh, domain, interface: link } = configuration;
  const resolver = { file: files.resolver, backup: files.resolverBackup, mesh };
  const wire: ResolverOptions["wire"] = async (addresses) =>
    await wireHostDns({ ...resolver, interface: link, domain, log }, addresses);
  const nowUnixSeconds = (): number => Math.floor(Date.now() / 1000);
  const agent = new Agent({
    configuration,
    release,
    identity,
    map: await MapStore.open(files, parseMeshId(configuration.meshId), nowUnixSeconds()),
    hints: await Hints.open(files.hints),
    secret: await readNetworkSecret(files.networkSecret, configuration.meshId),
    keysFile: files.keysItem,
    timestamps: await TimestampFile.open(files.timestamp, log),
    createTunnel: command.tunnel ? createTunnelWith(command.plane) : createNoTunnel,
    names: command.tunnel ? createResolver({ port: dnsPort, wire, log }) : createNoNames(),
    log,
    nowUnixSeconds,
  });
  const stopped = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopped.resolve(signal));
  const handler = answerRequests(agent, startedAt, () => stopped.resolve("leave"));
  const socket = await listenControlSocket(files.socket, handler, log);
  await notifier.ready(`mesh ${configuration.mesh}`);
  await agent.start();
  log("info", "the agent runs", { mesh: configuration.mesh, release, identity: identity.mode });
  const reason = await stopped.promise;
  log("info", "the agent stops", { reason });
  setTimeout(() => process.exit(1), stopTimeout).unref();
  await notifier.stopping();
  notifier.close();
  await agent.stop();
  await socket.close();
}

/**
 * Runs before each start and after each stop; while an agent of the mesh is up it touches nothing. DNS comes back also where
 * the configuration is gone already.
 */
async function repair({ mesh, root }: Run): Promise<void> {
  const files = agentFiles(mesh, root);
  const log = openLog("info");
  if (await isAnswered(files.socket)) {
    log("info", "nothing to repair: the agent runs");
    return;
  }
  const resolver = { file: files.resolver, backup: files.resolverBackup, mesh };
  await restoreResolver(resolver);
  const configuration = await readConfiguration(files.configuration, mesh);
  await removeInterface(configuration.interface, log);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const known = isTunnelMeshError(error);
  const lines = known ? [`${error.code}: ${error.message}`, ...error.advice] : [String(error)];
  const { cause } = error as Error;
  if (cause !== undefined) lines.splice(1, 0, `because: ${String(cause)}`);
  process.stderr.write(`${lines.join("\n")}\n`);
  process.exit(known && error.code === "TM_AGENT_IDENTITY_CHANGED" ? exitStayDown : known ? error.exitCode : 1);
}
