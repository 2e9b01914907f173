// Bundles the two programs that go to a host, each into one file; koffi's library lies beside them.
import path from "node:path";
import type { Plugin } from "esbuild";

/** Bytes of agent.mjs and coordinator.mjs; the same source gives the same bytes. */
export interface Bundles {
  readonly agent: Uint8Array;
  readonly coordinator: Uint8Array;
  /** Files that went into them, relative to the checkout. */
  readonly inputs: readonly string[];
}

/** The agent asks for "koffi"; on a host that is the library in the release folder, not a package. `beside`: code that names a file there. */
const nativeLibrary = (beside: string): Plugin => ({
  name: "native-library",
  setup(build) {
    build.onResolve({ filter: /^koffi$/ }, () => ({ path: "koffi", namespace: "native" }));
    build.onLoad({ filter: /.*/, namespace: "native" }, () => ({
      contents: [
        'import { createRequire } from "node:module";',
        'import { workerData } from "node:worker_threads";',
        `export default createRequire(${beside})("./koffi.node");`,
      ].join("\n"),
      loader: "js",
    }));
  },
});

/** The messages of zod in fifty languages, which nobody asks for: English is imported by itself. They were a fifth of the program. */
const withoutLocales: Plugin = {
  name: "without-locales",
  setup(build) {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export {};",
      loader: "js",
    }));
  },
};

/** Packages written as CommonJS reach for these; an ESM bundle has none of its own. */
const commonJsNames = [
  'import { createRequire as tunnelmeshRequire } from "node:module";',
  "const require = tunnelmeshRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;",
].join(" ");

interface Program {
  readonly entry: string;
  readonly banner: string;
  /** Code that gives a file beside which the library lies. */
  readonly beside: string;
  readonly define: Readonly<Record<string, string>>;
}

/** Bundles agent/main.ts and coordinator/main.ts of the checkout `root`. */
export async function bundlePrograms(root: string, version: string): Promise<Bundles> {
  const { build } = await import("esbuild");
  const bundle = async ({ entry, banner, beside, define }: Program) => {
    const { outputFiles, metafile } = await build({
      absWorkingDir: root,
      entryPoints: [path.join(root, entry)],
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node24",
      write: false,
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: "none",
      banner: { js: banner },
      define: { ...define, "process.env.TUNNELMESH_VERSION": JSON.stringify(version) },
      external: ["bufferutil", "utf-8-validate"],
      plugins: [nativeLibrary(beside), withoutLocales],
      metafile: true,
      logLevel: "silent",
    });
    const [output] = outputFiles;
    if (output === undefined) throw new Error(`esbuild gave no output for ${entry}`);
    return { bytes: output.contents, inputs: Object.keys(metafile.inputs) };
  };
  const program = { banner: commonJsNames, beside: "import.meta.url", define: {} };
  // The data plane's thread starts from text inside the agent's bundle: it has no file of its own, and is told where the library lies.
  const worker = "agent/dataplane/native/worker.ts";
  const thread = await bundle({ entry: worker, banner: "", beside: "workerData.library", define: {} });
  const text = JSON.stringify(new TextDecoder().decode(thread.bytes));
  const [agent, coordinator] = await Promise.all([
    bundle({ ...program, entry: "agent/main.ts", define: { "process.env.TUNNELMESH_DATA_PLANE": text } }),
    bundle({ ...program, entry: "coordinator/main.ts" }),
  ]);
  const inputs = [...new Set([...thread.inputs, ...agent.inputs, ...coordinator.inputs])];
  return { agent: agent.bytes, coordinator: coordinator.bytes, inputs };
}
