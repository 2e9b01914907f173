// Schemas of the files that tm writes on a host and the services read: agent.json, coordinator.json, network-secret.json, release.json.
import { z } from "zod";

const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const meshName = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

/** agent.json: what an agent must know before it has talked to anybody. Public but for the paths it names. */
export const agentConfigurationSchema = z.strictObject({
  v: z.literal(1),
  mesh: meshName,
  meshId: hex32,
  /** Node id of this host: what the SSH session proved. The agent refuses to start when its key differs. */
  nid: hex32,
  /** The SSH private key that is this node's identity, usually /etc/ssh/ssh_host_ed25519_key. */
  identity: z.string().startsWith("/"),
  interface: z.string().regex(/^[a-z][a-z0-9]{0,14}$/),
  udpPort: z.int().min(1).max(65535),
  domain: z.string(),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
});
export type AgentConfiguration = z.infer<typeof agentConfigurationSchema>;

/** coordinator.json: public. */
export const coordinatorConfigurationSchema = z.strictObject({
  v: z.literal(1),
  mesh: meshName,
  meshId: hex32,
  listen: z.strictObject({ host: z.string().default("::"), port: z.int().min(1).max(65535) }),
  logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
});
export type CoordinatorConfiguration = z.infer<typeof coordinatorConfigurationSchema>;

/** network-secret.json, 0600 in the agent's state: every generation that this node still holds, newest last (life.md §3). */
export const networkSecretSchema = z.strictObject({
  v: z.literal(1),
  mesh: hex32,
  generations: z
    .array(z.strictObject({ gen: z.int().min(1), secret: hex32 }))
    .min(1)
    .max(4),
});
export type NetworkSecret = z.infer<typeof networkSecretSchema>;

/** release.json in each release folder. */
export const releaseSchema = z.strictObject({
  v: z.literal(1),
  version: z.string(),
  architecture: z.enum(["x64", "arm64"]),
  /** SHA-256 over the sorted list of file names and contents. */
  hash: hex32,
});
export type Release = z.infer<typeof releaseSchema>;
