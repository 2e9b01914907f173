// The files of a client on the admin's machine: readable by their owner alone, and nobody else's are written over.
import { chmod, mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { X25519PublicKey } from "../../../protocol/brand.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { publicKeyOf } from "../../../protocol/noise/primitives.ts";
import { type ClientConfiguration, formatConfiguration, headline } from "./configuration.ts";
import { qrImage } from "./image.ts";

const ending = ".conf";

export interface WrittenClient {
  readonly gateway: string;
  readonly configuration: string;
  readonly image?: string;
}

/** Where the configurations of a client are kept unless somebody says otherwise: git ignores .tm. */
export function clientFolder(project: string, stage: string, name: string): string {
  return path.join(project, ".tm", "clients", stage, name);
}

/**
 * Writes one .conf per gateway and, where it holds the private key, its QR code; durable when it resolves.
 * @throws TunnelMeshError TM_CLIENT_FILE where a file of that name is something else
 */
export async function writeClient(
  folder: string,
  all: readonly ClientConfiguration[],
): Promise<readonly WrittenClient[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written: WrittenClient[] = [];
  for (const one of all) {
    const stem = path.join(folder, `${one.name}-${one.gateway.name}`);
    const configuration = `${stem}${ending}`;
    await refuseForeign(configuration, headline(one));
    const text = formatConfiguration(one);
    await writeFileAtomic(configuration, text, { mode: 0o600 });
    await chmod(configuration, 0o600);
    const image = one.privateKey === undefined ? undefined : `${stem}.png`;
    if (image !== undefined) {
      await writeFileAtomic(image, Buffer.from(qrImage(text)), { mode: 0o600 });
      await chmod(image, 0o600);
    }
    written.push({ gateway: one.gateway.name, configuration, ...(image === undefined ? {} : { image }) });
  }
  return written;
}

/** The private key that belongs to `publicKey`, from a configuration in the folder; undefined where none has it. */
export async function readPrivateKey(folder: string, publicKey: X25519PublicKey): Promise<string | undefined> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  for (const name of names.filter((one) => one.endsWith(ending))) {
    const text = await readFile(path.join(folder, name), "utf8");
    const key = /^PrivateKey = (\S+)$/m.exec(text)?.[1];
    if (key === undefined) continue;
    const bytes = Buffer.from(key, "base64");
    if (bytes.length === 32 && Buffer.compare(publicKeyOf(bytes), publicKey) === 0) return key;
  }
  return undefined;
}

/** Deletes what `writeClient` wrote. */
export async function removeFiles(written: readonly WrittenClient[]): Promise<void> {
  for (const { configuration, image } of written) {
    await rm(configuration, { force: true });
    if (image !== undefined) await rm(image, { force: true });
  }
}

/** Deletes a client's folder in the project. @returns the files that were there */
export async function removeFolder(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  await rm(folder, { recursive: true, force: true });
  return names.toSorted().map((name) => path.join(folder, name));
}

/** A file of the same client, mesh and gateway is an older one of ours. */
async function refuseForeign(file: string, first: string): Promise<void> {
  const there = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  if (there === undefined || there.split("\n", 1)[0] === first) return;
  throw new TunnelMeshError("TM_CLIENT_FILE", { detail: file });
}
