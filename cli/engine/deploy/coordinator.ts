// The coordinator of a deploy: installed and running first, its key signed into the log, its socket open for the rest.
import { setTimeout as delay } from "node:timers/promises";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { coordinatorRequest } from "../install/control.ts";
import { readFacts } from "../install/facts.ts";
import { planInstall } from "../install/plan.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { PreparedHost } from "./hosts.ts";
import type { Journal } from "./journal.ts";
import { askMember } from "./member-items.ts";
import { type Coordinator, openCoordinator } from "./remote.ts";
import type { Run } from "./run.ts";
import { takeNetworkSecret } from "./secret.ts";
import { bootstrapFile, coordinatorUrl, specificationOf } from "./specification.ts";
import { installOrRollBack } from "./upgrade.ts";

export interface RunningCoordinator extends Coordinator {
  /** Its host with the facts of now. */
  readonly hub: PreparedHost;
  /** VERSION-HASH of the release that this deploy brings. */
  readonly releaseName: string;
  /** The network secret, made on the coordinator's host when no member has it; held in memory only (life.md §1). */
  networkSecret(): Promise<string>;
}

const patience = 20_000;
/** For giving the lease back, which must not hold up who pressed Ctrl-C. */
const lastPatience = 10_000;

/** Opens the socket of a coordinator that is installed already. */
export function connectCoordinator(connection: HostConnection, mesh: string, signal: AbortSignal): Coordinator {
  return openCoordinator(
    (request) => coordinatorRequest(connection, mesh, request, signal),
    (request) => coordinatorRequest(connection, mesh, request, AbortSignal.timeout(lastPatience)),
  );
}

/**
 * Brings the coordinator up on its host and the log of all sides together: home, coordinator and one more member are read
 * before anything is signed (life.md §4).
 */
export async function ensureCoordinator(
  run: Run,
  journal: Journal,
  hub: PreparedHost,
  prepared: readonly PreparedHost[],
): Promise<RunningCoordinator> {
  const { signal, progress } = run.context;
  const mesh = run.model.name;
  const row = progress.row(hub.member.name);
  // The agent's turn comes later: what it starts from names the coordinator's key, which does not exist before the first start.
  const specification = specificationOf(journal.view, bootstrapFile(journal.items), hub, {
    agent: hub.facts.agentInstalled,
  });
  const plan = planInstall(hub.facts, specification);
  if (plan.changes) await installOrRollBack(run, hub, plan);
  const coordinator = connectCoordinator(hub.connection, mesh, signal);
  const { key } = await waitForStatus(coordinator, signal);
  await learnFromMember(run, journal, prepared);
  await journal.attach(coordinator);
  await setCoordinator(run, journal, hub, key);
  row.done("coordinator is up");
  let secret: Promise<string> | undefined;
  return {
    ...coordinator,
    hub: plan.changes ? { ...hub, touched: true, facts: await readFacts(hub.connection, mesh, signal) } : hub,
    releaseName: `${hub.release.version}-${hub.release.hash.slice(0, 16)}`,
    networkSecret() {
      secret ??= takeNetworkSecret(run, journal.view.meshId, hub, prepared);
      return secret;
    },
  };
}

async function waitForStatus(coordinator: Coordinator, signal: AbortSignal) {
  const end = performance.now() + patience;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await coordinator.status();
    } catch (error) {
      if (!isTunnelMeshError(error) || performance.now() > end) throw error;
    }
    await delay(200);
  }
}

async function learnFromMember(run: Run, journal: Journal, prepared: readonly PreparedHost[]): Promise<void> {
  const { signal, progress } = run.context;
  const member = prepared.find((host) => host.member.role !== "coordinator" && host.facts.agentInstalled);
  if (member === undefined) return;
  try {
    await journal.learn(await askMember(member.connection, run.model.name, signal));
  } catch (error) {
    if (!isTunnelMeshError(error)) throw error;
    // One member that cannot answer does not stop a deploy that may be about to mend it.
    progress.log(`${member.member.name} could not be asked for its log: ${error.message}`);
  }
}

async function setCoordinator(run: Run, journal: Journal, hub: PreparedHost, key: string): Promise<void> {
  const url = coordinatorUrl(hub.member, hub.connection.address, hub.connection.viaProxy);
  if (url === undefined) throw new TunnelMeshError("TM_DEPLOY_URL_NEEDED", { detail: hub.member.name });
  const known = journal.view.coordinator;
  const same = known !== undefined && Buffer.from(known.key).toString("hex") === key && known.urls.join() === url;
  if (same) return;
  run.context.progress.log(`signing the coordinator: ${url}`);
  await journal.append({ type: "coord.set", key, urls: [url] });
}
