// An ssh-agent with one security key made of software: it signs as a touched token does (PROTOCOL.u2f), for tests at a real sshd.
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createServer, type Server } from "node:net";
import { SshReader, sshString, sshUint32 } from "../../../../protocol/trust/ssh-wire.ts";

const type = "sk-ssh-ed25519@openssh.com";
const application = "ssh:";
const sha256 = (data: Uint8Array | string) => createHash("sha256").update(data).digest();

/** Listens at `socketPath`; `publicKey` is the line for authorized_keys. */
export async function startSecurityKeyAgent(socketPath: string): Promise<{ publicKey: string; server: Server }> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const point = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const blob = Buffer.concat([sshString(type), sshString(point), sshString(application)]);
  const answer = (request: Uint8Array): Buffer => {
    const reader = new SshReader(request);
    if (reader.take(1)[0] === 11) {
      return Buffer.concat([Buffer.of(12), sshUint32(1), sshString(blob), sshString("token")]);
    }
    reader.string();
    // Flags say that somebody touched it; then the counter of signatures.
    const tail = Buffer.concat([Buffer.of(1), sshUint32(7)]);
    const signed = sign(null, Buffer.concat([sha256(application), tail, sha256(reader.string())]), privateKey);
    return Buffer.concat([Buffer.of(14), sshString(Buffer.concat([sshString(type), sshString(signed), tail]))]);
  };
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => void socket.write(sshString(answer(chunk.subarray(4)))));
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return { publicKey: `${type} ${blob.toString("base64")}`, server };
}
