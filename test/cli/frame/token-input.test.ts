// Where a token comes from, in which order, and that it does not stay there.
import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { parseLifetime } from "../../../cli/frame/lifetime.ts";
import { takeToken } from "../../../cli/frame/token-input.ts";

const title = process.title;
afterEach(() => {
  process.title = title;
});

const take = (more: Partial<Parameters<typeof takeToken>[0]> = {}) =>
  takeToken({
    argument: undefined,
    environment: {},
    stdin: Readable.from([]),
    ask: undefined,
    signal: new AbortController().signal,
    ...more,
  });

describe("takeToken", () => {
  it("takes the argument first, and hides it from the process list", async () => {
    const environment = { TM_JOIN_TOKEN: "b" };
    expect(await take({ argument: "a", environment })).toEqual({ text: "a", exposed: true });
    expect([environment, process.title]).toEqual([{}, "tm join"]);
  });

  it("takes it out of the environment", async () => {
    const environment: Record<string, string | undefined> = { TM_JOIN_TOKEN: "b", PATH: "/bin" };
    expect(await take({ environment })).toEqual({ text: "b", exposed: false });
    expect(environment).toEqual({ PATH: "/bin" });
  });

  it("reads the first line of stdin, also for a dash", async () => {
    const stdin = () => Readable.from([Buffer.from("tmj1_"), Buffer.from("abc\nmore\n")]);
    expect((await take({ stdin: stdin() })).text).toBe("tmj1_abc");
    expect((await take({ stdin: stdin(), argument: "-" })).text).toBe("tmj1_abc");
    expect((await take({ stdin: Readable.from([Buffer.from("tmj1_abc")]) })).text).toBe("tmj1_abc");
  });

  it("asks on a terminal, and nowhere else", async () => {
    const terminal = Object.assign(Readable.from([]), { isTTY: true });
    expect(await take({ stdin: terminal, ask: async () => "c" })).toEqual({ text: "c", exposed: false });
    await expect(take({ stdin: terminal })).rejects.toMatchObject({ code: "TM_USAGE" });
    await expect(take({ ask: async () => "c" })).rejects.toMatchObject({ code: "TM_USAGE" });
  });

  it("stops when it is interrupted", async () => {
    const stdin = new Readable({ read() {} });
    await expect(take({ stdin, signal: AbortSignal.timeout(50) })).rejects.toThrow();
  });
});

describe("parseLifetime", () => {
  it("reads minutes, hours and days up to a year", () => {
    expect(["30m", "24h", "30d", "366d"].map(parseLifetime)).toEqual([1800, 86_400, 2_592_000, 31_622_400]);
    for (const text of ["", "0h", "24", "1w", "-1h", "367d", "1.5h", "9999999d"]) {
      expect(() => parseLifetime(text)).toThrow(/no length of time/);
    }
  });
});
