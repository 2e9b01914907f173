// Which interfaces of this host are ends of tunnels, by what the kernel shows of them in /sys.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** linux/if_arp.h: TUNNEL (ipip), TUNNEL6, IPGRE, IP6GRE. Not SIT: an address of a tunnel broker is a public one. */
const tunnelTypes: ReadonlySet<number> = new Set([768, 769, 778, 823]);
/** ARPHRD_NONE: TUN, WireGuard and IPsec interfaces; and modems, which have a device. */
const noType = 65_534;
const overlayKinds = /^DEVTYPE=(vxlan|geneve|wireguard)$/m;

/** False where /sys does not show the interface: a container may have none. */
export function isTunnelDevice(name: string, interfaces = "/sys/class/net"): boolean {
  const folder = path.join(interfaces, name);
  if (existsSync(path.join(folder, "tun_flags"))) return true;
  const type = Number(read(path.join(folder, "type")));
  if (type === noType) return !existsSync(path.join(folder, "device"));
  return tunnelTypes.has(type) || overlayKinds.test(read(path.join(folder, "uevent")));
}

/** Empty where there is none: interfaces come and go. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EINVAL" || code === "EACCES") return "";
    throw error;
  }
}
