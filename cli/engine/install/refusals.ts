// What makes a host unfit, found before anything is changed there.
import { cidrsOverlap } from "../../../protocol/addresses/cidr.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { HostFacts } from "./facts.ts";
import { installCommand } from "./family.ts";
import type { InstallSpec } from "./specification.ts";

/** Room for a release to be unpacked, in MB. */
const releaseRoom = 300;
/** Room for state, in MB. */
const stateRoom = 20;
/** Below this much memory in MB a host is told about. */
const smallMemory = 400;
const oldestGlibc = [2, 28] as const;

/** @throws TunnelMeshError TM_INSTALL_ARCHITECTURE */
export function supportedArchitecture(facts: HostFacts, name: string): "x64" | "arm64" {
  if (facts.architecture !== "other") return facts.architecture;
  throw new TunnelMeshError("TM_INSTALL_ARCHITECTURE", { detail: `${name} is ${facts.machine}` });
}

/**
 * Passes a host that can run what `spec` asks for.
 * @throws TunnelMeshError TM_INSTALL_ARCHITECTURE, TM_INSTALL_NO_SYSTEMD, TM_INSTALL_NO_TUN, TM_INSTALL_LIBC, TM_INSTALL_TOOLS,
 * TM_INSTALL_READ_ONLY, TM_INSTALL_NO_EXEC, TM_INSTALL_DISK_FULL, TM_INSTALL_OTHER_MESH, TM_INSTALL_RANGE_CLASH
 */
export function checkHost(facts: HostFacts, spec: InstallSpec, uploads: boolean): void {
  if (facts.architecture !== spec.release.architecture) {
    throw new TunnelMeshError("TM_INSTALL_ARCHITECTURE", {
      detail: `the host is ${facts.machine}, the release is for ${spec.release.architecture}`,
    });
  }
  if (!facts.systemd) throw new TunnelMeshError("TM_INSTALL_NO_SYSTEMD", { detail: facts.os });
  if (isOldLibc(facts.glibc)) throw new TunnelMeshError("TM_INSTALL_LIBC", { detail: facts.glibc ?? facts.os });
  if (facts.missingTools.length > 0) {
    const command = installCommand(facts.family, facts.missingTools);
    throw new TunnelMeshError("TM_INSTALL_TOOLS", {
      detail: facts.missingTools.join(", "),
      ...(command === undefined ? {} : { advice: [`Install them on the host: ${command}`] }),
    });
  }
  if (facts.optMount.readOnly) throw new TunnelMeshError("TM_INSTALL_READ_ONLY", { detail: facts.os });
  if (facts.optMount.noExec) throw new TunnelMeshError("TM_INSTALL_NO_EXEC", { detail: facts.os });
  if (spec.agent !== undefined && !facts.tun) throw new TunnelMeshError("TM_INSTALL_NO_TUN");
  if (facts.meshId !== undefined && facts.meshId !== spec.meshId) {
    throw new TunnelMeshError("TM_INSTALL_OTHER_MESH", {
      detail: `${spec.mesh}: the host has ${facts.meshId.slice(0, 12)}, this project ${spec.meshId.slice(0, 12)}`,
    });
  }
  if (uploads && facts.freeOpt < releaseRoom) throw diskFull("/opt", releaseRoom, facts.freeOpt);
  if (facts.freeVar < stateRoom) throw diskFull("/var", stateRoom, facts.freeVar);
  const own = spec.agent?.interface;
  const clash = facts.routes.find(({ destination, device }) => device !== own && overlaps(destination, spec.range));
  if (spec.agent !== undefined && clash !== undefined) {
    throw new TunnelMeshError("TM_INSTALL_RANGE_CLASH", {
      detail: `${spec.range} and the route ${clash.destination} through ${clash.device}`,
    });
  }
}

/** What a person should know about this host before a release goes there, none of which stops an install. */
export function hostNotes(facts: HostFacts): readonly string[] {
  return [
    ...(facts.selinux === "off"
      ? []
      : [`SELinux is ${facts.selinux}: the release is labelled as programs and libraries are (bin_t, lib_t)`]),
    ...(facts.appArmor ? ["AppArmor is on: no profile is installed, the services run unconfined by it"] : []),
    ...(facts.memory !== undefined && facts.memory < smallMemory
      ? [`${facts.memory} MB of memory: agent and coordinator take about 100 MB each`]
      : []),
  ];
}

function overlaps(destination: string, range: string): boolean {
  // A default route is where everything goes that has no better one.
  if (destination.endsWith("/0")) return false;
  try {
    return cidrsOverlap(destination, range);
  } catch (error) {
    // The kernel's spelling of a route that this parser does not take is no reason to stop an install.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function isOldLibc(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? "0.0").split(".").map(Number);
  return major < oldestGlibc[0] || (major === oldestGlibc[0] && minor < oldestGlibc[1]);
}

function diskFull(place: string, needed: number, free: number): TunnelMeshError {
  return new TunnelMeshError("TM_INSTALL_DISK_FULL", { detail: `${place}: ${needed} MB needed, ${free} MB free` });
}
