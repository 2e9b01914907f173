// Opens a Unix socket on the host: forwarded by sshd, else through a small program that root runs there.
import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Elevation } from "./elevate.ts";
import { quote } from "./quote.ts";
import { visible } from "./visible.ts";
import { within } from "./within.ts";

export interface SocketParameters {
  readonly client: Client;
  readonly target: string;
  readonly file: string;
  readonly elevate: () => Promise<Elevation>;
  readonly signal?: AbortSignal;
}

/** Somebody may have to say the password for sudo meanwhile. */
const openTimeout = 120_000;

/** @throws TunnelMeshError TM_SSH_SOCKET; the signal's reason when aborted */
export async function openHostSocket(parameters: SocketParameters): Promise<Duplex> {
  const { signal } = parameters;
  signal?.throwIfAborted();
  const { target, file } = parameters;
  const channel = await within(
    forward(parameters).then((opened) => opened ?? bridge(parameters)),
    openTimeout,
    () => new TunnelMeshError("TM_SSH_SOCKET", { detail: `${target}: ${file} did not open in time` }),
    (late) => late.destroy(),
    signal,
  );
  const abort = () => channel.destroy(signal?.reason as Error);
  signal?.addEventListener("abort", abort, { once: true });
  channel.once("close", () => signal?.removeEventListener("abort", abort));
  return channel;
}

/** sshd opens the socket as the user who logged in: that is enough for root. Undefined: it would not. */
function forward({ client, file }: SocketParameters): Promise<Duplex | undefined> {
  return new Promise((resolve) => {
    try {
      client.openssh_forwardOutStreamLocal(file, (error, channel) =>
        resolve(error === undefined ? channel : undefined),
      );
    } catch {
      // The library throws where the server is not OpenSSH or the connection is gone; the bridge finds out which.
      resolve(undefined);
    }
  });
}

/** Copies between its own streams and the socket, with whatever the host has for it. The first byte says that it is open. */
const bridgeScript = `file=$1
for node in /opt/tunnelmesh/releases/*/node; do
  [ -x "$node" ] && exec "$node" -e '
const socket = require("node:net").connect(process.argv[1], () => { process.stdout.write("+"); process.stdin.pipe(socket); socket.pipe(process.stdout); });
socket.on("error", (error) => { process.stderr.write(error.message); process.exit(1); });
socket.on("close", () => process.exit(0));' "$file"
done
echo "there is no release on the host" >&2
exit 1`;

async function bridge({ client, target, file, elevate }: SocketParameters): Promise<Duplex> {
  const { wrap, preamble } = await elevate();
  const command = wrap(`sh -c ${quote(bridgeScript)} sh ${quote(file)}`);
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec(`exec sh -c ${quote(command)}`, (error, opened) =>
      error === undefined ? resolve(opened) : reject(error),
    );
  }).catch((error: unknown) => {
    throw new TunnelMeshError("TM_SSH_CONNECTION_LOST", { detail: target, cause: error });
  });
  if (preamble !== undefined) channel.write(preamble);
  let said = "";
  channel.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-500);
  });
  await new Promise<void>((resolve, reject) => {
    const closed = () =>
      reject(
        new TunnelMeshError("TM_SSH_SOCKET", {
          detail: `${target}: ${file}${said === "" ? "" : `: ${visible(said.trim(), 500)}`}`,
        }),
      );
    channel.once("close", closed);
    const read = () => {
      const first = channel.read(1) as Buffer | null;
      if (first === null) return;
      channel.removeListener("readable", read);
      channel.removeListener("close", closed);
      resolve();
    };
    channel.on("readable", read);
  });
  return channel;
}
