// Hosts behind a NAT of their own and hosts with a way out, watched from the other hosts and from a made-up internet.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LocalHostInfo } from "../../../../cli/engine/local/host.ts";
import { type Laboratory, openLaboratory, pictureOf } from "./laboratory.ts";

let laboratory: Laboratory;
let before: string[];
let open: LocalHostInfo;
let hidden: LocalHostInfo;
let online: LocalHostInfo;
const network = `nat-${process.pid}`;
const outside = `lh${process.pid}`;
const run = (command: string): string => execFileSync("sh", ["-ec", command], { encoding: "utf8" });
/** An address that a host takes for the internet: in a namespace beside the machine, with no route back to hosts. */
const far = `198.19.255.${(process.pid % 63) * 4 + 2}`;
const near = `198.19.255.${(process.pid % 63) * 4 + 1}`;

beforeAll(async () => {
  laboratory = await openLaboratory();
  run(`ip netns add ${outside}
    ip link add ${outside} type veth peer name far netns ${outside}
    ip addr add ${near}/30 dev ${outside}; ip link set ${outside} up
    ip -n ${outside} addr add ${far}/30 dev far; ip -n ${outside} link set far up; ip -n ${outside} link set lo up`);
  before = await pictureOf(laboratory.state);
  const specs = [
    { name: "open", nat: "none", internet: false },
    { name: "hidden", nat: "port-restricted", internet: false },
    { name: "online", nat: "port-restricted", internet: true },
  ] as const;
  [open, hidden, online] = (await laboratory.hosts.up(network, specs, laboratory)) as [
    LocalHostInfo,
    LocalHostInfo,
    LocalHostInfo,
  ];
});

afterAll(async () => {
  try {
    await laboratory.close();
  } finally {
    run(`ip netns delete ${outside}`);
  }
});

const inside = (host: LocalHostInfo, command: string) => laboratory.ssh(host.address, command);

/** A program that sends a datagram from a fixed port and prints from which port one is heard within `seconds`. */
function exchange(options: { from: number; to?: readonly [address: string, port: number]; seconds: number }): string {
  const send = options.to === undefined ? "" : `s.sendto(b"hello", ("${options.to[0]}", ${options.to[1]}))`;
  return `python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", ${options.from})); s.settimeout(${options.seconds})
${send}
try: print("heard", s.recvfrom(100)[1][1])
except TimeoutError: print("nothing")
'`;
}

const repeated = (times: number, ...programs: string[]): string =>
  `for i in $(seq ${times}); do ${programs.join("\n")}\ndone`;

describe("a host behind a port-restricted NAT", () => {
  it("answers SSH at its outside address and has another one inside", async () => {
    const own = (await inside(hidden, "ip -4 -br addr show eth0")).text;
    expect(own).not.toContain(hidden.address);
    expect((await inside(hidden, "hostname")).text).toBe("hidden");
  });

  it("shows others its outside address, with the port it sent from", async () => {
    const [heard] = await Promise.all([
      inside(open, "timeout 8 tcpdump -nn -c1 -i eth0 udp port 7000 2>/dev/null"),
      inside(hidden, repeated(8, exchange({ from: 7100, to: [open.address, 7000], seconds: 0.3 }))),
    ]);
    expect(heard.text).toContain(`${hidden.address}.7100 > ${open.address}.7000`);
  });

  it("hears nobody that it has not written to", async () => {
    const [heard] = await Promise.all([
      inside(hidden, exchange({ from: 7200, seconds: 3 })),
      inside(open, repeated(10, exchange({ from: 7201, to: [hidden.address, 7200], seconds: 0.1 }))),
    ]);
    expect(heard.text).toBe("nothing");
  });

  it("hears who it has written to, from that port alone", async () => {
    const wrong = exchange({ from: 7302, to: [hidden.address, 7300], seconds: 0.1 });
    const right = exchange({ from: 7301, to: [hidden.address, 7300], seconds: 0.1 });
    const [heard] = await Promise.all([
      inside(hidden, exchange({ from: 7300, to: [open.address, 7301], seconds: 6 })),
      inside(open, repeated(10, wrong, right)),
    ]);
    expect(heard.text).toBe("heard 7301");
  });

  it("is met by another such host when both send at once", async () => {
    const [first, second] = await Promise.all([
      inside(hidden, repeated(6, exchange({ from: 7401, to: [online.address, 7402], seconds: 0.5 }))),
      inside(online, repeated(6, exchange({ from: 7402, to: [hidden.address, 7401], seconds: 0.5 }))),
    ]);
    expect(first.text).toContain("heard 7402");
    expect(second.text).toContain("heard 7401");
  });
});

describe("a host with internet access", () => {
  it("gets out under the machine's address, and only this host does", async () => {
    expect((await inside(online, `ping -c1 -W2 ${far}`)).code).toBe(0);
    expect((await inside(hidden, `ping -c1 -W1 ${far}`)).code).not.toBe(0);
    expect((await inside(open, `ping -c1 -W1 ${far}`)).code).not.toBe(0);
    expect((await inside(online, "grep -c nameserver /etc/resolv.conf; true")).text).toMatch(/^\d+$/);
  });

  it("takes its way out with it, and everything else", async () => {
    await laboratory.hosts.remove(network, ["online"]);
    expect(run("nft list tables")).not.toContain(`${online.network}`);
    expect((await inside(open, `ping -c1 -W2 ${hidden.address}`)).code).toBe(0);
    await laboratory.hosts.remove(network);
    await expect.poll(() => pictureOf(laboratory.state)).toEqual(before);
  });

  it("is not changed silently when the stack changes", async () => {
    const spec = { name: "fixed", nat: "none", internet: false } as const;
    await laboratory.hosts.up(network, [spec], laboratory);
    await expect(laboratory.hosts.up(network, [{ ...spec, internet: true }], laboratory)).rejects.toMatchObject({
      code: "TM_LOCAL_CHANGED",
    });
    await laboratory.hosts.remove(network);
    await expect.poll(() => pictureOf(laboratory.state)).toEqual(before);
  });
});

describe("the state folder", () => {
  it("is refused on an overlay, with the way out", async () => {
    const folder = `${laboratory.state}-overlay`;
    run(`mkdir -p ${folder}/upper ${folder}/work ${folder}/root
      mount -t overlay -o lowerdir=/etc,upperdir=${folder}/upper,workdir=${folder}/work none ${folder}/root`);
    try {
      const { createLocalHosts } = await import("../../../../cli/engine/local/hosts.ts");
      const making = createLocalHosts({ state: `${folder}/root/state` }).up(network, [], { authorizedKeys: [] });
      await expect(making).rejects.toMatchObject({
        code: "TM_LOCAL_UNSUPPORTED",
        message: expect.stringContaining("it is on an overlay"),
        advice: expect.arrayContaining([expect.stringContaining("SshHost")]),
      });
    } finally {
      run(`umount ${folder}/root`);
    }
  });
});
