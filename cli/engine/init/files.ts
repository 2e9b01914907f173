// The files of a new project, as text: nothing is read or written here.

export interface ProjectChoice {
  /** What the folder is called; stack and package get their names from it. */
  readonly folderName: string;
  /** What package.json says about this package: a version, or "file:…". */
  readonly dependency: string;
  /** Files in keys/ that hold the admins' public keys. */
  readonly adminFiles: readonly [string, ...string[]];
}

/** Contents by path relative to the project, in the order in which they are written. */
export function projectFiles(choice: ProjectChoice): Readonly<Record<string, string>> {
  const name = projectName(choice.folderName);
  return {
    ".gitignore":
      "node_modules/\n.tm/\n# Public keys belong to the project, private ones never.\nkeys/*\n!keys/*.pub\n",
    "package.json": json({
      name,
      private: true,
      type: "module",
      dependencies: { tunnelmesh: choice.dependency },
    }),
    "tsconfig.json": json({
      compilerOptions: {
        target: "es2024",
        module: "nodenext",
        types: [],
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
        allowImportingTsExtensions: true,
        noEmit: true,
        skipLibCheck: true,
      },
      include: ["*.ts", "stacks"],
    }),
    "stack.ts": stackFile(name, choice.adminFiles),
  };
}

function stackFile(name: string, adminFiles: readonly string[]): string {
  const admins = adminFiles.map((file) => JSON.stringify(`./keys/${file}`)).join(", ");
  const lines = [
    "// The mesh of this project: tm plan shows what a deploy would do, tm deploy does it.",
    'import { defineStack, icmp, Mesh, SshHost, tcp } from "tunnelmesh";',
    "",
    `export default defineStack(${JSON.stringify(name)}, () => {`,
    `  const mesh = new Mesh({ admins: [${admins}] });`,
    '  const people = mesh.group("people");',
    '  const servers = mesh.group("servers");',
    "",
    "  // Your machines: user@host, or an alias of ~/.ssh/config. The others must reach TCP 8443 of the coordinator.",
    '  mesh.coordinator("hub", new SshHost("root@hub.example.org"), { groups: [servers] });',
    '  mesh.node("laptop", new SshHost("me@laptop.example.org"), { groups: [people] });',
    "",
    "  mesh.allow(people, servers, icmp, tcp(22, 443));",
    "  return { mesh };",
    "});",
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** A name that a stack and a package may have, as near to `text` as possible. */
export function projectName(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");
  return name === "" ? "mesh" : name;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
