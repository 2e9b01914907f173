// Makes the release folder that goes to hosts: two bundles, the pinned Node, koffi's library, and release.json with the content hash.
import { createHash } from "node:crypto";
import { copyFile, link, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Release as ReleaseRecord, releaseSchema } from "../../../protocol/host/configuration.ts";
import { fetchPinned } from "./fetch.ts";
import { type Architecture, pinnedKoffi, pinnedNode } from "./pins.ts";
import { type Programs, readPrograms } from "./programs.ts";

export type { Architecture } from "./pins.ts";

/** A release on the admin's disk. `folder` holds node, agent.mjs, coordinator.mjs, koffi.node and release.json. */
export interface Release {
  readonly version: string;
  readonly architecture: Architecture;
  /** SHA-256 over the sorted lines "NAME SHA256\n" of the folder's files, without release.json. */
  readonly hash: string;
  readonly folder: string;
}

export interface ReleaseOptions {
  /** The checkout, or the installed package. */
  readonly root: string;
  /** Folder with agent.mjs, coordinator.mjs and a package.json for the version, taken as they are in place of the checkout's. */
  readonly programs?: string;
  /** Folder for what is fetched and built; may be removed at any time. */
  readonly cache: string;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Builds the release of this package for one architecture, or finds it in the cache: the same content is made once.
 * @throws TunnelMeshError TM_RELEASE_FETCH, TM_RELEASE_INTEGRITY
 */
export async function buildRelease(architecture: Architecture, options: ReleaseOptions): Promise<Release> {
  const { programs } = options;
  const version = await readVersion(programs ?? options.root);
  const [bundles, node, koffi] = await Promise.all([
    programs === undefined ? readPrograms(options.root, version) : readFolder(programs),
    fetchPinned(pinnedNode[architecture], options.cache, options),
    fetchPinned(pinnedKoffi[architecture], options.cache, options),
  ]);
  const hash = hashOfFiles([
    ["agent.mjs", sha256(bundles.agent)],
    ["coordinator.mjs", sha256(bundles.coordinator)],
    ["koffi.node", sha256(await readFile(koffi))],
    // The archive's integrity was checked when it was fetched; hashing 120 MB at each start would only say it again.
    ["node", sha256(new TextEncoder().encode(pinnedNode[architecture].integrity))],
  ]);
  const folder = path.join(options.cache, "releases", `${version}-${hash.slice(0, 16)}-${architecture}`);
  const release: Release = { version, architecture, hash, folder };
  if (await isComplete(folder, hash)) return release;
  options.onProgress?.(`building release ${version} for ${architecture}`);
  await mkdir(path.dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    await writeFile(path.join(work, "agent.mjs"), bundles.agent);
    await writeFile(path.join(work, "coordinator.mjs"), bundles.coordinator);
    await copyFile(koffi, path.join(work, "koffi.node"));
    await linkOrCopy(node, path.join(work, "node"));
    const record: ReleaseRecord = { v: 1, version, architecture, hash };
    await writeFile(path.join(work, "release.json"), `${JSON.stringify(record)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return release;
}

async function readFolder(folder: string): Promise<Programs> {
  const [agent, coordinator] = await Promise.all([
    readFile(path.join(folder, "agent.mjs")),
    readFile(path.join(folder, "coordinator.mjs")),
  ]);
  return { agent, coordinator };
}

async function readVersion(root: string): Promise<string> {
  const manifest = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as { version: string };
  return manifest.version;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function hashOfFiles(files: readonly (readonly [name: string, digest: string])[]): string {
  const lines = files.map(([name, digest]) => `${name} ${digest}\n`).toSorted();
  return sha256(new TextEncoder().encode(lines.join("")));
}

/** A torn or foreign folder is not complete: it is built again over it. */
async function isComplete(folder: string, hash: string): Promise<boolean> {
  const text = await readFile(path.join(folder, "release.json"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "null";
    throw error;
  });
  const record = releaseSchema.safeParse(JSON.parse(text));
  return record.success && record.data.hash === hash;
}

async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EXDEV" && code !== "EPERM" && code !== "EMLINK") throw error;
    await copyFile(source, target);
  }
}
