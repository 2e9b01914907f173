// The one output that the installer reads: where each droplet is, by the member's name.
import { TerraformOutput, type TerraformStack } from "cdktf";
import type { Machine } from "./droplet.ts";
import { addressesOutput } from "./members.ts";

export { addressesOutput } from "./members.ts";

/** Value of one member in that output; strings are empty where there is none. */
export interface DropletAddresses {
  readonly id: string;
  readonly public_ip: string;
  readonly private_ip: string;
  readonly ipv6: string;
  /** Name of its volume at the service, where it has one: the one that it was made with, whatever the member is called now. */
  readonly volume?: string;
}

export function addAddresses(stack: TerraformStack, machines: readonly Machine[]): void {
  const value = Object.fromEntries(
    machines.map(({ member, droplet, publicIp, volume }) => [
      member.name,
      {
        id: droplet.id,
        public_ip: publicIp,
        private_ip: droplet.ipv4AddressPrivate,
        ipv6: droplet.ipv6Address,
        ...(volume === undefined ? {} : { volume: volume.name }),
      } satisfies DropletAddresses,
    ]),
  );
  new TerraformOutput(stack, addressesOutput, { value, staticId: true });
}
