// Families of Linux distributions and what differs between them for an install: how a missing program is installed. Pure.

export type HostFamily = "debian" | "fedora" | "suse" | "arch" | "alpine" | "other";

/** Package of each needed program, by family; programs that one family keeps in the same package share a line. */
const packages: Readonly<Record<"debian" | "fedora" | "suse" | "arch", Readonly<Record<string, string>>>> = {
  debian: { ip: "iproute2", useradd: "passwd", groupadd: "passwd", sha256sum: "coreutils", base64: "coreutils" },
  fedora: {
    ip: "iproute",
    useradd: "shadow-utils",
    groupadd: "shadow-utils",
    sha256sum: "coreutils",
    base64: "coreutils",
  },
  suse: { ip: "iproute2", useradd: "shadow", groupadd: "shadow", sha256sum: "coreutils", base64: "coreutils" },
  arch: { ip: "iproute2", useradd: "shadow", groupadd: "shadow", sha256sum: "coreutils", base64: "coreutils" },
};
const installers = {
  debian: "apt-get install -y",
  fedora: "dnf install -y",
  suse: "zypper install -y",
  arch: "pacman -S --noconfirm",
} as const;

/**
 * The family of a host from ID and ID_LIKE of os-release(5).
 * @param id "ubuntu"
 * @param like "debian", "rhel centos fedora", or empty
 */
export function hostFamily(id: string, like: string): HostFamily {
  const words = [id, ...like.split(/\s+/)].map((word) => word.toLowerCase());
  const is = (...names: readonly string[]) => words.some((word) => names.includes(word));
  if (is("debian", "ubuntu")) return "debian";
  if (is("fedora", "rhel", "centos", "rocky", "almalinux", "amzn", "ol")) return "fedora";
  if (is("suse", "sles", "opensuse") || words.some((word) => word.startsWith("opensuse"))) return "suse";
  if (is("arch")) return "arch";
  if (is("alpine")) return "alpine";
  return "other";
}

/** The command that installs missing programs on a host of this family; undefined where it is not known. */
export function installCommand(family: HostFamily, tools: readonly string[]): string | undefined {
  if (family === "alpine" || family === "other") return undefined;
  const names = new Set(tools.map((tool) => (Object.hasOwn(packages[family], tool) ? packages[family][tool] : tool)));
  return `${installers[family]} ${[...names].join(" ")}`;
}
