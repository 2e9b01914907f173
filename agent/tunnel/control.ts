// The control messages between two agents: probes and their answers, and where each may be reached.
import type { Endpoint } from "../../protocol/coordination/messages.ts";
import { clientLimit, encodeClients, type HeardClient } from "../../protocol/ctl/clients.ts";
import { decodeControl } from "../../protocol/ctl/control.ts";
import { type Candidate, encodeEndpoints, endpointLimit } from "../../protocol/ctl/endpoints.ts";
import { addressBytes, addressText } from "../../protocol/ctl/format.ts";
import { encodePong } from "../../protocol/ctl/pong.ts";
import { awaitsPong } from "../path/path.ts";
import type { DirectPath, Path } from "../transport/path.ts";
import type { Core, Link } from "./core.ts";
import type { Echoes } from "./echo.ts";
import { runPath } from "./paths.ts";
import { rerouteClients } from "./routes.ts";
import { sendControl } from "./sessions.ts";

const unroutable = /^(127\.|169\.254\.|0\.|::1?$|fe[89ab]|ff|22[4-9]\.|2[3-5]\d\.)/i;

/** More ports of one address are nobody's: a list of them would only flood whoever has it. */
const portsPerAddress = 4;

/** Handles one authenticated control plaintext. */
export function receiveControl(core: Core, echoes: Echoes, link: Link, plaintext: Uint8Array, path: Path): void {
  const message = decodeControl(plaintext);
  core.counters.count(`control_${message.kind}`);
  switch (message.kind) {
    case "ping": {
      if (path.kind === "direct" && core.inside.has(path.address)) {
        core.counters.count("path_inside");
        return;
      }
      const [address, port] = path.kind === "direct" ? [path.address.replace(/%.*$/, ""), path.port] : ["::", 0];
      sendControl(core, link, encodePong(message.transaction, address, port), [path]);
      return;
    }
    case "pong": {
      const transaction = Buffer.from(message.transaction).toString("hex");
      const asked = awaitsPong(link.path, transaction, path, core.clock.now());
      if (asked && path.kind === "direct" && message.port > 0)
        link.observed = { address: message.address, port: message.port };
      if (!echoes.answer(transaction, path)) runPath(core, link, { kind: "pong", transaction, path });
      return;
    }
    case "endpoints":
      runPath(core, link, { kind: "candidates", source: "told", paths: directPaths(core, message.endpoints) });
      return;
    case "clients":
      takeClients(core, link, message.clients);
      return;
    default:
      return;
  }
}

/** Tells a peer where this node may be reached. */
export function sendEndpoints(core: Core, link: Link, own: readonly Endpoint[], paths: readonly Path[]): void {
  const candidates: Candidate[] = own.slice(0, endpointLimit).map((endpoint) => ({ ...endpoint, priority: 0 }));
  sendControl(core, link, encodeEndpoints(candidates), paths);
}

/** Another gateway says when it heard the clients that both carry for. */
function takeClients(core: Core, { peer }: Link, clients: readonly HeardClient[]): void {
  const now = core.clock.now();
  let changed = false;
  for (const { nid, ago } of clients) {
    const at = ago === undefined ? Number.NEGATIVE_INFINITY : now - ago * 1000;
    changed = core.clients.note(nid, peer.nid, at) || changed;
  }
  if (changed) rerouteClients(core);
}

/** Tells a peer which shared clients this gateway hears; nothing where there are none. */
export function sendClients(core: Core, link: Link, paths: readonly Path[]): void {
  const told = core.clients.told(core.clock.now());
  for (let start = 0; start < told.length; start += clientLimit) {
    sendControl(core, link, encodeClients(told.slice(start, start + clientLimit)), paths);
  }
}

/** Endpoints as ways; loopback, link-local and multicast ones, and those inside a tunnel, lead to somebody else or in circles. */
export function directPaths(core: Core, endpoints: readonly Endpoint[]): DirectPath[] {
  const counts = new Map<string, number>();
  return endpoints.flatMap(({ address: written, port }): DirectPath[] => {
    // An address has many spellings, an IPv4 one also as IPv6; only one of them is the one that is looked for.
    const address = addressText(addressBytes(written));
    if (port === 0 || unroutable.test(address) || core.inside.has(address)) return [];
    const count = counts.get(address) ?? 0;
    counts.set(address, count + 1);
    return count < portsPerAddress ? [{ kind: "direct", address, port }] : [];
  });
}
