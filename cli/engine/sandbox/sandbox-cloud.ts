// The sandbox cloud's process: started by tm sandbox up, it serves the fake API until it is told to stop.
import { randomBytes, randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import writeFileAtomic from "write-file-atomic";
import { createLocalHosts } from "../local/hosts.ts";
import { createApiServer } from "./api/server.ts";
import { Cloud } from "./cloud.ts";
import { localMachines } from "./local-machines.ts";
import { readServer, type SandboxServer, sandboxPlace } from "./place.ts";

const place = sandboxPlace();
await mkdir(place.folder, { recursive: true, mode: 0o700 });
const log = (line: string): void => appendFileSync(place.logFile, `${new Date().toISOString()} ${line}\n`);

// A restart keeps address and token: state files and environments that name them stay true.
const before = await readServer(place);
const token = before?.token ?? `sandbox_${randomBytes(24).toString("hex")}`;
const port = before === undefined ? 0 : Number(new URL(before.url).port);

const hosts = createLocalHosts({ state: place.machines, log });
const cloud = await Cloud.open({
  file: place.cloudFile,
  machines: localMachines({ state: place.machines, hosts, log }),
  now: Date.now,
  uuid: randomUUID,
  log,
});
const server = createApiServer({ cloud, token, log, now: Date.now });
const listening = Promise.withResolvers<void>();
server.once("error", listening.reject);
server.listen(port, "127.0.0.1", listening.resolve);
await listening.promise;
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const content: SandboxServer = { pid: process.pid, url, token };
await writeFileAtomic(place.serverFile, `${JSON.stringify(content)}\n`, { mode: 0o600 });
log(`serves ${url}`);

const stopped = Promise.withResolvers<void>();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopped.resolve());
await stopped.promise;
log("stops");
server.close();
server.closeAllConnections();
cloud.release();
await cloud.settled();
await rm(place.serverFile, { force: true });
process.exit(0);
