// The contract of tm client: stock WireGuard clients are made, listed and removed.
import type { EngineContext } from "../deploy/contract.ts";

export interface AddClientParameters extends EngineContext {
  readonly name: string;
  /** Names of members that it is to come by, the first before the others. */
  readonly via: readonly string[];
  /** Base64, made on the device itself; a key pair is made here when left out. */
  readonly publicKey?: string;
  readonly groups: readonly string[];
  /** Where it finds gateways, by their names: "ADDRESS:PORT"; else where SSH found them. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Seconds from now; for ever when left out. */
  readonly lifetime?: number;
  /** Folder for the configurations; .tm/clients/STAGE/NAME of the project when left out. */
  readonly out?: string;
}

export interface ClientGateway {
  readonly name: string;
  /** "ADDRESS:PORT" */
  readonly endpoint: string;
  /** The configuration for this gateway, absolute path. */
  readonly configuration: string;
  /** Its QR code as PNG; absent where the private key is not in the configuration. */
  readonly image?: string;
}

export interface AddClientResult {
  readonly mesh: string;
  readonly stage: string;
  readonly name: string;
  readonly nid: string;
  readonly ip4: string;
  readonly ip6: string;
  /** Base64. */
  readonly publicKey: string;
  /** Unix seconds; 0 = never. */
  readonly expires: number;
  readonly groups: readonly string[];
  readonly gateways: readonly ClientGateway[];
  /** Gateways that did not say within some seconds that they take it. */
  readonly waiting: readonly string[];
  /** Those of `groups` that stand nowhere in the stack. */
  readonly strangeGroups: readonly string[];
}
/** @throws TunnelMeshError TM_CLIENT_GATEWAY, TM_CLIENT_NO_ENDPOINT, TM_CLIENT_OLD_RELEASE, TM_CLIENT_KEY, TM_CLIENT_FIELD, TM_CLIENT_FILE, TM_DEPLOY_NAME_TAKEN */
export type AddClient = (parameters: AddClientParameters) => Promise<AddClientResult>;

export interface ConfigureClientParameters extends EngineContext {
  readonly name: string;
  /** Its gateways from now on; those it has when empty. */
  readonly via: readonly string[];
  readonly endpoints: Readonly<Record<string, string>>;
  readonly out?: string;
}
/**
 * The configurations that the client had connect no more.
 * @throws TunnelMeshError TM_CLIENT_UNKNOWN, TM_CLIENT_GATEWAY, TM_CLIENT_NO_ENDPOINT, TM_CLIENT_OLD_RELEASE, TM_CLIENT_FILE
 */
export type ConfigureClient = (parameters: ConfigureClientParameters) => Promise<AddClientResult>;

export interface ListedClient {
  readonly name: string;
  readonly ip4?: string;
  readonly ip6: string;
  readonly publicKey: string;
  readonly groups: readonly string[];
  /** Unix seconds; 0 = never. */
  readonly expires: number;
  readonly gateways: readonly ListedGateway[];
}
export interface ListedGateway {
  /** Its node id where it is no member any more. */
  readonly name: string;
  /**
   * ready: takes the client. other-key: its keys were made anew since the client was granted. unknown: not asked, or not reached.
   * gone: no member any more.
   */
  readonly state: "ready" | "other-key" | "unknown" | "gone";
  /** Milliseconds since the client's last handshake there. */
  readonly handshakeAge?: number;
}
export interface ListClientsResult {
  readonly mesh: string;
  readonly stage: string;
  /** By name. */
  readonly clients: readonly ListedClient[];
}
/** @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED */
export type ListClients = (parameters: EngineContext) => Promise<ListClientsResult>;

export interface RemoveClientParameters extends EngineContext {
  readonly name: string;
}
export interface RemoveClientResult {
  readonly mesh: string;
  readonly stage: string;
  readonly name: string;
  /** Files of it that were deleted from the project's .tm/clients. */
  readonly files: readonly string[];
}
/** @throws TunnelMeshError TM_CLIENT_UNKNOWN */
export type RemoveClient = (parameters: RemoveClientParameters) => Promise<RemoveClientResult>;
