// The package in empty folders, installed by the real npm in each way that people do: the command runs, a stack loads and has types.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { otherNode } from "./nodes.ts";
import {
  cloudStack,
  emptyFolder,
  install,
  makeFolder,
  must,
  officeStack,
  pack,
  root,
  run,
  typeCheck,
  writeStack,
} from "./package.ts";

const folder = makeFolder();
const version = (JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string }).version;
let tarball = "";

beforeAll(() => {
  tarball = pack(folder);
});
afterAll(() => rmSync(path.dirname(folder), { recursive: true, force: true }));

/** Folder with the package installed, and the command in it. */
const ways: Readonly<Record<string, () => { folder: string; tm: string }>> = {
  "npm i -g": () => {
    const home = emptyFolder(folder, "global");
    install(tarball, home, "--global", "--prefix", path.join(home, "prefix"));
    return { folder: home, tm: path.join(home, "prefix/bin/tm") };
  },
  "npm i in an empty folder": () => {
    const home = emptyFolder(folder, "empty");
    install(tarball, home);
    return { folder: home, tm: path.join(home, "node_modules/.bin/tm") };
  },
  "npm i after npm init -y": () => {
    const home = emptyFolder(folder, "initialised");
    must("npm", ["init", "-y"], home);
    expect(JSON.parse(readFileSync(path.join(home, "package.json"), "utf8"))).toMatchObject({ type: "commonjs" });
    install(tarball, home);
    return { folder: home, tm: path.join(home, "node_modules/.bin/tm") };
  },
  "a file: link to the clone": () => {
    const home = emptyFolder(folder, "linked");
    install(`file:${root}`, home);
    return { folder: home, tm: path.join(home, "node_modules/.bin/tm") };
  },
};

const installed = new Map<string, { folder: string; tm: string }>();

describe.each(Object.entries(ways))("%s", (way, prepare) => {
  let at: { folder: string; tm: string };
  beforeAll(() => {
    at = prepare();
    installed.set(way, at);
    writeStack(at.folder);
  });
  const tm = (...parameters: string[]) => run(at.tm, parameters, at.folder);

  it("shows help and version", () => {
    expect(tm("--help")).toMatchObject({ status: 0, stderr: "" });
    expect(tm("--help").stdout).toContain(`tunnelmesh/${version}`);
    expect(tm("--version").stdout).toMatch(new RegExp(`^tunnelmesh/${version} `));
    expect(tm("deploy", "--help")).toMatchObject({ status: 0, stderr: "" });
  });

  it("synthesises a stack in two files", () => {
    const synth = tm("synth");
    expect(synth).toMatchObject({ status: 0, stderr: "" });
    const { members } = JSON.parse(synth.stdout) as { members: { name: string }[] };
    expect(members.map(({ name }) => name)).toEqual(["hub", "laptop", "nas"]);
  });
});

// A global install gives a command, not types: those are for a project that names the package.
it.each(Object.keys(ways).filter((way) => way !== "npm i -g"))(
  "%s: types take what is right and refuse what is wrong",
  (way) => {
    const home = installed.get(way)?.folder ?? "";
    expect(typeCheck(home)).toBe("");
    writeStack(home, officeStack.replace("tcp(22,", 'tcp("22",'));
    expect(typeCheck(home)).toMatch(/^stack\.ts\(7,\d+\): error TS2345/);
    writeStack(home, cloudStack);
    expect(typeCheck(home)).toBe("");
  },
);

describe("the tarball", () => {
  it("is the same when it is made again, and names no folder of this machine", () => {
    const hash = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");
    expect(hash(pack(emptyFolder(folder, "again")))).toBe(hash(tarball));
    expect(run("grep", ["-rlF", root, path.join(root, "dist")], folder)).toMatchObject({ status: 1, stdout: "" });
  });

  it("could be published: npm finds nothing in it to correct or to warn of", () => {
    // A registry that nobody answers at: what is looked at is the tarball.
    const nowhere = ["--registry", "http://127.0.0.1:1", "--fetch-retries", "0", "--tag", "trial"];
    const outcome = run("npm", ["publish", "--dry-run", "--ignore-scripts", ...nowhere, tarball], folder);
    const complaints = outcome.stderr.split("\n").filter((line) => /npm (warn|error)/i.test(line));
    expect(complaints).toEqual([expect.stringContaining("requires you to be logged in")]);
    expect(outcome.status).toBe(0);
  });

  it("can make what goes to Terraform", () => {
    const home = emptyFolder(folder, "cloud");
    writeStack(home, cloudStack);
    const synth = run(path.join(folder, "empty/node_modules/.bin/tm"), ["synth"], home);
    expect(synth).toMatchObject({ status: 0, stderr: "" });
  });
});

describe("another Node", () => {
  const tm = () => path.join(folder, "empty/node_modules/tunnelmesh/cli/tm.cjs");

  it("may be 22.18", async () => {
    const node = await otherNode("oldest");
    writeStack(path.join(folder, "empty"));
    expect(run(node, [tm(), "--version"], folder).stdout).toContain("node-v22.18.0");
    expect(run(node, [tm(), "synth", "empty/stack.ts"], folder)).toMatchObject({ status: 0, stderr: "" });
  });

  it("is told what is needed when it is too old", async () => {
    const outcome = run(await otherNode("too old"), [tm(), "status"], folder);
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(
      /It is v1\d\.[\d.]+ at .*; tm needs Node 22\.18 or newer\.\nTry this:\n {2}- Install Node 24/,
    );
  });
});

describe("what npm installed", () => {
  it("is the package alone: nothing native, no source, no other package", () => {
    const modules = path.join(folder, "empty/node_modules");
    expect(readdirSync(modules).toSorted()).toEqual([".bin", ".package-lock.json", "tunnelmesh"]);
    const files = readdirSync(path.join(modules, "tunnelmesh"), { recursive: true, encoding: "utf8" });
    expect(files.filter((file) => /\.node$|(?<!\.d)\.ts$|koffi/.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "dist/THIRD-PARTY-NOTICES"]));
  });
});
