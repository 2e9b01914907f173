// A stranger with and without a token at the coordinator: what must be proven on which channel, and how often it may ask.
import { describe, expect, it } from "vitest";
import { signatureNamespaces } from "../../protocol/constants.ts";
import { joinProofText } from "../../protocol/coordination/messages.ts";
import { meshIdOf } from "../../protocol/trust/genesis.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { keysItem, logItem, party, tokenGrant, tokenOf } from "../protocol/trust/mesh.ts";
import { alice, genesis, someone, useCoordinator, view } from "./fixture.ts";

const exp = Math.ceil((Date.now() / 1000 + 3600) / 60) * 60;
const token = tokenOf(view, "coordinator", { exp, uses: 3 });
const { tid } = token.entry;
const entry = logItem(view, token.entry);
const joiner = { ...someone("joiner", "100.64.0.9") };

describe("a guest", () => {
  const fixture = useCoordinator([genesis, entry, alice.grant], "file");

  async function opened(of = joiner) {
    const client = fixture.client(of);
    await client.join(fixture.coordinator);
    const proof = async (binding: Uint8Array) =>
      await token.party.signer.sign(signatureNamespaces.token, joinProofText(view.meshId, binding));
    return { client, proof };
  }

  it("that proves its token on this channel gets genesis and log, a place, and in", async () => {
    const { client, proof } = await opened();
    client.send("prove", { id: 1, tid, proof: await proof(client.binding) });
    expect(await client.next("proven")).toMatchObject({ id: 1, ok: true, usesLeft: 3 });
    const { items } = await client.delta();
    expect(items.map(({ body }) => body)).toEqual([genesis.body, entry.body]);
    expect(meshIdOf(items[0]!.body)).toBe(view.meshId);
    client.send("propose", { id: 2, nid: joiner.nid, name: "alice", exact: false });
    const place = await client.next("proposed");
    expect(place).toMatchObject({ ok: true, name: "alice-2", ip4: "100.64.0.2", seq: 1 });
    const grant = await tokenGrant(view, token, joiner.who, { name: "alice-2", ip4: "100.64.0.2" as never });
    const taken = await tokenGrant(view, token, joiner.who, { name: "alice", ip4: "100.64.0.2" as never });
    expect((await client.submit(taken))[0]?.reason).toBe("name-taken");
    const other = await tokenGrant(view, token, party("another"), { ip4: "100.64.0.7" as never });
    expect((await client.submit(other))[0]?.reason).toBe("not-yours");
    expect((await client.submit(grant)).map(({ accepted }) => accepted)).toEqual([true]);
    client.send("propose", { id: 3, nid: joiner.nid, exact: false });
    expect(await client.next("proposed")).toMatchObject({ ok: true, granted: grant });
    expect((await client.submit(grant, joiner.keys)).map(({ known }) => known)).toEqual([true, false]);
  });

  it("gets nothing for the proof of another channel, another key or no proof", async () => {
    const stranger = someone("stranger", "100.64.0.10");
    const [one, two] = [await opened(stranger), await opened(stranger)];
    const foreign = tokenOf(view, "foreign");
    const text = joinProofText(view.meshId, two.client.binding);
    for (const proof of [
      await one.proof(one.client.binding),
      await foreign.party.signer.sign(signatureNamespaces.token, text),
      await token.party.signer.sign(signatureNamespaces.node, text),
      "no signature",
    ]) {
      two.client.send("prove", { id: 1, tid, proof });
      expect(await two.client.next("proven")).toMatchObject({ ok: false, code: "TM_JOIN_UNKNOWN_TOKEN" });
    }
    two.client.send("propose", { id: 2, nid: stranger.nid, exact: false });
    expect(await two.client.next("proposed")).toMatchObject({ ok: false, code: "TM_JOIN_UNKNOWN_TOKEN" });
    const grant = await tokenGrant(view, token, stranger.who, { ip4: "100.64.0.10" as never });
    const verdicts = await two.client.submit(grant, keysItem(view, stranger.who));
    expect(verdicts.map(({ reason }) => reason)).toEqual(["not-proven", "not-granted"]);
    expect(two.client.messages.some(({ kind }) => kind === "items")).toBe(false);
    two.client.send("prove", { id: 3, tid, proof: await two.proof(two.client.binding) });
    expect(await two.client.next("proven")).toMatchObject({ ok: true });
    two.client.send("propose", { id: 4, nid: nodeIdOf(alice.who.signer.publicKey), exact: false });
    expect(await two.client.next("proposed")).toMatchObject({ ok: false });
  });

  it("asks a few times and no more", async () => {
    const { client } = await opened(someone("asker", "100.64.0.11"));
    for (let id = 0; id < 20; id += 1) client.send("propose", { id, nid: alice.nid, exact: false });
    expect(await client.next("notice")).toMatchObject({ code: "TM_COORDINATION_QUOTA" });
    await client.ended();
  });

  it("stays counted over a restart", async () => {
    await fixture.coordinator.stop("SIGKILL");
    await fixture.coordinator.start();
    const reply = await fixture.coordinator.ask<{ tokens: unknown[] }>({ method: "tokens" });
    expect(reply.tokens).toMatchObject([
      { tid, usesLeft: 2, used: [{ nid: joiner.nid, name: "alice-2", member: true }] },
    ]);
  });
});
