// Signs with ssh-keygen where the private key is not a plain Ed25519 file (protocol.md §3, bind mode).
import { execFile } from "node:child_process";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { Signer } from "../../protocol/trust/signing.ts";
import type { SshPublicKey } from "../../protocol/trust/ssh-public-key.ts";

/** A signer that runs `ssh-keygen -Y sign` on `file`; the message goes through standard input, never through argv. */
export function keygenSigner(file: string, publicKey: SshPublicKey): Signer {
  return {
    publicKey,
    sign: async (namespace, message) =>
      await new Promise<string>((resolve, reject) => {
        const child = execFile(
          "ssh-keygen",
          ["-Y", "sign", "-f", file, "-n", namespace],
          // An encrypted key would ask for its passphrase: a service has nobody to ask, so it fails at once.
          { timeout: 15_000, env: { PATH: process.env["PATH"], SSH_ASKPASS_REQUIRE: "force", SSH_ASKPASS: "false" } },
          (error, stdout) => {
            if (error === null) resolve(stdout);
            else reject(new TunnelMeshError("TM_AGENT_IDENTITY", { detail: `${file} did not sign`, cause: error }));
          },
        );
        child.stdin?.on("error", (error) => reject(error));
        child.stdin?.end(message);
      }),
  };
}
