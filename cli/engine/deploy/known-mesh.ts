// The mesh as it is now: the mesh file, with what coordinator or members hold beyond it, verified like any item.
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { type KeptItem, restoreItems } from "../../../protocol/trust/view.ts";
import type { HomeState } from "../trust/mesh-home-state.ts";
import { connectCoordinator } from "./coordinator.ts";
import type { KeptPolicy } from "./deployed-policy.ts";
import { readKnownFile, writeKnownFile } from "./known-file.ts";
import { type KnownHost, knownHosts, knownPolicy, readRecords, trustedHosts } from "./known-hosts.ts";
import { askMember } from "./member-items.ts";
import type { HostOutcome, ReachedHost } from "./reach.ts";
import { type Run, reachedOf } from "./run.ts";

export interface KnownMesh {
  /** In memory only: nothing of it is written into the mesh file. */
  readonly view: MeshView;
  /** Where members were reached last, by name; host keys are those of their grants. */
  readonly hosts: Readonly<Record<string, KnownHost>>;
  /** Which policy was deployed last, as the coordinator says; absent where it was not asked, or does not know. */
  readonly policy?: KeptPolicy | undefined;
  /** False: nobody could be asked, and this is what was said last. */
  readonly fresh: boolean;
}

interface Said {
  readonly items: readonly KeptItem[];
  /** Only the coordinator knows. */
  readonly hosts?: Readonly<Record<string, KnownHost>>;
  readonly policy?: KeptPolicy | undefined;
}

/** Asks the coordinator if it was reached, else any member that was. @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED */
export async function askMesh(run: Run, outcomes: readonly HostOutcome[]): Promise<KnownMesh> {
  const { home, view, meshId } = await readDeployed(run);
  const kept = await readKnownFile(run.context.loaded, meshId);
  const said = await askFirst(run, reachedOf(outcomes));
  const items = beyond(home, said?.items ?? kept.items);
  const hosts = said?.hosts ?? kept.hosts;
  if (said !== undefined) await writeKnownFile(run.context.loaded, meshId, { hosts, items: items.filter(isGrant) });
  return { ...describe(view, items, hosts, said !== undefined), policy: said?.policy };
}

/** What the mesh file and the last answers say; connects to nothing. @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED */
export async function rememberMesh(run: Run): Promise<KnownMesh> {
  const { home, view, meshId } = await readDeployed(run);
  const { hosts, items } = await readKnownFile(run.context.loaded, meshId);
  return describe(view, beyond(home, items), hosts, false);
}

async function readDeployed(run: Run) {
  const home = await run.home.read();
  const { view } = home;
  if (view === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
  return { home, view, meshId: view.meshId };
}

function describe(
  view: MeshView,
  items: readonly KeptItem[],
  hosts: Readonly<Record<string, KnownHost>>,
  fresh: boolean,
): KnownMesh {
  const now = restoreItems(view, items, Math.floor(Date.now() / 1000)).view;
  return { view: now, hosts: trustedHosts(hosts, now.members.values()), fresh };
}

/** The coordinator first: it alone knows where hosts are. One that does not answer is passed over for the next. */
async function askFirst(run: Run, reached: readonly ReachedHost[]): Promise<Said | undefined> {
  const hubFirst = reached.toSorted((left, right) => Number(isHub(right)) - Number(isHub(left)));
  for (const host of hubFirst) {
    const ways = isHub(host) ? [askCoordinator, askAgent] : [askAgent];
    for (const ask of ways) {
      try {
        return await ask(run, host);
      } catch (error) {
        if (run.context.signal.aborted || !isTunnelMeshError(error)) throw error;
        run.context.progress.log(`${host.member.name} could not say who is a member: ${error.message}`);
      }
    }
  }
  return undefined;
}

function isHub({ member }: ReachedHost): boolean {
  return member.role === "coordinator";
}

async function askCoordinator(run: Run, { connection }: ReachedHost): Promise<Said> {
  const coordinator = connectCoordinator(connection, run.model.name, run.context.signal);
  const records = readRecords(await coordinator.history());
  const items = await askMember(connection, run.model.name, run.context.signal).catch(async (error: unknown) => {
    // Its agent does not run: then the coordinator says what there is, but not when it was seen.
    if (!isTunnelMeshError(error)) throw error;
    return (await coordinator.items()).map((item): KeptItem => ({ item }));
  });
  return { items, hosts: knownHosts(records), policy: knownPolicy(records) };
}

async function askAgent(run: Run, { connection }: ReachedHost): Promise<Said> {
  return { items: await askMember(connection, run.model.name, run.context.signal) };
}

/** Log entries and grants that the mesh file lacks; a node's keys say nothing about who is a member. */
function beyond(home: HomeState, items: readonly KeptItem[]): readonly KeptItem[] {
  const there = new Set(home.items.map(({ body }) => body));
  return items.filter(({ item: { body } }) => {
    if (there.has(body)) return false;
    const decoded = decodeItem(body);
    return decoded.ok && (decoded.item.kind === "log" || decoded.item.kind === "grant");
  });
}

function isGrant({ item: { body } }: KeptItem): boolean {
  const decoded = decodeItem(body);
  return decoded.ok && decoded.item.kind === "grant";
}
