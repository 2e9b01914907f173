// Packs a release folder into one compressed archive, once, beside the folder; the same release gives the same bytes.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import type { InstallRelease } from "./specification.ts";

export interface Archive {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
}

const running = new Map<string, Promise<Archive>>();
const executables = new Set(["node", "koffi.node"]);

/** File in the archive that lists the SHA-256 of all others, for sha256sum -c on the host. */
export const checksumFile = "SHA256SUMS";

/** Makes or finds the archive; hosts that install at once share one making. */
export function packRelease(release: InstallRelease): Promise<Archive> {
  const known = running.get(release.folder);
  if (known !== undefined) return known;
  const made = findOrMake(release);
  running.set(release.folder, made);
  made.catch(() => running.delete(release.folder));
  return made;
}

async function findOrMake({ folder }: InstallRelease): Promise<Archive> {
  const file = `${folder}.tar.gz`;
  const found = await sizeOf(file);
  if (found !== undefined) return { file, size: found };
  const work = await mkdtemp(`${folder}.packing-`);
  try {
    const temporary = path.join(work, "archive");
    await writeArchive(folder, temporary);
    const handle = await open(temporary, "r");
    await handle.sync().finally(() => handle.close());
    await rename(temporary, file);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { file, size: (await sizeOf(file)) ?? 0 };
}

async function writeArchive(folder: string, target: string): Promise<void> {
  const archive = pack();
  const written = pipeline(archive, createGzip({ level: 6 }), createWriteStream(target, { mode: 0o600 }));
  const add = async (): Promise<void> => {
    const sums: string[] = [];
    for (const name of (await readdir(folder)).toSorted()) {
      const file = path.join(folder, name);
      const { size } = await stat(file);
      const hash = createHash("sha256");
      const entry = archive.entry({ name, size, mode: executables.has(name) ? 0o755 : 0o644, mtime: new Date(0) });
      const source = createReadStream(file);
      source.on("data", (chunk) => hash.update(chunk));
      await pipeline(source, entry);
      sums.push(`${hash.digest("hex")}  ${name}\n`);
    }
    archive.entry({ name: checksumFile, mode: 0o644, mtime: new Date(0) }, sums.join(""));
    archive.finalize();
  };
  await Promise.all([
    written,
    add().catch((error: unknown) => {
      archive.destroy(error as Error);
      throw error;
    }),
  ]);
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    },
  );
}
