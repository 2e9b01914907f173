// A droplet's volume on the droplet: mounted where the stack says, now and at each boot.
import { quote } from "../ssh/quote.ts";

/** Seconds that the service may take to show a volume to its droplet. */
const patience = 60;

/** The device of a volume, by its name at the service. */
export function volumeDevice(name: string): string {
  return `/dev/disk/by-id/scsi-0DO_Volume_${name}`;
}

/** A script that mounts `device`; where it is mounted already it changes nothing. `nofail`: a boot does not wait for a lost volume. */
export function mountScript(device: string, mount: string): string {
  return `set -eu
device=${quote(device)} place=${quote(mount)} tries=0
until test -b "$device"; do
  tries=$((tries + 1))
  test $tries -le ${patience} || { echo "there is no $device" >&2; exit 1; }
  sleep 1
done
mkdir -p "$place"
line="$device $place ext4 defaults,nofail,discard,noatime 0 2"
grep -qxF "$line" /etc/fstab || printf '%s\\n' "$line" >> /etc/fstab
mountpoint -q "$place" || mount "$place"
`;
}
