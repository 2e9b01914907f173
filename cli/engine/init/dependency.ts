// Says how a new project names this very package: by version, or by file where the registry does not have it.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";

const patience = 10_000;

/**
 * "1.2.3" where the registry has this version; "file:…" of the clone, the tarball or the installed folder otherwise.
 * @param root the checkout, or the installed package
 */
export async function findDependency(root: string): Promise<string> {
  if (existsSync(path.join(root, "cli/bin.ts"))) return `file:${root}`;
  const tarball = installedTarball(root);
  if (tarball !== undefined) return `file:${tarball}`;
  const { name, version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Record<string, string>;
  const asked = await execa("npm", ["view", "--json", `${name}@${version}`, "version"], {
    reject: false,
    timeout: patience,
  });
  // Only a clear "there is none" is one: a registry that does not answer says nothing about it.
  return asked.exitCode !== 0 && asked.stdout.includes("E404") ? `file:${root}` : `${version}`;
}

/** The tarball that npm installed this package from, as npm has noted it beside the package; undefined where there is none. */
function installedTarball(root: string): string | undefined {
  const modules = path.dirname(root);
  const note = path.join(modules, ".package-lock.json");
  if (path.basename(modules) !== "node_modules" || !existsSync(note)) return undefined;
  const { packages } = JSON.parse(readFileSync(note, "utf8")) as { packages?: Record<string, { resolved?: string }> };
  const resolved = packages?.[`node_modules/${path.basename(root)}`]?.resolved;
  if (resolved === undefined || !resolved.startsWith("file:")) return undefined;
  const file = path.resolve(path.dirname(modules), resolved.slice("file:".length));
  return existsSync(file) ? file : undefined;
}
