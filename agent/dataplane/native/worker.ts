// The data plane's thread: opens its devices, says so or why not, and runs until it is told to close.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { bindNative } from "../../system/native.ts";
import { bindCalls } from "../../system/native-calls.ts";
import { Engine, type Mailbox } from "./engine.ts";
import type { FromPlane, PlaneData, ToPlane } from "./messages.ts";

const port = parentPort;
if (port === null) throw new Error("this file is run as a thread of the agent");

const mailbox: Mailbox = {
  take: () => (receiveMessageOnPort(port) as { readonly message: readonly ToPlane[] } | undefined)?.message,
  post: (messages: readonly FromPlane[]) => port.postMessage(messages),
};

let engine: Engine | undefined;
try {
  engine = new Engine(workerData as PlaneData, bindNative(), bindCalls(), mailbox);
} catch (error) {
  const code = isTunnelMeshError(error) ? error.code : "";
  const detail = isTunnelMeshError(error) ? (error.detail ?? error.message) : String(error);
  mailbox.post([{ kind: "failed", code, detail }]);
}
engine?.run();
