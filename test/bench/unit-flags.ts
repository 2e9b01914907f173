// How the agent's unit starts Node: what is measured of an agent is measured with the same.
import { agentUnitText } from "../../cli/engine/install/units.ts";

export const unitFlags: readonly string[] =
  /^ExecStart=\S+ (.*?) ?\S*agent\.mjs/m.exec(agentUnitText)?.[1]?.split(" ") ?? [];

export const unitEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  [...agentUnitText.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [name, value]),
);
