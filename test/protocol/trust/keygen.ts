// The real ssh-keygen for tests: makes keys in a folder of its own, signs and verifies.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { execaSync } from "execa";

export interface Keygen {
  readonly folder: string;
  /** Makes a key pair; gives its file and the line of its public half. */
  make(type: string, options?: { bits?: number; passphrase?: string; format?: "PEM" }): { file: string; line: string };
  sign(file: string, namespace: string, message: string, hash?: "sha256" | "sha512"): string;
  verify(line: string, namespace: string, message: string, armored: string): boolean;
  [Symbol.dispose](): void;
}

export function openKeygen(): Keygen {
  const folder = mkdtempSync(path.join(os.tmpdir(), "tm-keygen-"));
  let count = 0;
  const fresh = (name: string): string => path.join(folder, `${name}-${++count}`);
  return {
    folder,
    make(type, { bits, passphrase = "", format } = {}) {
      const file = fresh("key");
      const size = bits === undefined ? [] : ["-b", String(bits)];
      const shape = format === undefined ? [] : ["-m", format];
      execaSync("ssh-keygen", ["-q", "-t", type, ...size, ...shape, "-N", passphrase, "-C", "a comment", "-f", file]);
      return { file, line: readFileSync(`${file}.pub`, "utf8") };
    },
    sign(file, namespace, message, hash = "sha512") {
      const input = ["-Y", "sign", "-q", "-n", namespace, "-O", `hashalg=${hash}`, "-f", file];
      return execaSync("ssh-keygen", input, { input: message, stripFinalNewline: false }).stdout;
    },
    verify(line, namespace, message, armored) {
      const allowed = fresh("allowed");
      const signature = fresh("signature");
      writeFileSync(allowed, `someone ${line.split(" ").slice(0, 2).join(" ")}\n`);
      writeFileSync(signature, armored);
      const args = ["-Y", "verify", "-f", allowed, "-I", "someone", "-n", namespace, "-s", signature];
      return execaSync("ssh-keygen", args, { input: message, reject: false }).exitCode === 0;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
