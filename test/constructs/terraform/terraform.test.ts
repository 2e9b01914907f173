// What Terraform is told to make, and that ids come from names alone.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Droplet, type DropletProps, icmp, type Mesh, type StackResult, state } from "../../../constructs/index.ts";
import { synthesizeStack } from "../../../constructs/synth/synthesize.ts";
import { bootstrapScript } from "../../../constructs/terraform/bootstrap.ts";
import { terraform, terraformOf } from "../../../constructs/terraform.ts";
import { alice, bob, office, synth, synthesizeOptions } from "../mesh.ts";

const small = { region: "fra1", size: "s-1vcpu-1gb", ssh: ["203.0.113.7/32"] } as const;
// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape, looked into by the tests
type Json = any;

async function make(build: (mesh: Mesh) => Partial<StackResult> | undefined): Promise<Json> {
  return terraformOf(await synth(office(build, { admins: [alice, bob] })));
}

const withHub = (props: Partial<DropletProps> = {}) =>
  make((mesh) => void mesh.coordinator("hub", new Droplet({ ...small, ...props })));

describe("ids", () => {
  it("do not depend on the order of lines, on variables or on functions", async () => {
    const add = (mesh: Mesh, name: string, region: string) => mesh.node(name, new Droplet({ ...small, region }));
    const one = await make((mesh) => {
      mesh.coordinator("hub", new Droplet(small));
      add(mesh, "a", "ams3");
      const group = mesh.group("g");
      add(mesh, "b", "nyc3");
      mesh.allow(group, group, icmp);
      return undefined;
    });
    const other = await make((mesh) => {
      const g = mesh.group("g");
      for (const [name, region] of [
        ["b", "nyc3"],
        ["a", "ams3"],
      ] as const) {
        add(mesh, name, region);
      }
      const renamed = mesh.coordinator("hub", new Droplet(small));
      mesh.allow(g, g, icmp);
      return { outputs: { url: renamed.url } };
    });
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
  });

  it("move when a member was formerly something else", async () => {
    const made = await make((mesh) => {
      mesh.coordinator("hub", new Droplet({ ...small, reservedIp: true }), { formerly: "old" });
      return undefined;
    });
    expect(made.moved).toEqual([
      { from: "digitalocean_droplet.old", to: "digitalocean_droplet.hub" },
      { from: "digitalocean_reserved_ip.old", to: "digitalocean_reserved_ip.hub" },
      { from: "digitalocean_reserved_ip_assignment.old", to: "digitalocean_reserved_ip_assignment.hub" },
    ]);
  });

  it("do not begin with a digit", async () => {
    const made = await make((mesh) => void mesh.coordinator("1st", new Droplet(small)));
    expect(Object.keys(made.resource.digitalocean_droplet)).toEqual(["_1st"]);
  });
});

describe("firewalls", () => {
  it("open the ports of the role, SSH from given ranges only, and nothing else", async () => {
    const made = await make((mesh) => {
      mesh.coordinator("hub", new Droplet(small));
      mesh.node("a", new Droplet({ ...small, ssh: [] }));
      return undefined;
    });
    const ports = (id: string) =>
      made.resource.digitalocean_firewall[id].inbound_rule.map(
        (rule: Json) => `${rule.protocol} ${rule.port_range} ${rule.source_addresses[0]}`,
      );
    expect(ports("coordinator")).toEqual([
      "tcp 22 203.0.113.7/32",
      "udp 51820 0.0.0.0/0",
      "tcp 8443 0.0.0.0/0",
      "udp 8443 0.0.0.0/0",
    ]);
    expect(ports("node")).toEqual(["udp 51820 0.0.0.0/0"]);
  });

  it("are one per role and set of ranges, attached by tag, also for twelve droplets", async () => {
    const made = await make((mesh) => {
      mesh.coordinator("hub", new Droplet(small));
      for (let index = 0; index < 12; index += 1) mesh.node(`n${index}`, new Droplet(small));
      mesh.node("open", new Droplet({ ...small, ssh: ["0.0.0.0/0"] }));
      return undefined;
    });
    const firewalls = made.resource.digitalocean_firewall as Record<string, Json>;
    expect(Object.keys(firewalls)).toEqual(["coordinator", "node", expect.stringMatching(/^node-[0-9a-f]{8}$/)]);
    for (const [id, firewall] of Object.entries(firewalls)) {
      expect(firewall.droplet_ids).toBeUndefined();
      expect(firewall.tags).toEqual([`\${digitalocean_tag.${id}.name}`]);
    }
    for (const droplet of Object.values<Json>(made.resource.digitalocean_droplet)) {
      expect(droplet.depends_on.some((id: string) => id.startsWith("digitalocean_firewall."))).toBe(true);
    }
  });
});

describe("droplets", () => {
  it("are not replaced by a new key, image or first script", async () => {
    const { hub } = (await withHub()).resource.digitalocean_droplet;
    expect(hub.lifecycle.ignore_changes).toEqual(["user_data", "ssh_keys", "image"]);
  });

  it("bear every admin's key, each added to the account only when it is missing there", async () => {
    const made = await withHub();
    const keys = Object.values<Json>(made.resource.digitalocean_ssh_key);
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      const blob = Buffer.from(key.public_key.split(" ")[1], "base64");
      const md5 = createHash("md5").update(blob).digest("hex").match(/../g)!.join(":");
      expect(made.resource.digitalocean_droplet.hub.ssh_keys).toContain(md5);
      expect(key.count).toContain(`"${md5}") ? 0 : 1`);
    }
  });

  it("prove their host key with a nonce that stands in a sensitive variable alone", async () => {
    const made = await withHub();
    expect(made.variable).toEqual({
      nonce_hub: { type: "string", default: "", sensitive: true },
      ci_logins: { type: "string", default: "" },
    });
    const script: string = made.resource.digitalocean_droplet.hub.user_data;
    expect(script).toBe(bootstrapScript(`\${var.nonce_hub}`, `\${var.ci_logins}`));
    // Whatever else looked like a template would be one to Terraform.
    expect(script.match(/[$%]\{/g)).toHaveLength(2);
  });

  it("take what transform sets", async () => {
    const made = await withHub({
      transform: (attributes) => {
        expect(attributes["size"]).toBe("s-1vcpu-1gb");
        attributes["backups"] = true;
        attributes["ipv6"] = false;
      },
    });
    expect(made.resource.digitalocean_droplet.hub).toMatchObject({ backups: true, ipv6: false, monitoring: true });
  });

  it("get volume, reserved address, record and existing VPC and project", async () => {
    const { resource, data, output } = await withHub({
      reservedIp: true,
      dns: "hub.office.example.co.uk",
      volume: { gib: 5, mount: "/srv/data", keep: true },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a name that Terraform must not take for an expression
      vpc: "shared-${x}",
      project: "Office",
    });
    expect(resource.digitalocean_vpc).toBeUndefined();
    expect(Object.values(data.digitalocean_vpc)).toMatchObject([{ name: "shared-$${x}" }]);
    expect(resource.digitalocean_record.hub).toMatchObject({
      domain: "example.co.uk",
      name: "hub.office",
      value: `\${digitalocean_reserved_ip.hub.ip_address}`,
    });
    expect(resource.digitalocean_volume.hub).toMatchObject({
      ...{ name: "office-main-hub", size: 5 },
      lifecycle: { prevent_destroy: true, ignore_changes: expect.arrayContaining(["name"]) },
    });
    expect(output.tm_hosts.value.hub.volume).toBe(`\${digitalocean_volume.hub.name}`);
    expect(resource.digitalocean_project_resources.Office.resources).toHaveLength(3);
    expect(output.tm_hosts.value.hub.public_ip).toBe(`\${digitalocean_reserved_ip.hub.ip_address}`);
  });
});

describe("state", () => {
  it.each([
    [state.local(), { local: {} }],
    [state.postgres({ env: "DATABASE" }), { pg: { schema_name: "tunnelmesh-office-main" } }],
    [state.hcp({ organization: "o", workspace: "w" }), undefined],
    [state.s3({ bucket: "abc", region: "eu-west-1" }), { s3: { region: "eu-west-1", use_lockfile: true } }],
    [
      state.s3({ bucket: "abc", region: "x", endpoint: "https://s3.example.org" }),
      { s3: { endpoints: { s3: "https://s3.example.org" }, use_path_style: true, use_lockfile: true } },
    ],
    [
      state.spaces({ bucket: "abc", region: "fra1" }),
      {
        s3: {
          bucket: "abc",
          key: "tunnelmesh/office/main.tfstate",
          endpoints: { s3: "https://fra1.digitaloceanspaces.com" },
          use_lockfile: true,
        },
      },
    ],
  ] as const)("%o", async (where, backend) => {
    const made = await make((mesh) => {
      mesh.coordinator("hub", new Droplet(small));
      return { state: where };
    });
    if (backend === undefined) expect(made.terraform.cloud).toEqual({ organization: "o", workspaces: { name: "w" } });
    else expect(made.terraform.backend).toMatchObject(backend);
    expect(JSON.stringify(made.terraform)).not.toContain(process.cwd());
  });
});

describe("the way past the constructs", () => {
  it("reaches the stack, and what it adds is tagged like the rest", async () => {
    const stack = office((mesh) => {
      mesh.coordinator("hub", new Droplet(small));
      terraform(mesh, (inner) => inner.addOverride("locals.answer", 42));
      return undefined;
    });
    const { model, additions } = await synthesizeStack(stack, synthesizeOptions());
    const made = terraformOf(model, additions) as Json;
    expect(made.locals).toEqual({ answer: 42 });
    expect(made.resource.digitalocean_droplet.hub.tags).toContain(`\${digitalocean_tag.mesh.name}`);
  });
});
