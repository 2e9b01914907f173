// Which attributes are never shown, whatever Terraform says of them: by the provider's schema, and by their names.

/** What `terraform providers schema -json` marks as sensitive in digitalocean/digitalocean 2.71.0. */
export const schemaSensitive: Readonly<Record<string, readonly string[]>> = {
  digitalocean_certificate: ["private_key"],
  digitalocean_database_cluster: ["password", "private_uri", "ui_password", "ui_uri", "uri"],
  digitalocean_database_user: ["access_cert", "access_key", "password"],
};

const denied = new Set(["user_data", "password", "private_key", "token", "secret", "uri", "private_uri", "ca"]);
const deniedEnd =
  /_(?:password|passphrase|token|secret|secret_key|access_key|private_key|api_key|private_uri|credentials)$/;

/** Whether an attribute of `type` with this name, at any depth, is kept back. */
export function isSensitiveName(type: string, name: string): boolean {
  const plain = name.toLowerCase();
  return denied.has(plain) || deniedEnd.test(plain) || (schemaSensitive[type]?.includes(plain) ?? false);
}
