// Forwarding on the machine itself: on while a host has internet access, and as it was before afterwards.
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { isMissing } from "./record.ts";

const setting = "/proc/sys/net/ipv4/ip_forward";
const file = (state: string): string => path.join(state, "forwarding");

async function before(state: string): Promise<string | undefined> {
  try {
    return (await readFile(file(state), "utf8")).trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Turns IPv4 forwarding on; what it was is recorded first, once. */
export async function allowForwarding(state: string): Promise<void> {
  if ((await before(state)) === undefined) await writeFileAtomic(file(state), await readFile(setting, "utf8"));
  await writeFile(setting, "1");
}

/** Puts forwarding back; false when nothing was recorded. */
export async function restoreForwarding(state: string): Promise<boolean> {
  const value = await before(state);
  if (value === undefined) return false;
  if (value === "0") await writeFile(setting, "0");
  await rm(file(state), { force: true });
  return true;
}
