// What systemd is told, through the program that it comes with; here a script in its place writes down what it was told.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startServiceNotices } from "../../coordinator/service-notice.ts";

const log = pino({ level: "silent" });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), `tm-notice-${process.pid}-`));
  writeFileSync(path.join(folder, "told"), "");
  const script = `#!/bin/sh\necho "$*" >> ${folder}/told\n`;
  writeFileSync(path.join(folder, "systemd-notify"), script, { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const told = (): string[] => readFileSync(path.join(folder, "told"), "utf8").split("\n").slice(0, -1);

describe("notices to systemd", () => {
  it("say ready, alive and stopping where systemd asked for it", async () => {
    const environment = { PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: "/run/none", WATCHDOG_USEC: "200000" };
    const stop = startServiceNotices(environment, log);
    await expect
      .poll(() => told().filter((line) => line === "WATCHDOG=1").length, { timeout: 5000 })
      .toBeGreaterThan(1);
    expect(told()).toContain("--ready");
    stop();
    await expect.poll(told, { timeout: 5000 }).toContain("STOPPING=1");
  });

  it("are not sent without a socket, and no heartbeat for another process", async () => {
    startServiceNotices({ PATH: folder }, log)();
    const environment = { PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: "/run/none", WATCHDOG_USEC: "2000" };
    const stop = startServiceNotices({ ...environment, WATCHDOG_PID: "1" }, log);
    await expect.poll(told, { timeout: 5000 }).toEqual(["--ready"]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop();
    await expect.poll(told, { timeout: 5000 }).toEqual(["--ready", "STOPPING=1"]);
  });
});
