// Forwarding on the machine itself: on while any local host has internet access, and as it was before afterwards.
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import { listTables } from "./wiring.ts";

const setting = "/proc/sys/net/ipv4/ip_forward";
/** Shared by all state folders, and gone after a reboot just as the setting itself. */
const record = "/run/tunnelmesh-local-forwarding";

/** Turns IPv4 forwarding on; what it was is recorded first, once. The caller has made the network's nft table. */
export async function allowForwarding(): Promise<void> {
  if (!existsSync(record)) await writeFileAtomic(record, await readFile(setting, "utf8"), { mode: 0o600 });
  await writeFile(setting, "1");
}

/** Puts forwarding back when no network, of whatever state folder, lets a host out any more. */
export async function restoreForwarding(): Promise<void> {
  if (!existsSync(record) || (await listTables()).some((name) => /^tm[0-9a-f]{4}t[0-9a-f]{7}$/.test(name))) return;
  const value = (await readFile(record, "utf8")).trim();
  if (value === "0") await writeFile(setting, "0");
  await rm(record, { force: true });
}
