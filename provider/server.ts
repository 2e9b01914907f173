// Serves the provider over gRPC on a Unix socket, as Terraform's plugin frame expects it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import { pluginDefinition } from "./plugin/messages.ts";
import type { ProviderMethods } from "./service.ts";

/** Terraform sends a whole state at once; its own limit is 64 MiB. */
const messageLimit = 64 * 1024 * 1024;

type MethodRequest = Parameters<ProviderMethods[string]>[0];

interface Service {
  readonly service: Parameters<Server["addService"]>[0];
}

export interface ServedPlugin {
  readonly socket: string;
  /** Ends when Terraform asks for it. */
  readonly ended: Promise<void>;
}

/** Listens on a socket of its own in a new folder that only this user may enter; the folder goes with the plugin. */
export async function servePlugin(methods: ProviderMethods): Promise<ServedPlugin> {
  const definition = fromJSON(JSON.parse(JSON.stringify(pluginDefinition)), {
    keepCase: true,
    longs: Number,
    enums: Number,
    defaults: true,
    oneofs: true,
  });
  const loaded = loadPackageDefinition(definition) as unknown as {
    readonly tfplugin5: { readonly Provider: Service };
    readonly plugin: { readonly GRPCController: Service };
  };
  const server = new Server({
    "grpc.max_receive_message_length": messageLimit,
    "grpc.max_send_message_length": messageLimit,
  });
  const folder = mkdtempSync(path.join(tmpdir(), "tm-provider-"));
  const socket = path.join(folder, "plugin.sock");
  const end = Promise.withResolvers<void>();
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  server.addService(loaded.tfplugin5.Provider.service, unary(methods));
  server.addService(
    loaded.plugin.GRPCController.service,
    unary({
      // Without an answer to this Terraform waits two seconds at each launch.
      async Shutdown() {
        end.resolve();
        return {};
      },
    }),
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return {
    socket,
    ended: end.promise.then(() => new Promise<void>((resolve) => server.tryShutdown(() => resolve()))),
  };
}

function unary(methods: ProviderMethods): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      (call: ServerUnaryCall<MethodRequest, unknown>, callback: sendUnaryData<unknown>) => {
        method(call.request).then(
          (answer) => callback(null, answer),
          (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
        );
      },
    ]),
  );
}
