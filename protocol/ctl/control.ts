// The plaintext of a control session's data message, decoded once to what it is.
import { type Clients, decodeClients } from "./clients.ts";
import { decodeEndpoints, type Endpoints } from "./endpoints.ts";
import { controlKinds, controlVersion, headerLength } from "./format.ts";
import { decodeHead, type Head } from "./head.ts";
import { decodePing, type Ping } from "./ping.ts";
import { decodePong, type Pong } from "./pong.ts";
import { decodePunch, type Punch } from "./punch.ts";

/** `unknown`: another kind or version, counted and ignored. `malformed`: a kind we know with a body that is wrong. */
export type ControlMessage =
  | Ping
  | Pong
  | Endpoints
  | Punch
  | Head
  | Clients
  | { readonly kind: "keepalive" }
  | { readonly kind: "unknown"; readonly code: number; readonly version: number }
  | { readonly kind: "malformed"; readonly code: number };

/** Decodes an opened control plaintext. Control plaintexts are not padded: a ping carries its own padding. */
export function decodeControl(plaintext: Uint8Array): ControlMessage {
  if (plaintext.length === 0) return { kind: "keepalive" };
  const code = plaintext[0]!;
  if (plaintext.length < headerLength) return { kind: "malformed", code };
  const version = plaintext[1]!;
  if (version !== controlVersion) return { kind: "unknown", code, version };
  switch (code) {
    case controlKinds.ping:
      return decodePing(plaintext) ?? { kind: "malformed", code };
    case controlKinds.pong:
      return decodePong(plaintext) ?? { kind: "malformed", code };
    case controlKinds.endpoints:
      return decodeEndpoints(plaintext) ?? { kind: "malformed", code };
    case controlKinds.punch:
      return decodePunch(plaintext) ?? { kind: "malformed", code };
    case controlKinds.head:
      return decodeHead(plaintext) ?? { kind: "malformed", code };
    case controlKinds.clients:
      return decodeClients(plaintext) ?? { kind: "malformed", code };
    default:
      return { kind: "unknown", code, version };
  }
}
