// Fuzzers of what comes as text or as SSH's formats: keys, signatures, bodies, mesh files, tokens, known hosts.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { knownHostName, lookUpKnownHost } from "../../../cli/engine/ssh/known-hosts.ts";
import { parseCidr } from "../../../protocol/addresses/parse.ts";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import { decodeJoinToken } from "../../../protocol/trust/join-token.ts";
import { formatMeshFile, parseMeshFile } from "../../../protocol/trust/mesh-file.ts";
import { parseOpenSshPrivateKey } from "../../../protocol/trust/ssh-private-key.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { SshFormatError } from "../../../protocol/trust/ssh-wire.ts";
import { verifySshsig } from "../../../protocol/trust/sshsig.ts";
import { openKeygen } from "../trust/keygen.ts";
import { genesisItem, grantItem, keysItem, openedView, party, tokenOf } from "../trust/mesh.ts";
import type { Fuzzer } from "./run.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const bytesOfText = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, "latin1"));
const namespace = "lock@tunnelmesh";
const message = "a message";

/** True when it parsed; false for the refusals that a parser promises, and anything else goes on. */
function attempt(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof SshFormatError || isTunnelMeshError(error) || error instanceof RangeError) return false;
    throw error;
  }
}

/** Armor whose Base64 is damaged inside, so that the armor itself is whole. */
const rearm =
  (title: string) =>
  (bytes: Uint8Array, { mutate }: { mutate: (golden: Uint8Array) => Uint8Array }): Uint8Array => {
    const body = text(bytes).replace(/-----[^-]*-----/g, "");
    const inside = mutate(Uint8Array.from(Buffer.from(body, "base64")));
    const lines = Buffer.from(inside).toString("base64").replace(/.{70}/g, "$&\n");
    return bytesOfText(`-----BEGIN ${title}-----\n${lines}\n-----END ${title}-----\n`);
  };

/** Genuine inputs are made by ssh-keygen. */
export function formatFuzzers(): readonly Fuzzer[] {
  using keygen = openKeygen();
  const keys = [
    keygen.make("ed25519"),
    keygen.make("ecdsa", { bits: 256 }),
    keygen.make("ecdsa", { bits: 384 }),
    keygen.make("rsa", { bits: 2048 }),
  ];
  const encrypted = keygen.make("ed25519", { passphrase: "secret" });
  const signatures = keys.map(({ file }) => bytesOfText(keygen.sign(file, namespace, message)));
  const lines = keys.map(({ line }) => bytesOfText(line));
  const blobs = keys.map(({ line }) => Uint8Array.from(Buffer.from(line.split(" ")[1]!, "base64")));
  const privateKeys = [...keys, encrypted].map(({ file }) => new Uint8Array(readFileSync(file)));
  const genesis = genesisItem();
  const view = openedView(genesis);
  const member = party("member");
  const items = [genesis, grantItem(view, member)];
  const bodies = [...items, keysItem(view, member)].map(({ body }) => bytesOfText(body));
  const known = `host ${keys[0]!.line}\n[host]:2222,*.example !x ${keys[1]!.line}\n@revoked * ${keys[3]!.line}\n|1|c2FsdHNhbHRzYWx0c2FsdHNhbHQ=|aGFzaGhhc2hoYXNoaGFzaGhhc2g= ssh-ed25519 AAAA\n`;
  const { text: token } = tokenOf(view, "fuzz");
  return [
    {
      name: "SSHSIG signature",
      golden: signatures,
      repair: rearm("SSH SIGNATURE"),
      parse: (bytes) => verifySshsig(text(bytes), namespace, message).ok,
    },
    { name: "SSH public key line", golden: lines, parse: (bytes) => attempt(() => parseSshPublicKey(text(bytes))) },
    {
      name: "SSH public key blob",
      golden: blobs,
      parse: (bytes) =>
        attempt(() => {
          const key = parseSshPublicKey(bytes);
          // One key, one form: what was read is what is written.
          assert.equal(Buffer.compare(key.blob, bytes), 0);
        }),
    },
    {
      name: "OpenSSH private key",
      golden: privateKeys,
      repair: rearm("OPENSSH PRIVATE KEY"),
      parse: (bytes) => attempt(() => parseOpenSshPrivateKey(bytes)),
    },
    { name: "body of a signed item", golden: bodies, parse: (bytes) => decodeItem(text(bytes)).ok },
    {
      name: "mesh file",
      golden: [bytesOfText(formatMeshFile(items))],
      parse: (bytes) => {
        const read = parseMeshFile(text(bytes));
        if (read.ok) assert.equal(formatMeshFile(read.items), text(bytes));
        return read.ok;
      },
    },
    { name: "join token", golden: [bytesOfText(token)], parse: (bytes) => decodeJoinToken(text(bytes)).ok },
    {
      name: "address range",
      golden: ["100.64.0.0/10", "fd00::/48", "::1/128", "0.0.0.0/0"].map(bytesOfText),
      parse: (bytes) => attempt(() => parseCidr(text(bytes))),
    },
    {
      name: "known hosts",
      golden: [bytesOfText(known)],
      parse: (bytes) => lookUpKnownHost(text(bytes), knownHostName("host", 2222), "known_hosts").length > 1,
    },
  ];
}
