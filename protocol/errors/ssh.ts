// Error catalogue: what can go wrong around SSH.
import type { ErrorEntry } from "./entry.ts";

export const sshErrors = {
  TM_SSH_DNS: {
    title: "The host's name does not resolve",
    cause: "Neither ~/.ssh/config nor DNS knows an address for it.",
    advice: ["Check the spelling, or write the address.", "Try it by hand: ssh HOST"],
  },
  TM_SSH_REFUSED: {
    title: "The host refused the SSH connection",
    cause: "The machine answers, but nothing listens on that port, or a firewall rejects it.",
    advice: ["Check the port, and that sshd runs there: systemctl status ssh"],
  },
  TM_SSH_NO_ROUTE: {
    title: "There is no route to the host",
    cause: "The network says that the address cannot be reached from here.",
    advice: ["Check the address, your network and any VPN that it needs."],
  },
  TM_SSH_TIMEOUT: {
    title: "The host did not answer SSH in time",
    cause: "It is off, or a firewall drops the packets, or the network is very slow.",
    advice: ["Check that the machine is on and that its firewall lets TCP port 22 in from here."],
  },
  TM_SSH_HANDSHAKE: {
    title: "SSH could not be agreed with the host",
    cause: "What answers there is no SSH server, or it has no algorithm in common with this client.",
    advice: ["Check the port.", "See what ssh says: ssh -v HOST"],
  },
  TM_SSH_AUTH: {
    title: "The host accepts none of the keys",
    cause: "Every key that could be offered was refused for this user.",
    advice: [
      "Try it by hand: ssh HOST",
      "Put your public key there: ssh-copy-id HOST",
      "Load the right key into the agent (ssh-add), or name it in ~/.ssh/config (IdentityFile).",
    ],
  },
  TM_SSH_TOO_MANY_KEYS: {
    title: "The host stopped listening before the right key was offered",
    cause:
      "It allows only some tries (MaxAuthTries, 6 by default), and other keys came first, most likely from the agent.",
    advice: [
      "Name the right key for this host in ~/.ssh/config: IdentityFile FILE and IdentitiesOnly yes",
      "Or take others out of the agent: ssh-add -d FILE",
    ],
  },
  TM_SSH_KEY_FILE: {
    title: "An SSH key file cannot be used",
    cause: "It is missing, not readable, in a form that is not known, or its passphrase is not right.",
    advice: ["Load it into the agent (ssh-add FILE), or name another file."],
  },
  TM_SSH_CONFIGURATION: {
    title: "The SSH configuration cannot be used",
    cause: "~/.ssh/config, known_hosts or the target says something that does not fit.",
    advice: ["See how ssh reads it: ssh -G HOST"],
  },
  TM_SSH_HOST_KEY_UNKNOWN: {
    title: "The host key is not known",
    cause: "This machine was never connected to, so nothing says that it is the right one.",
    advice: [
      "Connect once by hand and compare the fingerprint: ssh HOST",
      'Or say the key: new SshHost("HOST", { hostKey: "ssh-ed25519 AAAA…" }) in a stack, --host-key with tm add-node.',
    ],
  },
  TM_SSH_HOST_KEY_CHANGED: {
    title: "The host key has changed",
    cause: "The machine was rebuilt, or the name leads to another machine, or somebody is in between.",
    advice: [
      "Do not go on before you know why. Compare the fingerprint on the host's own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
      "If it was rebuilt on purpose: ssh-keygen -R HOST (or change hostKey in the stack), then connect again.",
    ],
  },
  TM_SSH_NO_SUDO: {
    title: "This user cannot become root",
    cause: "Installing needs root, and sudo is missing or does not allow this user.",
    advice: ["Connect as root, or give the user sudo on the host."],
  },
  TM_SSH_SUDO_PASSWORD: {
    title: "sudo asks for a password, and it was not given",
    cause: "Without a terminal nothing can be asked, or the password was not right.",
    advice: ["Run it on a terminal, connect as root, or allow NOPASSWD for this user in sudoers."],
  },
  TM_SSH_CONNECTION_LOST: {
    title: "The SSH connection was lost",
    cause: "The host went away or the network broke while something was running there.",
    advice: ["Run it again: what was done is kept, and it goes on from there."],
  },
  TM_SSH_COMMAND_FAILED: {
    title: "A command failed on the host",
    cause: "What it said is shown.",
    advice: ["Mend what it says and run it again."],
  },
  TM_SSH_COMMAND_TIMEOUT: {
    title: "A command on the host did not end in time",
    cause: "The host is very busy, or something there waits for what does not come.",
    advice: ["Look at the host, then run it again."],
  },
  TM_SSH_PROGRAM_MISSING: {
    title: "The program ssh is not installed here",
    cause: "tm ssh opens a shell with the ssh of this machine; everything else in tm speaks SSH itself.",
    advice: [
      "Install OpenSSH's client: apt install openssh-client",
      "Run a command without it: tm exec NODE -- COMMAND",
    ],
  },
  TM_SSH_SOCKET: {
    title: "A socket on the host cannot be reached",
    cause: "The service behind it does not run, or it may not be opened by this user.",
    advice: [
      "Where an installation was interrupted, finish it: tm deploy",
      "Else see on the host whether it runs: systemctl status 'tunnelmesh-*'",
    ],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
