// Turns the host of a member into its model.
import type { HostRecord } from "../host.ts";
import type { MemberRecord } from "../mesh.ts";
import type { HostModel } from "../model.ts";
import { recordOf } from "../record.ts";
import { synthesizeDroplet } from "./droplet.ts";
import { readPublicKey } from "./public-key.ts";
import type { Refuse } from "./refuse.ts";
import { localPropsSchema, parseProps, sshPropsSchema } from "./schema.ts";

/** @throws TunnelMeshError TM_STACK_VALUE, TM_STACK_PORT, TM_STACK_CIDR */
export function synthesizeHost(member: MemberRecord, refuse: Refuse): HostModel {
  const where = { what: `host of ${member.name}`, place: member.place };
  const record = recordOf<HostRecord>(member.host, "host");
  switch (record?.kind) {
    case "local": {
      const props = parseProps(localPropsSchema, record.props);
      if (!props.ok) throw refuse("TM_STACK_VALUE", where, props.why);
      return { kind: "local", ...props.value };
    }
    case "ssh":
      return synthesizeSsh(record.props, where, refuse);
    case "droplet":
      return synthesizeDroplet(record.props, member.name, where, refuse);
    case undefined:
      throw refuse("TM_STACK_VALUE", where, "it is none of LocalHost, SshHost, Droplet");
  }
}

function synthesizeSsh(written: object, where: Parameters<Refuse>[1], refuse: Refuse): HostModel {
  const props = parseProps(sshPropsSchema, written);
  if (!props.ok) throw refuse("TM_STACK_VALUE", where, props.why);
  const { target, port, hostKey } = props.value;
  if (port !== undefined && !isPort(port)) {
    throw refuse("TM_STACK_PORT", where, `port ${String(port)} is not a whole number from 1 to 65535`);
  }
  const key = hostKey === undefined ? undefined : readPublicKey(hostKey);
  if (typeof key === "string") {
    throw refuse("TM_STACK_VALUE", where, `hostKey is not a line like "ssh-ed25519 AAAA…": ${key}`);
  }
  return {
    kind: "ssh",
    target,
    ...(port === undefined ? {} : { port }),
    ...(key === undefined ? {} : { hostKey: key.line }),
  };
}

/** Whether `value` is a TCP or UDP port. */
export function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535;
}
