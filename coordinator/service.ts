// Puts the coordinator of one mesh together: state, admin socket, public port; and takes it apart again.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { pino } from "pino";
import { parseMeshId } from "../protocol/brand.ts";
import { hostPaths } from "../protocol/host/paths.ts";
import { listenForAdmins } from "./admin/socket.ts";
import { loadChannelKey } from "./channel-key.ts";
import { readConfiguration, readInstalledItems } from "./configuration.ts";
import { Counters } from "./counters.ts";
import type { Limits } from "./limits.ts";
import { Registry } from "./membership/registry.ts";
import { startServiceNotices } from "./service-notice.ts";
import { openSqliteStore } from "./store/sqlite.ts";
import { KeyQuota } from "./wire/key-quota.ts";
import { PendingJoins } from "./wire/pending-joins.ts";
import { Roster } from "./wire/roster.ts";
import { listenForAgents } from "./wire/server.ts";

export interface ServiceOptions {
  readonly mesh: string;
  /** Before every path; "/" on a host. */
  readonly root: string;
  readonly release: string;
  readonly limits: Limits;
}

export interface Service {
  readonly port: number;
  close(): Promise<void>;
}

/** How often grants are looked at for their expiry, in milliseconds. */
const expiryMilliseconds = 10_000;

/** Starts the service; it is complete when the promise resolves. @throws TunnelMeshError what keeps it from starting */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { limits, release } = options;
  const paths = hostPaths(options.mesh);
  const place = (file: string): string => path.join(options.root, file);
  const configuration = await readConfiguration(place(paths.coordinatorConfiguration));
  const level = configuration.logLevel;
  const log = pino({ level, base: { mesh: configuration.mesh } }, pino.destination({ dest: 1, sync: true }));
  const state = place(paths.coordinatorState);
  await mkdir(state, { recursive: true, mode: 0o700 });
  const key = await loadChannelKey(path.join(state, "key.json"));
  const store = openSqliteStore(path.join(state, "coordinator.db"));
  const meshId = parseMeshId(configuration.meshId);
  const now = (): number => performance.now();
  const registry = await Registry.open({
    store,
    meshId,
    installed: await readInstalledItems(place(paths.meshFile)),
    now: () => Math.floor(Date.now() / 1000),
  });
  const warnWhenFrozen = (): void => {
    if (registry.view.frozen !== undefined) log.error(registry.view.frozen, "the mesh takes no more changes");
  };
  warnWhenFrozen();
  registry.listen(warnWhenFrozen);
  const counters = new Counters();
  const roster = new Roster(limits.presenceMilliseconds, now);
  const keyQuota = new KeyQuota(now);
  const wallClock = (): number => Date.now();
  const context = {
    registry,
    roster,
    keyQuota,
    pendingJoins: new PendingJoins(now),
    counters,
    limits,
    key,
    meshId: Buffer.from(meshId, "hex"),
    log,
    now,
    wallClock,
  };
  const admin = {
    registry,
    counters,
    key: Buffer.from(key.publicKey).toString("hex"),
    release,
    connected: () => [...roster.members.keys()],
    uptime: now,
    wallClock,
  };
  const admins = await listenForAdmins(place(paths.coordinatorSocket), admin, log);
  const agents = await listenForAgents(context, configuration.listen);
  const expiry = setInterval(() => {
    registry.expire().catch((error: unknown) => log.error({ err: error }, "expired grants could not be removed"));
  }, expiryMilliseconds);
  const stopNotices = startServiceNotices(process.env, log);
  log.info({ port: agents.port, release, mapVersion: registry.mapVersion }, "coordinator is ready");
  return {
    port: agents.port,
    close: async () => {
      stopNotices();
      clearInterval(expiry);
      await Promise.all([admins.close(), agents.close()]);
      roster.close();
      await registry.exclusively(() => store.close());
      log.info("coordinator has stopped");
    },
  };
}
