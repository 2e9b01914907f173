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

/** The agent asks for "koffi"; on a host that is the library in the release folder, not a package. */
const nativeLibrary: Plugin = {
  name: "native-library",
  setup(build) {
    build.onResolve({ filter: /^koffi$/ }, () => ({ path: "koffi", namespace: "native" }));
    build.onLoad({ filter: /.*/, namespace: "native" }, () => ({
      contents: `import { createRequire } from "node:module";\nexport default createRequire(import.meta.url)("./koffi.node");\n`,
      loader: "js",
    }));
  },
};

/** Bundles agent/main.ts and coordinator/main.ts of the checkout `root`. */
export async function bundlePrograms(root: string, version: string): Promise<Bundles> {
  const { build } = await import("esbuild");
  const bundle = async (entry: string) => {
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
      // Packages written as CommonJS reach for these; an ESM bundle has none of its own.
      banner: {
        js: [
          'import { createRequire as tunnelmeshRequire } from "node:module";',
          "const require = tunnelmeshRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;",
        ].join(" "),
      },
      define: { "process.env.TUNNELMESH_VERSION": JSON.stringify(version) },
      external: ["bufferutil", "utf-8-validate"],
      plugins: [nativeLibrary],
      metafile: true,
      logLevel: "silent",
    });
    const [output] = outputFiles;
    if (output === undefined) throw new Error(`esbuild gave no output for ${entry}`);
    return { bytes: output.contents, inputs: Object.keys(metafile.inputs) };
  };
  const [agent, coordinator] = await Promise.all([bundle("agent/main.ts"), bundle("coordinator/main.ts")]);
  return { agent: agent.bytes, coordinator: coordinator.bytes, inputs: [...agent.inputs, ...coordinator.inputs] };
}
