// Reads the admins of a mesh: SSH public keys written in the stack, or in files of its repository.
import path from "node:path";
import type { Place } from "../place.ts";
import { readPublicKey } from "./public-key.ts";
import type { Refuse } from "./refuse.ts";

export interface AdminOptions {
  /** Absolute folder that paths are relative to: the stack file's. */
  readonly folder: string;
  /** Absolute folder that key files must lie in. */
  readonly repository: string;
  /** Reads a small text file; rejects when it cannot. Symbolic links that leave the repository are its to refuse. */
  readonly readFile: (file: string) => Promise<string>;
  readonly refuse: Refuse;
  readonly place: Place | undefined;
}

/** Gives each admin as "TYPE BASE64 COMMENT", sorted. */
export async function readAdmins(admins: readonly string[], options: AdminOptions): Promise<string[]> {
  const keys = new Map<string, string>();
  for (const admin of admins) {
    if (isPrivate(admin)) {
      throw options.refuse(
        "TM_STACK_ADMIN_KEY_PRIVATE",
        { what: "admins", place: options.place },
        "one is a private key",
      );
    }
    const where = { what: `admins ${JSON.stringify(admin.slice(0, 60))}`, place: options.place };
    const line = looksLikeKey(admin) ? admin.trim() : await readKeyFile(admin, options);
    const key = readPublicKey(line);
    if (typeof key === "string") {
      throw options.refuse("TM_STACK_ADMIN_KEY", where, `it is not a line like "ssh-ed25519 AAAA… alice": ${key}`);
    }
    if (keys.has(key.line)) throw options.refuse("TM_STACK_ADMIN_KEY", where, "this key is there twice");
    keys.set(key.line, `${key.line} ${key.comment}`.trim());
  }
  return [...keys.values()].toSorted();
}

function looksLikeKey(admin: string): boolean {
  return /^\s*(ssh-|ecdsa-|sk-)[a-z0-9@.-]+\s/.test(admin);
}

function isPrivate(content: string): boolean {
  return /PRIVATE KEY-----|^PuTTY-User-Key-File/m.test(content);
}

async function readKeyFile(admin: string, options: AdminOptions): Promise<string> {
  const where = { what: `admins ${JSON.stringify(admin)}`, place: options.place };
  const refuse = options.refuse;
  if (/^[~$]/.test(admin)) throw refuse("TM_STACK_ADMIN_KEY_PLACE", where, "it lies in a home folder");
  if (path.isAbsolute(admin)) throw refuse("TM_STACK_ADMIN_KEY_PLACE", where, "it is an absolute path");
  const file = path.resolve(options.folder, admin);
  const inside = path.relative(options.repository, file);
  if (inside.startsWith("..") || path.isAbsolute(inside)) {
    throw refuse("TM_STACK_ADMIN_KEY_PLACE", where, `it lies outside the project ${options.repository}`);
  }
  let content: string;
  try {
    content = await options.readFile(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refuse("TM_STACK_ADMIN_KEY", where, `it cannot be read: ${why}`);
  }
  if (isPrivate(content)) {
    throw refuse("TM_STACK_ADMIN_KEY_PRIVATE", where, "the file holds a private key", [
      `Name the public half: ${JSON.stringify(`${admin}.pub`)}.`,
      "If the private key was ever committed or shared, make a new one: ssh-keygen -t ed25519",
    ]);
  }
  const lines = content.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  if (lines.length !== 1) {
    throw refuse("TM_STACK_ADMIN_KEY", where, `the file holds ${lines.length} keys and must hold one`);
  }
  return lines[0]?.trim() ?? "";
}
