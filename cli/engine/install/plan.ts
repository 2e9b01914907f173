// Plans the install of one host as plain data: what it should have against what it has.
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { FactFile, HostFacts } from "./facts.ts";
import { agentTemplate, coordinatorTemplate } from "./facts-script.ts";
import { type InstallRecord, sha256 } from "./record.ts";
import { checkHost } from "./refusals.ts";
import { type InstallRelease, type InstallSpec, releaseName, type Service } from "./specification.ts";
import { agentUnitText, coordinatorUnitText } from "./units.ts";

export type { InstallRelease, InstallSpec, Service } from "./specification.ts";

/** Plain data; what a step writes that is secret is not in it. */
export type Step = { readonly id: string; readonly title: string; readonly reason: string } & (
  | { readonly kind: "prepare" | "secret" | "reload" | "prune" | "remove-coordinator" }
  | { readonly kind: "upload" | "keep" | "switch"; readonly release: string }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly content: string;
      /** Changed for another reason than an upgrade: going back to the release before keeps it as it is now. */
      readonly stays: boolean;
    }
  | { readonly kind: "start" | "health"; readonly service: Service }
  | { readonly kind: "record"; readonly record: InstallRecord }
);

export interface InstallPlan {
  readonly mesh: string;
  readonly release: InstallRelease;
  readonly steps: readonly Step[];
  readonly changes: boolean;
  /** A function, so that printing a plan prints no secret. */
  readonly networkSecret: () => string | undefined;
}

/** Plans one host; no steps when nothing is to be changed. @throws TunnelMeshError TM_INSTALL_… as checkHost */
export function planInstall(facts: HostFacts, spec: InstallSpec): InstallPlan {
  const release = releaseName(spec.release);
  const paths = hostPaths(spec.mesh);
  const uploads = !facts.releases.includes(release);
  checkHost(facts, spec, uploads);
  const stays = facts.installed?.release === release;
  const files = desiredFiles(spec).flatMap((file) => fileStep(facts, file, stays));
  const secret = planSecret(facts, spec);
  const switches = facts.currentRelease !== release;
  const keeps = isUpgrade(facts, release) && switches;
  const starts = startSteps(facts, spec, secret.digest);
  const removes = spec.coordinator === undefined && facts.coordinatorInstalled;
  const record = desiredRecord(facts, spec, secret.digest);
  const steps: Step[] = [
    ...when(!facts.prepared, { id: "prepare", title: "make accounts and folders", reason: "missing", kind: "prepare" }),
    ...when(uploads, {
      id: "upload",
      title: `upload release ${release}`,
      reason: "not on the host",
      kind: "upload",
      release,
    }),
    ...when(keeps, {
      id: "keep",
      title: "keep what the present release started from",
      reason: "to go back to it",
      kind: "keep",
      release,
    }),
    ...files,
    ...when(secret.writes, { id: "secret", title: "write the network secret", reason: secret.reason, kind: "secret" }),
    ...when(switches, {
      id: "switch",
      title: `switch to release ${release}`,
      reason: facts.currentRelease === undefined ? "first install" : `${facts.currentRelease} is in use`,
      kind: "switch",
      release,
    }),
    ...when(
      files.some(({ id }) => id.endsWith("Unit")),
      { id: "reload", title: "reload systemd", reason: "units changed", kind: "reload" },
    ),
    ...when(removes, {
      id: "remove-coordinator",
      title: "remove the coordinator",
      reason: "not its host any more",
      kind: "remove-coordinator",
    }),
    ...starts,
    ...starts.flatMap((step): Step[] =>
      step.kind === "start"
        ? [
            {
              id: `health-${step.service}`,
              title: `check the ${step.service}`,
              reason: "started",
              kind: "health",
              service: step.service,
            },
          ]
        : [],
    ),
    ...when((switches && facts.releases.length > 0) || isUpgrade(facts, release), {
      id: "prune",
      title: "remove old releases",
      reason: "switched",
      kind: "prune",
    }),
  ];
  if (steps.length > 0 || JSON.stringify(record) !== JSON.stringify(facts.installed)) {
    steps.push({ id: "record", title: "record the install", reason: paths.installRecord, kind: "record", record });
  }
  const { networkSecret } = spec;
  return {
    mesh: spec.mesh,
    release: spec.release,
    steps,
    changes: steps.length > 0,
    networkSecret: () => networkSecret,
  };
}

/** Says whether a host whose install was completed once is to run another release; an upgrade killed half-way is still one. */
export function isUpgrade({ installed, currentRelease }: HostFacts, release: string): boolean {
  return installed !== undefined && (installed.release !== release || currentRelease !== release);
}

/** The steps of a host that nothing is known of yet, as planInstall would name them. */
export function describeFirstInstall(
  role: "coordinator" | "node",
): readonly { readonly id: string; readonly title: string }[] {
  const services: readonly Service[] = role === "coordinator" ? ["coordinator", "agent"] : ["agent"];
  return [
    { id: "prepare", title: "make accounts and folders" },
    { id: "upload", title: "upload the release" },
    { id: "files", title: "write configuration, mesh file and units" },
    { id: "secret", title: role === "coordinator" ? "make the network secret" : "write the network secret" },
    ...services.map((service) => ({ id: `start-${service}`, title: `start the ${service}` })),
  ];
}

interface DesiredFile {
  readonly id: Exclude<FactFile, "secret">;
  readonly path: string;
  readonly content: string;
}

function desiredFiles(spec: InstallSpec): DesiredFile[] {
  const paths = hostPaths(spec.mesh);
  const { agent, coordinator } = spec;
  return [
    ...(coordinator === undefined ? [] : [json("coordinator", paths.coordinatorConfiguration, coordinator)]),
    ...(agent === undefined ? [] : [json("agent", paths.agentConfiguration, agent)]),
    { id: "meshFile", path: paths.meshFile, content: spec.meshFile },
    ...(coordinator === undefined
      ? []
      : [{ id: "coordinatorUnit" as const, path: coordinatorTemplate, content: coordinatorUnitText }]),
    ...(agent === undefined ? [] : [{ id: "agentUnit" as const, path: agentTemplate, content: agentUnitText }]),
  ];
}

function fileStep(facts: HostFacts, { id, path, content }: DesiredFile, stays: boolean): Step[] {
  const there = facts.digests[id];
  if (there === sha256(content)) return [];
  const reason = there === undefined ? "missing" : "changed";
  return [{ id, title: `write ${path}`, reason, kind: "file", path, content, stays }];
}

function planSecret(facts: HostFacts, spec: InstallSpec): { writes: boolean; reason: string; digest: string } {
  const there = facts.digests.secret ?? "";
  if (spec.agent === undefined) return { writes: false, reason: "", digest: there };
  // An empty one stands for "not fetched yet", in plans that are only shown.
  if (spec.networkSecret === undefined || spec.networkSecret === "")
    return { writes: there === "", reason: "missing", digest: there };
  const digest = sha256(spec.networkSecret);
  return { writes: digest !== there, reason: there === "" ? "missing" : "changed", digest };
}

/** Members come and go in the coordinator's own state, so its mesh file alone never restarts it. */
function serviceDigest(spec: InstallSpec, service: Service, secret: string): string {
  const parts =
    service === "agent"
      ? [spec.release.hash, JSON.stringify(spec.agent), spec.meshFile, agentUnitText, secret]
      : [spec.release.hash, JSON.stringify(spec.coordinator), coordinatorUnitText];
  return sha256(JSON.stringify(parts));
}

function startSteps(facts: HostFacts, spec: InstallSpec, secret: string): Step[] {
  return (["coordinator", "agent"] as const).flatMap((service): Step[] => {
    if (spec[service] === undefined) return [];
    const { active, enabled } = facts.services[service];
    const before = facts.installed?.services[service];
    const same = before === serviceDigest(spec, service, secret) && facts.currentRelease === releaseName(spec.release);
    if (same && active && enabled) return [];
    const reason = before === undefined ? "new" : !same ? "changed" : active ? "not enabled" : "not running";
    return [
      {
        id: `start-${service}`,
        title: `${active ? "restart" : "start"} the ${service}`,
        reason,
        kind: "start",
        service,
      },
    ];
  });
}

function desiredRecord(facts: HostFacts, spec: InstallSpec, secret: string): InstallRecord {
  const agent = spec.agent === undefined ? facts.installed?.services.agent : serviceDigest(spec, "agent", secret);
  const coordinator = spec.coordinator === undefined ? undefined : serviceDigest(spec, "coordinator", secret);
  return {
    v: 1,
    mesh: spec.mesh,
    meshId: spec.meshId,
    release: releaseName(spec.release),
    services: { ...(agent === undefined ? {} : { agent }), ...(coordinator === undefined ? {} : { coordinator }) },
  };
}

function json(id: DesiredFile["id"], path: string, value: unknown): DesiredFile {
  return { id, path, content: `${JSON.stringify(value, null, 2)}\n` };
}

function when(condition: boolean, step: Step): Step[] {
  return condition ? [step] : [];
}
