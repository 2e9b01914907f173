// What the commands of tm client run.
import type { AddClient, ConfigureClient, ListClients, RemoveClient } from "./contract.ts";

export { addClient } from "./add.ts";
export { configureClient } from "./config.ts";
export { listClients } from "./list.ts";
export { removeClient } from "./remove.ts";

export interface ClientEngine {
  readonly addClient: AddClient;
  readonly configureClient: ConfigureClient;
  readonly listClients: ListClients;
  readonly removeClient: RemoveClient;
}
