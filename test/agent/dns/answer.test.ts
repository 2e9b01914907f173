// Answers about the mesh: names, addresses, and nothing about anything else.
import { decode, encode, type Packet, type Question, RECURSION_DESIRED } from "dns-packet";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { handleQuery } from "../../../agent/dns/answer.ts";
import { addressOfPointer, zoneOf } from "../../../agent/dns/zone.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { grantItem, now, openedView, party } from "../../protocol/trust/mesh.ts";

const opened = openedView();
const items = [
  grantItem(opened, party("alpha")),
  grantItem(opened, party("beta"), { ip4: "100.64.0.2" as never }),
  // The name is taken: a member under its node id, without IPv4.
  grantItem(opened, party("gamma"), { name: "beta", ip4: "100.64.0.3" as never }),
];
const view = applyItems(opened, items, now).view;
const zone = zoneOf(view);
const [, beta, gamma] = [...view.members.values()];

function query(name: string, type: string, change: Packet = {}): Buffer {
  const questions = [{ name, type, class: "IN" } as Question];
  return encode({ type: "query", id: 4711, flags: RECURSION_DESIRED, questions, ...change });
}

function ask(name: string, type: string, local = true) {
  const handling = handleQuery(zone, query(name, type), local);
  if (handling.kind !== "reply") return handling.kind;
  const packet = decode(handling.packet) as Packet & { rcode?: string; flag_aa?: boolean };
  expect(packet).toMatchObject({ id: 4711, type: "response", flag_rd: true });
  const { rcode, answers = [], authorities = [] } = packet;
  return {
    rcode,
    answers: answers.map((one) => ("data" in one ? one.data : "")),
    authorities: authorities.map(({ type: kind }) => kind),
  };
}

describe("the resolver", () => {
  it.each([
    ["beta.mesh", "A", ["100.64.0.2"]],
    ["BETA.Mesh", "A", ["100.64.0.2"]],
    ["beta.mesh", "AAAA", [beta?.ip6]],
    ["alpha.mesh", "A", ["100.64.0.1"]],
    [`${gamma?.nid.slice(0, 32)}.mesh`, "AAAA", [gamma?.ip6]],
    ["2.0.64.100.in-addr.arpa", "PTR", ["beta.mesh"]],
  ])("answers %s %s", (name, type, answers) => {
    expect(ask(name, type)).toEqual({ rcode: "NOERROR", answers, authorities: [] });
  });

  it("answers the reverse name of an IPv6 address", () => {
    const digits = beta!.ip6.split(":").map((group) => group.padStart(4, "0"));
    const name = `${digits.join("").split("").toReversed().join(".")}.ip6.arpa`;
    if (digits.length === 8) expect(ask(name, "PTR")).toMatchObject({ answers: ["beta.mesh"] });
    expect(addressOfPointer(`${"1.".repeat(32)}ip6.arpa`)).toBe("1111:1111:1111:1111:1111:1111:1111:1111");
  });

  it.each([
    ["nobody.mesh", "A", "NXDOMAIN"],
    ["www.beta.mesh", "A", "NXDOMAIN"],
    ["9.9.64.100.in-addr.arpa", "PTR", "NXDOMAIN"],
    ["beta.mesh", "TXT", "NOERROR"],
    ["mesh", "NS", "NOERROR"],
    [`${gamma?.nid.slice(0, 32)}.mesh`, "A", "NOERROR"],
  ])("says with a SOA that there is no %s %s", (name, type, rcode) => {
    expect(ask(name, type)).toEqual({ rcode, answers: [], authorities: ["SOA"] });
  });

  it("asks others for everything else, for this host alone", () => {
    for (const name of ["example.org", "notmesh", "betamesh", "4.3.2.1.in-addr.arpa"]) {
      expect(ask(name, "A")).toBe("forward");
      expect(ask(name, "A", false)).toEqual({ rcode: "REFUSED", answers: [], authorities: [] });
    }
    expect(ask("beta.mesh", "A", false)).toMatchObject({ answers: ["100.64.0.2"] });
  });

  it("answers EDNS with EDNS, two questions with FORMERR, and no answers at all", () => {
    const additionals = [{ type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0, options: [] }] as never;
    const extended = handleQuery(zone, query("beta.mesh", "A", { additionals }), true);
    expect(extended.kind === "reply" && decode(extended.packet).additionals).toMatchObject([{ type: "OPT" }]);
    const question = { name: "beta.mesh", type: "A", class: "IN" } as Question;
    const two = handleQuery(zone, query("", "A", { questions: [question, question] }), true);
    expect(two.kind === "reply" && decode(two.packet)).toMatchObject({ rcode: "FORMERR" });
    expect(handleQuery(zone, query("beta.mesh", "A", { type: "response" }), true)).toEqual({ kind: "drop" });
  });

  it("survives garbage", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat(60), (bytes, cut) => {
        const valid = query("beta.mesh", "A");
        const mixed = Buffer.concat([valid.subarray(0, cut), bytes]);
        expect(["reply", "forward", "drop"]).toContain(handleQuery(zone, mixed, true).kind);
      }),
      { numRuns: 500 },
    );
  });
});
