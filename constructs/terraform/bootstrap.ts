// What a droplet runs once at its first boot: proof of its host keys, and no password logins. It is the same for every droplet.

/** Where a droplet writes its proof; root alone reads it. One line "TYPE SHA256HEX" per host key. */
export const hostKeyProofFile = "/var/lib/tunnelmesh-host-key-proof";

/**
 * The script of a droplet's user_data (life.md §5). Proof of a key = SHA-256 over the 64 hexadecimal digits of the nonce and
 * the key's line "TYPE BASE64", without newline.
 * @param nonce what Terraform puts in place of the nonce: a reference to a sensitive variable
 * @param logins likewise of the lines that let tokens of CI log in as root; public, and empty where there are none
 */
export function bootstrapScript(nonce: string, logins = ""): string {
  return `#!/bin/sh
# Proves this machine's SSH host keys to whoever made it, once. The nonce is worthless after that.
set -eu
umask 077
proof=${hostKeyProofFile}
rm -f "$proof.new"
for key in /etc/ssh/ssh_host_*_key.pub; do
  line=$(cut -d ' ' -f 1,2 "$key")
  sum=$(printf '%s%s' '${nonce}' "$line" | sha256sum | cut -d ' ' -f 1)
  printf '%s %s\\n' "$(cut -d ' ' -f 1 "$key")" "$sum" >> "$proof.new"
done
mkdir -p /etc/ssh/sshd_config.d
printf 'PasswordAuthentication no\\nKbdInteractiveAuthentication no\\n' > /etc/ssh/sshd_config.d/10-tunnelmesh.conf
chmod 644 /etc/ssh/sshd_config.d/10-tunnelmesh.conf
systemctl reload ssh 2>/dev/null || systemctl reload sshd
logins='${logins}'
if [ -n "$logins" ]; then
  mkdir -p /root/.ssh
  printf '%s\\n' "$logins" >> /root/.ssh/authorized_keys
fi
mv "$proof.new" "$proof"
`;
}

/** Name of the Terraform variable that carries lines of authorized_keys for CI, given as TF_VAR_… at apply. */
export const ciLoginsVariable = "ci_logins";

/** Name of the Terraform variable that carries the nonce of `member`: 64 hexadecimal digits, given as TF_VAR_… at apply. */
export function nonceVariable(member: string): string {
  return `nonce_${member}`;
}
