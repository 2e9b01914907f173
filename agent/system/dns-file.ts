// Puts the mesh's resolver into resolv.conf and takes it out again, also after a crash in the middle.
import type { Stats } from "node:fs";
import { chmod, chown, open, realpath, rename, rm, stat } from "node:fs/promises";
import { z } from "zod";
import { readIfThere, writeDurably } from "../map/durable.ts";
import { hasBlock, insertBlock, nameserversOf, removeBlock } from "./dns-text.ts";

const fileLimit = 1024 * 1024;
/** A bind mount cannot be renamed over (EBUSY), and a hardened unit may write the file and not its folder. */
const notRenamable = new Set(["EBUSY", "EROFS", "EACCES", "EPERM", "EXDEV"]);

const backupSchema = z.strictObject({
  v: z.literal(1),
  /** What the file held before; null where there was none. */
  before: z.string().nullable(),
  /** What was to be written. */
  written: z.string(),
});

export interface ResolverFile {
  /** /etc/resolv.conf */
  readonly file: string;
  /** Where the text before the change is kept. */
  readonly backup: string;
  readonly mesh: string;
}

/** Puts `server` first; gives the servers of the host. Called again it changes nothing, or puts back what somebody took out. */
export async function installResolver(
  { file, backup, mesh }: ResolverFile,
  server: string,
): Promise<readonly string[]> {
  const text = await readIfThere(file, fileLimit);
  const before = text === undefined ? null : removeBlock(text, mesh);
  const written = insertBlock(before ?? "", mesh, server);
  if (written !== text) {
    await writeDurably(backup, `${JSON.stringify({ v: 1, before, written })}\n`);
    await replaceText(file, written);
  }
  return nameserversOf(before ?? "");
}

/**
 * Takes our block out. What others changed around it stays; a file that was cut while it was written gets its old text; one
 * that somebody replaced stays as it is. Says whether something was changed.
 */
export async function restoreResolver({ file, backup, mesh }: ResolverFile): Promise<boolean> {
  const text = await readIfThere(file, fileLimit);
  const kept = readBackup(await readIfThere(backup, 4 * fileLimit));
  const wanted = text === undefined ? undefined : textBefore(text, mesh, kept);
  if (wanted === null) await rm(file, { force: true });
  else if (wanted !== undefined && wanted !== text) await replaceText(file, wanted);
  await rm(backup, { force: true });
  return wanted !== undefined && wanted !== text;
}

/** null: the file was not there before. */
function textBefore(text: string, mesh: string, kept: z.infer<typeof backupSchema> | undefined): string | null {
  if (kept !== undefined && (text === kept.written || kept.written.startsWith(text))) return kept.before;
  return hasBlock(text, mesh) ? removeBlock(text, mesh) : text;
}

function readBackup(text: string | undefined): z.infer<typeof backupSchema> | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = backupSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    // It is written by rename: damage comes from outside, and the block's marks are enough to take it out.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** By rename beside the file that a symbolic link leads to, with its owner and mode; in place where that is refused. */
async function replaceText(file: string, text: string): Promise<void> {
  const target = await realpath(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return file;
    throw error;
  });
  const before = await stat(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const temporary = `${target}.tunnelmesh-${process.pid}`;
  try {
    await writeSynced(temporary, text, "wx");
    if (before !== undefined) await takeOver(temporary, before);
    // Everybody on the host reads this file, whatever the umask of a service is.
    await chmod(temporary, before === undefined ? 0o644 : before.mode & 0o7777);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    if (!notRenamable.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    await writeSynced(target, text, "w");
    if (before === undefined) await chmod(target, 0o644);
  }
}

async function takeOver(file: string, { uid, gid }: Stats): Promise<void> {
  const made = await stat(file);
  if (made.uid !== uid || made.gid !== gid) await chown(file, uid, gid);
}

async function writeSynced(file: string, text: string, flags: "w" | "wx"): Promise<void> {
  const handle = await open(file, flags, 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
