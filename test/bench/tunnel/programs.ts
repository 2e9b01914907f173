// The programs of the peers: built once into the user's cache, newest first; Debian's packages where that fails.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

export interface Program {
  readonly path: string;
  readonly version: string;
}

interface Source {
  readonly name: string;
  /** What the build calls it. */
  readonly built: string;
  readonly builds: readonly (readonly string[])[];
  /** Debian's package and where it puts the program. */
  readonly debian?: readonly [string, string];
  readonly version: (file: string) => string | undefined;
}

/** Go modules whose newest version may ask for a newer Go than is installed: one that is known to build comes after it. */
const goInstall = (module: string, versions: readonly string[]): string[][] =>
  versions.map((version) => ["go", "install", `${module}@${version}`]);
const nebulaVersions = ["latest", "v1.11.0"];

const sources: readonly Source[] = [
  {
    name: "wireguard-go",
    built: "wireguard",
    builds: goInstall("golang.zx2c4.com/wireguard", ["latest"]),
    debian: ["wireguard-go", "/usr/bin/wireguard-go"],
    version: moduleVersion,
  },
  {
    name: "nebula",
    built: "nebula",
    builds: goInstall("github.com/slackhq/nebula/cmd/nebula", nebulaVersions),
    debian: ["nebula", "/usr/bin/nebula"],
    version: moduleVersion,
  },
  {
    name: "nebula-cert",
    built: "nebula-cert",
    builds: goInstall("github.com/slackhq/nebula/cmd/nebula-cert", nebulaVersions),
    debian: ["nebula", "/usr/bin/nebula-cert"],
    version: moduleVersion,
  },
  {
    name: "boringtun-cli",
    built: "boringtun-cli",
    builds: [
      ["cargo", "install", "--locked", "boringtun-cli"],
      ["cargo", "install", "boringtun-cli"],
    ],
    version: (file) => /\d[\w.]*/.exec(run([file, "--version"]).output)?.[0],
  },
];

const folder = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "tunnelmesh/bench");

/** Finds, builds or installs a program; undefined, with a line that says why, when it cannot be had. `rebuild`: even if it is there. */
export function obtainProgram(name: string, rebuild: boolean, report: (text: string) => void): Program | undefined {
  const source = sources.find((one) => one.name === name);
  if (source === undefined) throw new RangeError(`no such program: ${name}`);
  const file = path.join(folder, "bin", source.name);
  if (rebuild || !existsSync(file)) build(source, file, report);
  if (existsSync(file)) return { path: file, version: source.version(file) ?? "unknown" };
  const packaged = source.debian === undefined ? undefined : installPackage(source.debian);
  if (packaged === undefined) report(`${name} takes no part: it could neither be built nor installed`);
  return packaged;
}

function build({ name, built, builds }: Source, file: string, report: (text: string) => void): void {
  const out = path.join(folder, "build");
  mkdirSync(path.dirname(file), { recursive: true });
  for (const command of builds) {
    report(`building ${name}: ${command.join(" ")} (minutes, once)`);
    const cargo = { CARGO_INSTALL_ROOT: out, CARGO_TARGET_DIR: path.join(folder, "target") };
    const { code, output } = run(command, { GOBIN: path.join(out, "bin"), ...cargo });
    if (code === 0) {
      copyFileSync(path.join(out, "bin", built), file);
      return;
    }
    report(`that failed: ${output.trim().split("\n").at(-1)}`);
  }
}

function installPackage([name, file]: readonly [string, string]): Program | undefined {
  if (!existsSync(file) && process.getuid?.() === 0) {
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", name], { DEBIAN_FRONTEND: "noninteractive" });
  }
  if (!existsSync(file)) return undefined;
  const { code, output } = run(["dpkg-query", "-W", "-f", `Debian \${Version}`, name]);
  return { path: file, version: code === 0 ? output : "unknown" };
}

/** Of the main module of a Go program, without a commit's hash. */
function moduleVersion(file: string): string | undefined {
  const version = /^\tmod\t\S+\t(\S+)/m.exec(run(["go", "version", "-m", file]).output)?.[1];
  return version?.replace(/^v0\.0\.0-(\d{4})(\d\d)(\d\d)\d+-[0-9a-f]+$/, "$1-$2-$3").replace(/^v/, "");
}

function run(
  command: readonly string[],
  more: NodeJS.ProcessEnv = {},
): { readonly code: number; readonly output: string } {
  const [program = "", ...parameters] = command;
  const environment = {
    ...process.env,
    ...more,
    PATH: `${process.env["PATH"]}:/usr/local/go/bin:${homedir()}/.cargo/bin`,
  };
  const { status, stdout, stderr, error } = spawnSync(program, parameters, { encoding: "utf8", env: environment });
  return { code: status ?? 1, output: `${stdout ?? ""}${stderr ?? ""}${error === undefined ? "" : String(error)}` };
}
