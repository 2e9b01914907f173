// What a coordinator says about where hosts are is believed only as far as what admins have signed.
import { describe, expect, it } from "vitest";
import { type KnownHost, trustedHosts } from "../../../../cli/engine/deploy/known-hosts.ts";

const member = { name: "nas", sshPublicKey: "ssh-ed25519 AAAAnas" };
const nas: KnownHost = { nid: "1".repeat(64), kind: "ssh", target: "root@nas", hostKey: "ssh-ed25519 AAAAnas" };

describe("a record of where hosts are", () => {
  it("is taken for members, with the key that their grant names", () => {
    expect(trustedHosts({ nas }, [member])).toEqual({ nas });
  });

  it("does not bring in another host key or a host that is nobody's", () => {
    const foreign = { ...nas, target: "root@elsewhere", hostKey: "ssh-ed25519 AAAAmallory" };
    expect(trustedHosts({ nas: foreign, other: nas }, [member])).toEqual({});
  });
});
