// Arguments and flags that several commands share.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";

/** STACK of commands whose argument it is. */
export const stackArgument = Args.string({
  name: "stack",
  description: "Stack file, or the name of one in stacks/; else the current one, else the nearest stack.ts.",
});

/** --stack of commands whose argument is something else. */
export const stackFlag = Flags.string({
  summary: "Stack file, or the name of one in stacks/; else the current one, else the nearest stack.ts.",
  helpValue: "STACK",
});

/** For commands that sign. */
export const adminKeyFlag = Flags.string({
  summary: "SSH private key that signs; else the first of the agent and ~/.ssh that is an admin's.",
  helpValue: "FILE",
});

/** For commands that work on many hosts. */
export const parallelFlag = Flags.integer({ summary: "Hosts worked on at once.", helpValue: "N", min: 1, max: 64 });

/** For commands that upgrade. */
export const canaryFlag = Flags.string({
  summary: "Node that is upgraded first after the coordinator; else one with few duties.",
  helpValue: "NODE",
});

/** For commands that change cloud resources. */
export const lockTimeoutFlag = Flags.string({
  summary: "How long to wait for the lock of Terraform's state: 60s, 5m.",
  helpValue: "TIME",
  parse: async (text) => {
    if (/^[1-9][0-9]{0,4}[sm]$/.test(text)) return text;
    throw new TunnelMeshError("TM_USAGE", { detail: `--lock-timeout ${text}: write it as 60s or 5m` });
  },
});

/** For commands that plan cloud resources. */
export const replaceFlag = Flags.string({
  summary: "Member whose droplet is made anew; without it a replacement is refused. May be given more than once.",
  helpValue: "NODE",
  multiple: true,
});

/** For commands over local hosts. */
export const networkFlag = Flags.string({
  summary: "Network of the hosts; a deployed mesh's is its name.",
  helpValue: "NAME",
  default: "local",
});
