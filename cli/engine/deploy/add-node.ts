// tm add-node: one more machine, over SSH, with the keys that are there; it stays a member until tm remove-node.
import type { MemberModel } from "../../../constructs/model.ts";
import { parseIpv4 } from "../../../protocol/addresses/parse.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { AddNode, AddNodeParameters, AddNodeResult } from "./contract.ts";
import { ensureCoordinator } from "./coordinator.ts";
import { type PreparedHost, prepareHosts } from "./hosts.ts";
import { installMember } from "./install.ts";
import { type Journal, openJournal } from "./journal.ts";
import { readRecords } from "./known-hosts.ts";
import { reachTarget } from "./reach.ts";
import { recordDeploy } from "./record.ts";
import { coordinatorHost, type Run, withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";
import { pingOthers, waitUntilUp } from "./verify.ts";

/** Adds a machine to the mesh of this stack; see the contract. */
export const addNode: AddNode = (parameters) =>
  withRun(parameters, async (run) => {
    const { genesis } = await run.home.read();
    if (genesis === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
    const lock = await run.home.lock();
    try {
      return await add(run, parameters);
    } finally {
      await lock.release();
    }
  });

async function add(run: Run, parameters: AddNodeParameters): Promise<AddNodeResult> {
  const { progress, signal } = run.context;
  progress.phase("Reaching hosts");
  const hubOutcomes = await run.reach(false, [coordinatorOf(run.model)]);
  coordinatorHost(hubOutcomes);
  const target = await reachTarget(
    {
      target: parameters.target,
      ...(parameters.port === undefined ? {} : { port: parameters.port }),
      ...(parameters.hostKey === undefined ? {} : { hostKey: parameters.hostKey }),
    },
    run.reachOptions,
  );
  const name = parameters.name ?? (await hostName(run, target.connection));
  const member: MemberModel = {
    name,
    role: "node",
    host: {
      kind: "ssh",
      target: parameters.target,
      ...(parameters.port === undefined ? {} : { port: parameters.port }),
    },
    groups: parameters.groups,
    dnsNames: [],
    routes: [],
  };
  const { prepared, unready } = await prepareHosts(run, [...hubOutcomes, { kind: "reached", member, ...target }]);
  const [failure] = unready;
  if (failure !== undefined) throw failure.error;
  const [hub, host] = prepared as [PreparedHost, PreparedHost];

  const journal = await openJournal(run.home, run.signer);
  progress.phase("Adding");
  const coordinator = await ensureCoordinator(run, journal, hub, [hub]);
  const lease = await coordinator.lease();
  try {
    refuseTakenName(journal, host);
    const row = progress.row(name);
    if (!isMember(journal, host)) {
      const { ip4 } = await coordinator.reserve(host.nid, name);
      const { sshPublicKey } = host;
      await journal.grant([
        { sshPublicKey, name, origin: "add-node", ip4: parseIpv4(ip4), groups: parameters.groups, routes: [] },
      ]);
    }
    const installed = await installMember(run, journal, host, coordinator);
    row.update("joining");
    const status = await waitUntilUp(installed, run.model.name, signal);
    const hubHost = { name: hub.member.name, coordinator: true, connection: hub.connection };
    await pingOthers(installed, [installed, hubHost], run.model.name, signal);
    row.done(`${status.ip4 ?? status.ip6}, reaches ${hub.member.name}`);
    await recordDeploy(run, coordinator, { reached: [host], before: readRecords(await coordinator.history()) });
    const { address } = host.connection;
    const addresses = { ip6: status.ip6, ...(status.ip4 === undefined ? {} : { ip4: status.ip4 }) };
    return {
      mesh: run.model.name,
      stage: run.model.stage,
      host: { name, address, ...addresses, state: installed.state },
    };
  } finally {
    await lease.release();
  }
}

async function hostName(run: Run, connection: PreparedHost["connection"]): Promise<string> {
  const { signal } = run.context;
  const said = (await connection.check("hostname -s", { signal })).trim().toLowerCase();
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(said)) return said;
  throw new TunnelMeshError("TM_USAGE", {
    detail: `the host calls itself ${JSON.stringify(said)}, which is no name for a member`,
    advice: ["Say its name: --name NAME"],
  });
}

function isMember(journal: Journal, host: PreparedHost): boolean {
  return journal.view.members.get(host.nid)?.name === host.member.name;
}

function refuseTakenName(journal: Journal, host: PreparedHost): void {
  const { name } = host.member;
  for (const member of journal.view.members.values()) {
    if (member.name === name && member.nid !== host.nid)
      throw new TunnelMeshError("TM_DEPLOY_NAME_TAKEN", {
        detail: name,
        advice: [`If ${name} was rebuilt and this is it: tm rekey ${name}`, "Else choose another name with --name."],
      });
    if (member.nid === host.nid && member.name !== name) {
      throw new TunnelMeshError("TM_DEPLOY_RENAMED", {
        detail: `it is ${member.name}`,
        advice: [`Run it again with --name ${member.name}.`],
      });
    }
  }
}
