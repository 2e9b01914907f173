// Configurations that two readers have to read alike: what is written, which target is asked for, and what it tests.
export interface CorpusCase {
  /** Options of docs/ssh.md that it tests, and a word on what. */
  readonly name: string;
  readonly target: string;
  readonly config: string;
  /** Further files below ~/.ssh. */
  readonly files?: Readonly<Record<string, string>>;
}

export const corpus: readonly CorpusCase[] = [
  { name: "nothing", target: "host", config: "" },
  { name: "Host: first value stays", target: "hub", config: "Host hub\n User a\nHost *\n User b\n Port 7\n" },
  { name: "Host: negation", target: "hub", config: "Host h* !hub\n Port 1\nHost *b\n Port 2\n" },
  { name: "Host: case of the name", target: "HUB", config: "Host hub\n Port 5\nHost HUB\n Port 6\n" },
  { name: "HostName: %h", target: "hub", config: "Host hub\n HostName %h.Example.NET\n" },
  { name: "HostName: address", target: "hub", config: 'Host hub\n HostName "2001:db8::1"\n' },
  { name: "Port, User: with =", target: "hub", config: "Port=2222\nUser = me\n" },
  { name: "Port, User: the target wins", target: "x@hub:9", config: "Port 2222\nUser me\n" },
  { name: "quotes and comments", target: "hub", config: '# c\n  User "a b" # more\nIdentityFile "~/my key"\n' },
  {
    name: "IdentityFile: several, tokens, doubles",
    target: "u@hub",
    config: "Host hub\n HostName h2\nIdentityFile ~/a\nIdentityFile %d/b-%r-%h-%n-%p-%u-%L-%i\nIdentityFile ~/a\n",
  },
  { name: "IdentityFile: none", target: "hub", config: "IdentityFile none\n" },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: ssh expands it
  { name: "IdentityFile: %C and a variable", target: "hub", config: "IdentityFile ~/k-%C\nIdentityFile ${HOME}/v\n" },
  { name: "IdentitiesOnly", target: "hub", config: "IdentitiesOnly yes\n" },
  { name: "CertificateFile", target: "hub", config: "CertificateFile ~/c-cert.pub\nCertificateFile ~/d-cert.pub\n" },
  { name: "IdentityAgent: path", target: "hub", config: "IdentityAgent ~/agent-%r\n" },
  { name: "IdentityAgent: none", target: "hub", config: "IdentityAgent none\n" },
  { name: "IdentityAgent: variable", target: "hub", config: "IdentityAgent $MY_AGENT\n" },
  { name: "IdentityAgent: SSH_AUTH_SOCK", target: "hub", config: "IdentityAgent SSH_AUTH_SOCK\n" },
  { name: "ProxyJump: chain", target: "hub", config: "ProxyJump a@b:2,c\n" },
  { name: "ProxyJump: none", target: "hub", config: "Host hub\n ProxyJump none\nHost *\n ProxyJump j\n" },
  { name: "ProxyJump: before ProxyCommand", target: "hub", config: "ProxyJump j\nProxyCommand nc %h %p\n" },
  { name: "ProxyCommand: before ProxyJump", target: "hub", config: "ProxyCommand nc %h %p\nProxyJump j\n" },
  {
    name: "ProxyCommand: tokens and quotes",
    target: "u@hub",
    config: 'ProxyCommand sh -c "exec nc %h %p" # %r %n %%\n',
  },
  { name: "ProxyCommand: none", target: "hub", config: "ProxyCommand none\n" },
  { name: "HostKeyAlias", target: "hub", config: "HostKeyAlias Known\n" },
  { name: "UserKnownHostsFile: several", target: "hub", config: "UserKnownHostsFile ~/k1 /k2\n" },
  { name: "UserKnownHostsFile: none", target: "hub", config: "UserKnownHostsFile none\n" },
  { name: "GlobalKnownHostsFile", target: "hub", config: "GlobalKnownHostsFile /g1 /g2\n" },
  { name: "HashKnownHosts", target: "hub", config: "HashKnownHosts yes\n" },
  { name: "RevokedHostKeys", target: "hub", config: "RevokedHostKeys /etc/ssh/revoked\n" },
  ...["yes", "no", "off", "ask", "accept-new"].map((value) => ({
    name: `StrictHostKeyChecking: ${value}`,
    target: "hub",
    config: `StrictHostKeyChecking ${value}\n`,
  })),
  // Debian's ssh takes BatchMode for a reason to send keepalives too, so they are set here.
  { name: "BatchMode", target: "hub", config: "BatchMode yes\nServerAliveInterval 20\n" },
  { name: "PubkeyAuthentication", target: "hub", config: "PubkeyAuthentication no\n" },
  { name: "PasswordAuthentication", target: "hub", config: "PasswordAuthentication no\n" },
  { name: "KbdInteractiveAuthentication", target: "hub", config: "KbdInteractiveAuthentication no\n" },
  { name: "PreferredAuthentications", target: "hub", config: "PreferredAuthentications publickey\n" },
  { name: "NumberOfPasswordPrompts", target: "hub", config: "NumberOfPasswordPrompts 1\n" },
  { name: "AddressFamily", target: "hub", config: "AddressFamily inet6\n" },
  { name: "BindAddress", target: "hub", config: "BindAddress 192.0.2.1\n" },
  { name: "ConnectTimeout", target: "hub", config: "ConnectTimeout 1m30s\n" },
  { name: "ConnectionAttempts", target: "hub", config: "ConnectionAttempts 3\n" },
  {
    name: "ServerAliveInterval, ServerAliveCountMax",
    target: "hub",
    config: "ServerAliveInterval 20\nServerAliveCountMax 5\n",
  },
  { name: "Compression", target: "hub", config: "Compression yes\n" },
  { name: "Ciphers: list", target: "hub", config: "Ciphers aes256-ctr,aes128-ctr\n" },
  { name: "MACs: list", target: "hub", config: "MACs hmac-sha2-512,hmac-sha2-256\n" },
  { name: "KexAlgorithms: list", target: "hub", config: "KexAlgorithms ecdh-sha2-nistp256,curve25519-sha256\n" },
  { name: "HostKeyAlgorithms: list", target: "hub", config: "HostKeyAlgorithms rsa-sha2-512,ssh-ed25519\n" },
  { name: "PubkeyAcceptedAlgorithms: list", target: "hub", config: "PubkeyAcceptedAlgorithms ssh-ed25519\n" },
  { name: "CASignatureAlgorithms: list", target: "hub", config: "CASignatureAlgorithms ssh-ed25519\n" },
  { name: "Match: all", target: "hub", config: "Match all\n Port 3\n" },
  {
    name: "Match: host after HostName",
    target: "hub",
    config: "Host hub\n HostName real.example\nMatch host real.example\n Port 3\nMatch host hub\n Port 4\n",
  },
  {
    name: "Match: originalhost",
    target: "hub",
    config: "Host hub\n HostName real.example\nMatch originalhost hub\n Port 4\n",
  },
  { name: "Match: user", target: "u@hub", config: "Match user x,u\n Port 5\n" },
  { name: "Match: user of the configuration", target: "hub", config: "User q\nMatch user q\n Port 5\n" },
  { name: "Match: localuser", target: "hub", config: "Match localuser root\n Port 5\n" },
  {
    name: "Match: several and negated",
    target: "u@hub",
    config: "Match user u !host other\n Port 6\nMatch user u host other\n User z\n",
  },
  { name: "Match: exec true", target: "hub", config: 'Match exec "test %n = hub"\n Port 7\n' },
  { name: "Match: exec false", target: "hub", config: 'Match exec "test %h = other"\n Port 7\n' },
  { name: "Match: final", target: "hub", config: "Match final\n Port 8\n User late\nMatch all\n User early\n" },
  {
    name: "Match: final sees HostName",
    target: "hub",
    config: "Host hub\n HostName real.example\nHost real.example\n Port 12\nMatch final host real.example\n User fin\n",
  },
  { name: "Match: canonical", target: "hub", config: "Match canonical\n Port 9\n" },
  {
    name: "Include: pattern",
    target: "hub",
    config: "Include conf.d/*\n",
    files: { "conf.d/1": "Port 1\n", "conf.d/2": "Port 2\nUser i\n" },
  },
  {
    name: "Include: inside a Host that matches",
    target: "hub",
    config: "Host hub\n Include one\n User after\n",
    files: { one: "Port 4\nHost other\n User no\n" },
  },
  {
    name: "Include: inside a Host that does not",
    target: "hub",
    config: "Host x\n Include one\nHost hub\n User y\n",
    files: { one: "Port 4\nHost hub\n User no\n" },
  },
  {
    name: "Include: nested, relative to ~/.ssh",
    target: "hub",
    config: "Include d/one\n",
    files: { "d/one": "Include two\n", two: "Port 22222\n", "d/two": "Port 3\n" },
  },
  { name: "Include: missing", target: "hub", config: "Include nothing/*\nPort 3\n" },
  { name: "Include: absolute with ~", target: "hub", config: "Include ~/.ssh/one\n", files: { one: "Port 4\n" } },
  {
    name: "ignored",
    target: "hub",
    config:
      "ForwardAgent yes\nControlMaster auto\nControlPath ~/c-%C\nSendEnv LANG\nSetEnv A=b\nCheckHostIP yes\nLogLevel DEBUG\nVisualHostKey yes\nForwardX11 yes\nLocalForward 8000 localhost:80\n",
  },
  { name: "KnownHostsCommand", target: "hub", config: "KnownHostsCommand /bin/true %H\n" },
  { name: "ProxyUseFdpass", target: "hub", config: "ProxyUseFdpass yes\nProxyCommand nc -F %h %p\n" },
  { name: "PKCS11Provider", target: "hub", config: "PKCS11Provider /lib/x.so\n" },
  { name: "BindInterface", target: "hub", config: "BindInterface lo\n" },
  { name: "CanonicalizeHostname", target: "hub", config: "CanonicalizeHostname no\nCanonicalDomains example.net\n" },
];
