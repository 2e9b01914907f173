// Waiting for an SSH server takes a moment's doubt about its machine, and no more than that.
import { createServer } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { waitForBanner } from "../../../../cli/engine/local/banner.ts";

/** An address of loopback that nobody else uses, on the port of SSH. */
const address = `127.77.${(process.pid >> 8) & 255}.${process.pid & 255}`;
const server = createServer((socket) => socket.end("SSH-2.0-test\r\n"));
afterAll(() => new Promise((resolve) => server.close(resolve)));

describe("waiting for SSH", () => {
  it("goes on when the machine seems gone for a moment", async () => {
    let looks = 0;
    const alive = async (): Promise<boolean> => {
      looks += 1;
      if (looks === 4) server.listen(22, address);
      // As while its supervisor becomes another program.
      return looks > 2;
    };
    expect(await waitForBanner(address, 10_000, alive)).toBe(true);
  });

  it("ends when the machine is gone", async () => {
    const started = performance.now();
    expect(await waitForBanner("127.77.255.254", 60_000, async () => false)).toBe(false);
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});
