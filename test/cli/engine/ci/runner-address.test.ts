// Which address a firewall is opened for: what is said, what this machine has, or what two witnesses agree on.
import { describe, expect, it } from "vitest";
import { type AddressWitness, findRunnerAddresses } from "../../../../cli/engine/ci/runner-address.ts";

const signal = new AbortController().signal;
const witness = (name: string, answer: string | Error, family: 4 | 6 = 4): AddressWitness => ({
  name,
  family,
  ask: async () => {
    if (answer instanceof Error) throw answer;
    return answer;
  },
});
const find = (witnesses: readonly AddressWitness[], more = {}) =>
  findRunnerAddresses({ targets: [], onThisMachine: false, witnesses, signal, ...more });

describe("the runner's address", () => {
  it("is what it was told, ranges too", async () => {
    expect(await find([], { given: "203.0.113.7, 198.51.100.0/28 2001:db8::/64" })).toEqual([
      "203.0.113.7",
      "198.51.100.0/28",
      "2001:db8::/64",
    ]);
    for (const given of ["0.0.0.0/0", "10.0.0.0/8", "::/0", "nobody", "203.0.113.7/33"]) {
      await expect(find([], { given })).rejects.toMatchObject({ code: "TM_CI_ADDRESS" });
    }
  });

  it("is this machine's own on the way to a cloud that is here", async () => {
    expect(await find([], { targets: ["127.0.0.1"], onThisMachine: true })).toEqual(["127.0.0.1"]);
  });

  it("is never a private one of a cloud elsewhere", async () => {
    const agreed = [witness("a", "8.8.4.4"), witness("b", "8.8.4.4\n")];
    expect(await find(agreed, { targets: ["127.0.0.1"] })).toEqual(["8.8.4.4"]);
  });

  it("needs two that agree, in each family by itself", async () => {
    const six = [witness("c", "2606:4700:0:0::1", 6), witness("d", "2606:4700::1", 6)];
    expect(await find([witness("a", "8.8.4.4"), witness("b", "8.8.4.4"), ...six])).toEqual(["8.8.4.4", "2606:4700::1"]);
    await expect(
      find([witness("a", "8.8.4.4"), witness("b", "8.8.8.8"), witness("c", new Error("down"))]),
    ).rejects.toMatchObject({
      code: "TM_CI_ADDRESS",
      detail: "a: 8.8.4.4; b: 8.8.8.8; c: down",
    });
    await expect(find([witness("a", "8.8.4.4"), witness("b", "<html>")])).rejects.toMatchObject({
      detail: expect.stringContaining("b: no address"),
    });
    await expect(find([witness("a", "10.0.0.1"), witness("b", "10.0.0.1")])).rejects.toMatchObject({
      code: "TM_CI_ADDRESS",
    });
  });
});
