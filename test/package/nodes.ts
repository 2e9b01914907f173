// Other Nodes to run the package with: the oldest one that it takes, and one that is far too old. Pinned, fetched once, cached.
import os from "node:os";
import path from "node:path";
import { fetchPinned } from "../../cli/engine/release/fetch.ts";

/** The registry's integrity. Of old versions there is not each for each architecture. */
const pins = {
  oldest: {
    x64: {
      version: "22.18.0",
      integrity: "sha512-ZPIlJmsQkDY/Q+VeDIuNTphYIPHYwV4T2lF7lfkmW0gFFkohycbGQYm25yhJ/Gz42eFD2wF5zwAzs9yPRAwbhg==",
    },
    arm64: {
      version: "22.18.0",
      integrity: "sha512-G2s2MDAFBM2p2SCpdKDu74PpThBwzsrA9tWMn6eVfYy+k0jYhh7MIC6gK3liNC2jLCfMayrqswNwbTsrboaTVg==",
    },
  },
  "too old": {
    x64: {
      version: "10.24.1",
      integrity: "sha512-YMreId5u9hd3zWHqRyDkXFLdw46BWAxy9+mJNA6m9Bh2X6SN5zh3UrNh+vrbMF8Ci9Vsqv4DYFNe+PpGy0dHGQ==",
    },
    arm64: {
      version: "18.20.8",
      integrity: "sha512-xTMJYtLdLjIimh8zRpgUDFsNknLP72AT/QWEQmeyDOM1/Gqj/GZn/MlbA+zWSjSMBxQscYvgFpq3qERMEcFEUA==",
    },
  },
} as const;

/** Path of a Node of this machine's architecture. */
export function otherNode(which: keyof typeof pins): Promise<string> {
  const architecture = process.arch === "arm64" ? "arm64" : "x64";
  const cache = path.join(process.env["XDG_CACHE_HOME"] || path.join(os.homedir(), ".cache"), "tunnelmesh");
  return fetchPinned({ name: `node-linux-${architecture}`, ...pins[which][architecture], file: "bin/node" }, cache);
}
