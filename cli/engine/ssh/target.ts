// A target as somebody writes it: "user@host:port", "[v6]:port", "ssh://…" or an alias.
import { brokenConfiguration } from "./broken.ts";

export interface NamedTarget {
  readonly user?: string;
  readonly host: string;
  readonly port?: number;
}

/** @throws TunnelMeshError TM_SSH_CONFIGURATION */
export function parseTarget(target: string): NamedTarget {
  const text = target.replace(/^ssh:\/\//, "").replace(/\/$/, "");
  const at = text.lastIndexOf("@");
  const user = at > 0 ? text.slice(0, at) : undefined;
  const rest = text.slice(at + 1);
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(rest);
  const plain = /^([^:\s]+)(?::(\d+))?$/.exec(rest);
  const address = /^[0-9a-fA-F:.]+(?:%\w+)?$/.test(rest) && rest.split(":").length > 2 ? rest : undefined;
  const host = bracketed?.[1] ?? address ?? plain?.[1];
  // A name that begins with a hyphen would be an option wherever it is handed on.
  if (host === undefined || host.startsWith("-") || user?.startsWith("-") === true) {
    throw brokenConfiguration(target, "it is no user@host");
  }
  if (/[\s'"`$;|&<>\\{}\p{Cc}]/u.test(text)) throw brokenConfiguration(target, "it is no user@host");
  const port = bracketed?.[2] ?? (address === undefined ? plain?.[2] : undefined);
  return { host, ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port: Number(port) }) };
}
