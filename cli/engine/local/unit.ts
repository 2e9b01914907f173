// Which of the machine's units a local host must not start: everything enabled that a plain server does not need.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { namesIn } from "./record.ts";

const kept = [
  /^(ssh|sshd|dbus|dbus-broker|systemd-logind|systemd-user-sessions)\.(service|socket)$/,
  /^systemd-(journald|journal-flush|tmpfiles|sysusers|sysctl|update-utmp|machine-id-commit|initctl)/,
  /\.target$/,
];

/** Masked whether enabled or not: generators and other units start these. */
const never = ["console-getty.service", "getty-static.service", "systemd-networkd-wait-online.service", "tmp.mount"];

/** Says whether a plain server needs this unit. */
export function isKept(unit: string): boolean {
  return kept.some((pattern) => pattern.test(unit));
}

/** Targets whose wishes in the distribution's own folder are looked at too; sysinit and mounts are left alone. */
const ordinary = ["multi-user", "graphical", "timers", "sockets", "paths", "default", "network-online", "getty"];

/**
 * Units of the machine under `root` to mask: what /etc enables for any target, what the distribution enables
 * for ordinary targets, and services of System V scripts.
 */
export async function unitsToMask(root = "/"): Promise<string[]> {
  const found = new Set(never);
  for (const folder of ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"]) {
    for (const name of await namesIn(path.join(root, folder))) {
      const target = /^(.+)\.target\.(wants|requires|upholds)$/.exec(name)?.[1];
      const own = folder.startsWith("etc/") && /\.(wants|requires|upholds)$/.test(name);
      if (!own && (target === undefined || !ordinary.includes(target))) continue;
      for (const unit of await unitsIn(path.join(root, folder, name))) found.add(unit);
    }
  }
  for (const level of ["2", "3", "4", "5", "S"]) {
    for (const name of await namesIn(path.join(root, `etc/rc${level}.d`))) {
      const script = /^S\d\d(.+)$/.exec(name)?.[1];
      if (script !== undefined) found.add(`${script}.service`);
    }
  }
  return [...found].filter((unit) => !isKept(unit)).toSorted();
}

async function unitsIn(folder: string): Promise<string[]> {
  return (await stat(folder)).isDirectory() ? readdir(folder) : [];
}

/** Names in the machine's unit folder that belong to a mesh the machine itself is a member of. */
export async function meshUnits(root = "/"): Promise<string[]> {
  const folder = path.join(root, "etc/systemd/system");
  const names = (await namesIn(folder)).filter((name) => name.startsWith("tunnelmesh"));
  return names.map((name) => `/etc/systemd/system/${name}`);
}
