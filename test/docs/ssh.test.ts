// docs/ssh.md names a test for each option of ssh_config(5), and each test it names is there.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../architecture/sources.ts";
import { corpus } from "../cli/engine/ssh/corpus.ts";

const text = readFileSync(path.join(root, "docs/ssh.md"), "utf8");
const [honoured = "", ignored = ""] = text.split("## Ignored");
const cells = (part: string) =>
  part
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| option"))
    .map((line) =>
      line
        .slice(2, -2)
        .split(" | ")
        .map((cell) => cell.trim()),
    );
const rows = cells(honoured).map(([option = "", verdict = "", , test = ""]) => {
  const colon = test.indexOf(": ");
  return { option, verdict, file: test.slice(0, colon), test: test.slice(colon + 2) };
});
const unused = cells(ignored).flatMap(([options = ""]) => options.split(", "));

/** Every option of the client in OpenSSH 9.2 to 9.9, old names left out. */
const options =
  "AddKeysToAgent AddressFamily BatchMode BindAddress BindInterface CASignatureAlgorithms CanonicalDomains CanonicalizeFallbackLocal " +
  "CanonicalizeHostname CanonicalizeMaxDots CanonicalizePermittedCNAMEs CertificateFile CheckHostIP Ciphers ClearAllForwardings " +
  "Compression ConnectTimeout ConnectionAttempts ControlMaster ControlPath ControlPersist DynamicForward EnableEscapeCommandline " +
  "EnableSSHKeysign EscapeChar ExitOnForwardFailure FingerprintHash ForkAfterAuthentication ForwardAgent ForwardX11 ForwardX11Timeout " +
  "ForwardX11Trusted GSSAPIAuthentication GSSAPIDelegateCredentials GatewayPorts GlobalKnownHostsFile HashKnownHosts Host HostKeyAlgorithms " +
  "HostKeyAlias HostName HostbasedAcceptedAlgorithms HostbasedAuthentication IPQoS IdentitiesOnly IdentityAgent IdentityFile IgnoreUnknown " +
  "Include KbdInteractiveAuthentication KexAlgorithms KnownHostsCommand LocalCommand LocalForward LogLevel LogVerbose MACs Match " +
  "NoHostAuthenticationForLocalhost NumberOfPasswordPrompts PKCS11Provider PasswordAuthentication PermitLocalCommand PermitRemoteOpen " +
  "Port PreferredAuthentications ProxyCommand ProxyJump ProxyUseFdpass PubkeyAcceptedAlgorithms PubkeyAuthentication RekeyLimit " +
  "RemoteCommand RemoteForward RequestTTY RequiredRSASize RevokedHostKeys SecurityKeyProvider SendEnv ServerAliveCountMax " +
  "ServerAliveInterval SessionType SetEnv StdinNull StreamLocalBindMask StreamLocalBindUnlink StrictHostKeyChecking SyslogFacility " +
  "TCPKeepAlive Tag Tunnel TunnelDevice UpdateHostKeys User UserKnownHostsFile VerifyHostKeyDNS VisualHostKey XAuthLocation";

describe("docs/ssh.md", () => {
  it("has each option once", () => {
    expect([...rows.map(({ option }) => option), ...unused].toSorted()).toEqual(options.split(" ").toSorted());
  });

  it.each(rows)("$option names a test that is there", ({ verdict, file, test }) => {
    expect(["honoured", "differently", "refused"]).toContain(verdict);
    if (file === "corpus") return expect(corpus.map(({ name }) => name)).toContain(test);
    const source = readFileSync(path.join(root, "test/cli/engine/ssh", `${file}.test.ts`), "utf8");
    expect(source).toContain(`"${test}"`);
  });

  it("has each option that the corpus tests by its name", () => {
    const named = corpus.flatMap(({ name }) => name.split(":")[0]!.split(", ")).filter((name) => /^[A-Z]/.test(name));
    const known = new Set(rows.map(({ option }) => option));
    expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([]);
  });
});
