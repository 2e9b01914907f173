// What the commands of tm client run.
import type { AddClient, ListClients, RemoveClient } from "./contract.ts";

export { addClient } from "./add.ts";
export { listClients } from "./list.ts";
export { removeClient } from "./remove.ts";

export interface ClientEngine {
  readonly addClient: AddClient;
  readonly listClients: ListClients;
  readonly removeClient: RemoveClient;
}
