// --endpoint GATEWAY=ADDRESS:PORT, as the commands of tm client take it.
import { TunnelMeshError } from "../../protocol/errors/error.ts";

/** Endpoints by the name of their gateway. @throws TunnelMeshError TM_CLIENT_FIELD */
export function readEndpoints(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, endpoint] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (name === undefined || endpoint === undefined) {
        throw new TunnelMeshError("TM_CLIENT_FIELD", { detail: `${JSON.stringify(text)} is no GATEWAY=ADDRESS:PORT` });
      }
      return [name, endpoint];
    }),
  );
}
