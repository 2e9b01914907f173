// Makes a project: what is missing is written, what is there is kept, so that it can be run again at any time.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { fingerprintOf } from "../../../protocol/trust/ssh-public-key.ts";
import { defaultFiles } from "../ssh/identities.ts";
import { isFileError } from "../trust/key-files.ts";
import type { KeyCandidate } from "./admin-keys.ts";
import { findDependency } from "./dependency.ts";
import { projectFiles, projectName } from "./files.ts";

export interface MadeProject {
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly { readonly file: string; readonly state: "made" | "kept" }[];
  /** What package.json should say about tunnelmesh. */
  readonly dependency: string;
  /** Fingerprint of the key that was put into keys/; undefined when a key was there already. */
  readonly adminKey: string | undefined;
  /** Private key file that signs, but that no host is offered as things are; undefined when there is none. */
  readonly notOffered: string | undefined;
}

export interface ProjectOptions {
  readonly folder: string;
  /** The checkout, or the installed package. */
  readonly root: string;
  /** Name of who runs this, for a key that does not say whose it is. */
  readonly user: string;
  /** Asked only when keys/ has no public key yet. @throws TunnelMeshError TM_INIT_… */
  chooseKey(): Promise<KeyCandidate>;
}

/** @throws TunnelMeshError TM_INIT_FOLDER, and what `chooseKey` throws; then nothing was written */
export async function makeProject({ folder, root, user, chooseKey }: ProjectOptions): Promise<MadeProject> {
  const present = await publicKeysIn(path.join(folder, "keys"));
  const [first, ...rest] = present;
  const key = first === undefined ? await chooseKey() : undefined;
  const keyFile = key === undefined ? undefined : `${ownerOf(key, user)}.pub`;
  const dependency = await findDependency(root);
  const contents = {
    ...(key === undefined ? {} : { [`keys/${keyFile}`]: `${key.publicKey.line} ${key.publicKey.comment}`.trim() }),
    ...projectFiles({
      folderName: path.basename(folder),
      dependency,
      adminFiles: [first ?? keyFile ?? "admin.pub", ...rest],
    }),
  };
  const files: MadeProject["files"][number][] = present.map((file) => ({ file: `keys/${file}`, state: "kept" }));
  for (const [file, content] of Object.entries(contents)) {
    const text = content.endsWith("\n") ? content : `${content}\n`;
    files.push({ file, state: await writeIfMissing(path.join(folder, file), text) });
  }
  const adminKey = key === undefined ? undefined : fingerprintOf(key.publicKey);
  return { folder, files, dependency, adminKey, notOffered: key === undefined ? undefined : notOffered(key) };
}

/** ssh offers what the agent holds and the files of its default names; another one has to be loaded or named. */
function notOffered({ file, inAgent }: KeyCandidate): string | undefined {
  const own = file?.replace(/\.pub$/, "");
  return inAgent || own === undefined || defaultFiles.includes(path.basename(own)) ? undefined : own;
}

/** "alice" of "alice@laptop". */
function ownerOf({ publicKey }: KeyCandidate, user: string): string {
  const [owner = ""] = publicKey.comment.split("@");
  return projectName(owner === "" ? user : owner);
}

async function publicKeysIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".pub")).toSorted();
  } catch (error) {
    if (isFileError(error) && error.code === "ENOENT") return [];
    throw refuseFolder(error);
  }
}

async function writeIfMissing(file: string, text: string): Promise<"made" | "kept"> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
    return "made";
  } catch (error) {
    if (isFileError(error) && error.code === "EEXIST" && error.syscall === "open") return "kept";
    throw refuseFolder(error);
  }
}

function refuseFolder(error: unknown): unknown {
  return isFileError(error) ? new TunnelMeshError("TM_INIT_FOLDER", { detail: error.message, cause: error }) : error;
}
