// Where releases are built and cached on the admin's machine.
import os from "node:os";
import path from "node:path";
import { type Architecture, buildRelease, type Release } from "../release/build.ts";
import { packageRoot } from "../release/root.ts";

const builds = new Map<Architecture, Promise<Release>>();

/**
 * The release of this package for one architecture; built once per run however many hosts need it. TM_HOST_PROGRAMS names a folder
 * with the programs of another release, for going to a certain one without its clone.
 */
export function currentRelease(architecture: Architecture, onProgress?: (text: string) => void): Promise<Release> {
  const known = builds.get(architecture);
  if (known !== undefined) return known;
  const programs = process.env["TM_HOST_PROGRAMS"];
  const build = buildRelease(architecture, {
    root: packageRoot(import.meta.dirname),
    cache: path.join(process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"), "tunnelmesh"),
    ...(programs === undefined || programs === "" ? {} : { programs: path.resolve(programs) }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  builds.set(architecture, build);
  return build;
}
