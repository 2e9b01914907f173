// What the cloud needs of machines, and machines that exist in memory alone, for tests of the API.
import type { CloudState, DropletRecord } from "./state.ts";

export interface MachineAddresses {
  readonly public_ip: string;
  readonly private_ip: string;
  readonly ipv6: string | null;
}

export interface Machines {
  /**
   * Makes the machine of a droplet and waits until it answers SSH. Doing it again for one that stands changes nothing.
   * @param privateRange range of the droplet's VPC
   */
  create(droplet: DropletRecord, privateRange: string): Promise<MachineAddresses>;
  /** One that is gone is no error. */
  remove(id: number): Promise<void>;
  power(id: number, on: boolean): Promise<void>;
  /** Makes firewalls and reserved addresses what the state says. */
  applyNetwork(state: CloudState): Promise<void>;
}

/** Machines that nobody can reach. */
export function memoryMachines(): Machines & { readonly standing: ReadonlySet<number> } {
  const standing = new Set<number>();
  return {
    standing,
    async create({ id, features }) {
      standing.add(id);
      const part = `${Math.floor(id / 250) % 250}.${(id % 250) + 1}`;
      return {
        public_ip: `198.19.${part}`,
        private_ip: `10.99.${part}`,
        ipv6: features.includes("ipv6") ? `2001:db8::${id.toString(16)}` : null,
      };
    },
    async remove(id) {
      standing.delete(id);
    },
    async power() {},
    async applyNetwork() {},
  };
}
