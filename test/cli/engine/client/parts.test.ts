// The parts of tm client: endpoints, keys, the configuration, its QR code and its files.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PNG } from "pngjs";
import decodeQR from "qr/decode.js";
import { afterEach, describe, expect, it } from "vitest";
import {
  type ClientConfiguration,
  formatConfiguration,
  meshRanges,
} from "../../../../cli/engine/client/configuration.ts";
import { endpointOf } from "../../../../cli/engine/client/endpoint.ts";
import { clientFolder, readPrivateKey, removeFolder, writeClient } from "../../../../cli/engine/client/files.ts";
import { qrImage, qrLines } from "../../../../cli/engine/client/image.ts";
import { clientKey, encodeKey, refuseUsedKey } from "../../../../cli/engine/client/keys.ts";
import { renderAdded, renderClients } from "../../../../cli/output/clients.ts";
import { meshUla } from "../../../../protocol/addresses/ula.ts";
import { deriveTunnelKeys } from "../../../../protocol/trust/tunnel-keys.ts";
import { applyItems } from "../../../../protocol/trust/view.ts";
import { grantItem, keysItem, now, openedView, party } from "../../../protocol/trust/mesh.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const temporary = () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tm-client-"));
  folders.push(folder);
  return folder;
};
const codeOf = async (work: () => unknown) => {
  try {
    await work();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return "none";
};

const configuration: ClientConfiguration = {
  mesh: "demo-main",
  name: "phone",
  privateKey: "cHJpdmF0ZSBrZXkgcHJpdmF0ZSBrZXkgcHJpdmF0ZSE=",
  ip4: "100.64.0.9",
  ip6: "fd12:3456:789a::9",
  gateway: {
    name: "hub",
    publicKey: "6hvuohLCzCjdeb1Yzzuh2jsRcL/Iu/C+/kGt7kYnhW8=",
    presharedKey: "cHJlc2hhcmVkIGtleSBwcmVzaGFyZWQga2V5IHByZSE=",
    endpoint: "203.0.113.7:51820",
  },
  allowedIps: ["100.64.0.0/10", "fd12:3456:789a::/48"],
};
const text = `# phone of mesh demo-main, by gateway hub
[Interface]
PrivateKey = cHJpdmF0ZSBrZXkgcHJpdmF0ZSBrZXkgcHJpdmF0ZSE=
Address = 100.64.0.9/32, fd12:3456:789a::9/128
MTU = 1420

[Peer]
PublicKey = 6hvuohLCzCjdeb1Yzzuh2jsRcL/Iu/C+/kGt7kYnhW8=
PresharedKey = cHJlc2hhcmVkIGtleSBwcmVzaGFyZWQga2V5IHByZSE=
AllowedIPs = 100.64.0.0/10, fd12:3456:789a::/48
Endpoint = 203.0.113.7:51820
PersistentKeepalive = 25
`;

describe("a gateway's endpoint", () => {
  const at = (address: string, change = {}) => ({ address, viaProxy: false, local: false, ...change });

  it("is where SSH reached it, when clients can too", () => {
    expect(endpointOf("hub", at("203.0.113.7".replace("203.0.113", "8.8.4")), undefined)).toBe("8.8.4.7:51820");
    expect(endpointOf("hub", at("2600:1f00::7"), undefined)).toBe("[2600:1f00::7]:51820");
    expect(endpointOf("hub", at("hub.example.org"), undefined)).toBe("hub.example.org:51820");
    expect(endpointOf("hub", at("198.18.0.2", { local: true }), undefined)).toBe("198.18.0.2:51820");
  });

  it.each([
    "10.0.0.7",
    "192.168.1.7",
    "100.64.0.7",
    "127.0.0.1",
    "169.254.1.1",
    "fd00::7",
    "fe80::7",
    "::1",
    "::ffff:10.0.0.7",
  ])("is not %s, and the refusal says how to name another", (address) => {
    expect(() => endpointOf("hub", at(address), undefined)).toThrow(
      expect.objectContaining({
        code: "TM_CLIENT_NO_ENDPOINT",
        advice: expect.arrayContaining([expect.stringContaining("--endpoint hub=ADDRESS:51820")]),
      }),
    );
  });

  it("is not behind a ProxyJump, nor of a member that is not in the stack, unless it is said", async () => {
    expect(await codeOf(() => endpointOf("hub", at("8.8.4.7", { viaProxy: true }), undefined))).toBe(
      "TM_CLIENT_NO_ENDPOINT",
    );
    expect(await codeOf(() => endpointOf("hub", undefined, undefined))).toBe("TM_CLIENT_NO_ENDPOINT");
    expect(endpointOf("hub", undefined, "vpn.example.org:51000")).toBe("vpn.example.org:51000");
    expect(endpointOf("hub", at("10.0.0.7"), "10.0.0.7")).toBe("10.0.0.7:51820");
    expect(endpointOf("hub", undefined, "[2600:1f00::7]:500")).toBe("[2600:1f00::7]:500");
    expect(endpointOf("hub", undefined, "2600:1f00::7")).toBe("[2600:1f00::7]:51820");
    for (const bad of ["", "hub:0", "hub:65536", "a b:1", "hub:1:2", "x\nPostUp = id:1"]) {
      expect(await codeOf(() => endpointOf("hub", undefined, bad))).toBe("TM_CLIENT_FIELD");
    }
  });
});

describe("a client's key", () => {
  it("is made as WireGuard's own tools make it", () => {
    const key = clientKey(undefined);
    const [made, again] = [key.privateKey ?? "", clientKey(undefined).privateKey];
    expect(execFileSync("wg", ["pubkey"], { input: made, encoding: "utf8" }).trim()).toBe(encodeKey(key.publicKey));
    expect(made).not.toBe(again);
  });

  it("is taken from the device, whole and usable", async () => {
    const made = execFileSync("wg", ["pubkey"], { input: execFileSync("wg", ["genkey"]), encoding: "utf8" }).trim();
    expect(clientKey(made)).toMatchObject({ privateKey: undefined });
    expect(encodeKey(clientKey(made).publicKey)).toBe(made);
    for (const bad of [
      "",
      made.slice(1),
      `${made}=`,
      encodeKey(new Uint8Array(32)),
      encodeKey(new Uint8Array(31).fill(9)),
    ]) {
      expect(await codeOf(() => clientKey(bad))).toBe("TM_CLIENT_KEY");
    }
  });

  it("is nobody else's", async () => {
    const [opened, alpha] = [openedView(), party("alpha")];
    const bound = deriveTunnelKeys(new Uint8Array(32).fill(4)).x25519.publicKey;
    const { view } = applyItems(opened, [grantItem(opened, alpha)], now);
    const keys = keysItem(opened, party("beta"), { x25519: Buffer.from(bound).toString("hex") });
    const both = applyItems(view, [grantItem(opened, party("beta"), { ip4: "100.64.0.2" as never }), keys], now).view;
    expect(
      await codeOf(() => refuseUsedKey(both, clientKey(encodeKey(deriveTunnelKeys(alpha.seed).x25519.publicKey)))),
    ).toBe("TM_CLIENT_KEY");
    expect(await codeOf(() => refuseUsedKey(both, clientKey(encodeKey(bound))))).toBe("TM_CLIENT_KEY");
    expect(await codeOf(() => refuseUsedKey(both, clientKey(undefined)))).toBe("none");
  });
});

describe("a configuration", () => {
  it("has the lines that WireGuard's apps read, and no private key where the device has it", () => {
    expect(formatConfiguration(configuration)).toBe(text);
    const without = formatConfiguration({ ...configuration, privateKey: undefined });
    expect(without).not.toMatch(/^PrivateKey/m);
    expect(without.split("\n")).toHaveLength(text.split("\n").length);
  });

  it("sends the mesh's ranges and what members carry through the tunnel, nothing else", () => {
    const opened = openedView();
    const { view } = applyItems(opened, [grantItem(opened, party("alpha"), { routes: ["10.9.0.0/16"] })], now);
    expect(meshRanges(view)).toEqual(["100.64.0.0/10", meshUla(view.meshId), "10.9.0.0/16"]);
  });

  it("is a QR code that reads as the same text, as PNG and on a terminal", () => {
    const image = PNG.sync.read(Buffer.from(qrImage(text)));
    expect(decodeQR({ width: image.width, height: image.height, data: new Uint8ClampedArray(image.data) })).toBe(text);
    const lines = qrLines(text).map((line) => line.slice("\x1b[30;107m".length, -"\x1b[0m".length));
    const scale = 4;
    const [width, height] = [lines[0]!.length, lines.length * 2];
    const data = new Uint8ClampedArray(width * height * scale * scale * 4);
    for (let at = 0; at < width * height * scale * scale; at += 1) {
      const [row, column] = [Math.floor(at / (width * scale) / scale), Math.floor((at % (width * scale)) / scale)];
      const cell = lines[row >> 1]?.[column] ?? " ";
      const dark = cell === "█" || cell === (row % 2 === 0 ? "▀" : "▄");
      data.set([...Array.from({ length: 3 }, () => (dark ? 0 : 255)), 255], at * 4);
    }
    expect(decodeQR({ width: width * scale, height: height * scale, data })).toBe(text);
  });
});

describe("the files of a client", () => {
  it("are its owner's alone, written over by newer ones of the same client, and gone with it", async () => {
    const folder = clientFolder(temporary(), "main", "phone");
    const [first] = await writeClient(folder, [configuration]);
    expect(readFileSync(first?.configuration ?? "", "utf8")).toBe(text);
    for (const file of [first?.configuration, first?.image]) expect(statSync(file ?? "").mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o077).toBe(0);
    const [second] = await writeClient(folder, [{ ...configuration, privateKey: undefined }]);
    expect(second).toEqual({ gateway: "hub", configuration: first?.configuration });
    expect(await removeFolder(folder)).toEqual([first?.configuration, first?.image]);
    expect(await removeFolder(folder)).toEqual([]);
  });

  it("have the private key for the next ones, where it is the client's", async () => {
    const folder = temporary();
    const { publicKey, privateKey } = clientKey(undefined);
    await writeClient(folder, [configuration]);
    expect(await readPrivateKey(folder, publicKey)).toBeUndefined();
    const gateway = { ...configuration.gateway, name: "office" };
    await writeClient(folder, [{ ...configuration, privateKey, gateway }]);
    expect(await readPrivateKey(folder, publicKey)).toBe(privateKey);
    expect(await readPrivateKey(path.join(folder, "none"), publicKey)).toBeUndefined();
  });

  it("are never put in the place of something else", async () => {
    const folder = temporary();
    writeFileSync(path.join(folder, "phone-hub.conf"), "[Interface]\n");
    expect(await codeOf(() => writeClient(folder, [configuration]))).toBe("TM_CLIENT_FILE");
    expect(readFileSync(path.join(folder, "phone-hub.conf"), "utf8")).toBe("[Interface]\n");
  });
});

describe("what people read", () => {
  it("says who is where, and what is wrong", () => {
    const one = { name: "phone", ip4: "100.64.0.9", ip6: "fd00::9", publicKey: "", groups: ["people"], expires: 0 };
    const lines = renderClients([
      {
        ...one,
        gateways: [
          { name: "hub", state: "ready", handshakeAge: 61_000 },
          { name: "office", state: "ready" },
          { name: "nas", state: "other-key" },
          { name: "0123456789abcdef", state: "gone" },
          { name: "shed", state: "unknown" },
        ],
      },
    ]).split("\n");
    expect(lines[1]).toMatch(/^phone +100\.64\.0\.9 +people +never +hub +1 min ago$/);
    expect(lines.slice(2).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ["office", "not yet"],
      ["nas", "the gateway has other keys now: tm client config"],
      ["0123456789abcdef", "the gateway is no member any more"],
      ["shed", "?"],
    ]);
    expect(renderClients([])).toContain("tm client add");
  });

  it("says which file goes where, and no secret", () => {
    const gateway = { name: "hub", endpoint: "8.8.4.7:51820", configuration: "/x/phone-hub.conf" };
    const result = {
      ...{
        mesh: "demo-main",
        stage: "main",
        name: "phone",
        nid: "",
        ip4: "100.64.0.9",
        ip6: "",
        publicKey: "",
        expires: 0,
      },
      ...{ groups: [], waiting: ["hub"], strangeGroups: ["poeple"], gateways: [gateway] },
    };
    expect(renderAdded(result)).toMatch(/private key, which is on the device[\s\S]*Not ready yet: hub[\s\S]*poeple/);
    const withImage = { ...result, gateways: [{ ...gateway, image: "/x/phone-hub.png" }] };
    expect(renderAdded(withImage)).toMatch(/\/x\/phone-hub\.png\nThese files hold its private key/);
  });
});
