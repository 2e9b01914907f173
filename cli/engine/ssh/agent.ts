// Speaks with ssh-agent (draft-ietf-sshm-ssh-agent): which keys it holds, certificates and security keys too, and signatures.
import { connect, type Socket } from "node:net";
import { SshFormatError, SshReader, sshString, sshUint32 } from "../../../protocol/trust/ssh-wire.ts";

export interface AgentKey {
  /** "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", … */
  readonly type: string;
  readonly blob: Buffer;
  readonly comment: string;
}

const requestIdentities = 11;
const identitiesAnswer = 12;
const signRequest = 13;
const signResponse = 14;
const sha512Flag = 4;
const sha256Flag = 2;
/** Largest answer that is read; OpenSSH's own limit. */
const answerLimit = 256 * 1024;
const keyLimit = 256;
const listTimeout = 3000;
/** Somebody may have to touch a security key or type a PIN. */
const signTimeout = 60_000;

/** The keys in the agent's order; an agent that does not answer holds none. */
export async function listAgentKeys(socketPath: string): Promise<AgentKey[]> {
  try {
    const reader = new SshReader(await ask(socketPath, Buffer.of(requestIdentities), listTimeout));
    if (reader.take(1)[0] !== identitiesAnswer) return [];
    const count = Math.min(reader.uint32(), keyLimit);
    return Array.from({ length: count }, () => {
      const blob = Buffer.from(reader.string());
      return { type: new SshReader(blob).text(), blob, comment: Buffer.from(reader.string()).toString("utf8") };
    });
  } catch (error) {
    if (error instanceof AgentError || error instanceof SshFormatError) return [];
    throw error;
  }
}

/** The signature as SSH has it: algorithm and value. @throws AgentError when the agent refuses or does not answer */
export async function signWithAgent(
  socketPath: string,
  blob: Buffer,
  data: Buffer,
  algorithm: string,
): Promise<Buffer> {
  const flags = algorithm === "rsa-sha2-512" ? sha512Flag : algorithm === "rsa-sha2-256" ? sha256Flag : 0;
  const request = Buffer.concat([Buffer.of(signRequest), sshString(blob), sshString(data), sshUint32(flags)]);
  const reader = new SshReader(await ask(socketPath, request, signTimeout));
  if (reader.take(1)[0] !== signResponse) throw new AgentError("the agent does not sign with it");
  return Buffer.from(reader.string());
}

export class AgentError extends Error {
  override readonly name = "AgentError";
}

function ask(socketPath: string, request: Buffer, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(socketPath);
    const fail = (why: string) => {
      socket.destroy();
      clearTimeout(timer);
      reject(new AgentError(why));
    };
    const timer = setTimeout(() => fail("the agent does not answer"), timeout);
    let answer: Buffer = Buffer.alloc(0);
    socket.once("error", (error) => fail(`the agent cannot be reached: ${error.message}`));
    socket.once("close", () => fail("the agent closed the connection"));
    socket.on("data", (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      const length = answer.length < 4 ? undefined : answer.readUInt32BE(0);
      if (length !== undefined && (length === 0 || length > answerLimit)) return fail("the agent's answer is damaged");
      if (length === undefined || answer.length < 4 + length) return;
      clearTimeout(timer);
      socket.removeAllListeners("close");
      socket.destroy();
      resolve(answer.subarray(4, 4 + length));
    });
    socket.write(sshString(request));
  });
}
