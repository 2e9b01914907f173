// A PostgreSQL server of a test's own, on a socket in a folder: started as another user, as it does not run as root.
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";

const releases = "/usr/lib/postgresql";

export interface PostgresServer {
  /** Connection string of the database `name`, which is made. */
  database(name: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @throws Error when PostgreSQL is not installed: test/packages.ts names its package */
export async function startPostgres(): Promise<PostgresServer> {
  const newest = readdirSync(releases).toSorted((left, right) => Number(right) - Number(left))[0];
  const bin = path.join(releases, newest ?? "", "bin");
  const folder = mkdtempSync(path.join(tmpdir(), "tm-postgres-"));
  const socket = path.join(folder, "socket");
  mkdirSync(socket);
  const { stdout: id } = await execa("id", ["-u", "postgres"]);
  chownSync(folder, Number(id), -1);
  chownSync(socket, Number(id), -1);
  const data = path.join(folder, "data");
  const asPostgres = (program: string, ...rest: string[]) =>
    execa("runuser", ["-u", "postgres", "--", path.join(bin, program), ...rest], { cwd: folder, stdout: "ignore" });
  await asPostgres("initdb", "-D", data, "-A", "trust", "-U", "tm", "--no-sync");
  const settings = `-c listen_addresses= -c unix_socket_directories=${socket} -c fsync=off`;
  await asPostgres("pg_ctl", "-D", data, "-w", "-l", path.join(folder, "log"), "-o", settings, "start");
  return {
    async database(name) {
      await execa(path.join(bin, "psql"), [
        "-h",
        socket,
        "-U",
        "tm",
        "-d",
        "postgres",
        "-c",
        `CREATE DATABASE ${name}`,
      ]);
      return `postgres:///${name}?host=${socket}&user=tm`;
    },
    async [Symbol.asyncDispose]() {
      await asPostgres("pg_ctl", "-D", data, "-m", "immediate", "stop");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
