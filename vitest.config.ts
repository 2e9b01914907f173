// Test projects: unit runs anywhere, lab needs root and network namespaces, e2e makes whole hosts.
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const shared = {
  resolve: { conditions: ["tunnelmesh-source"] },
  ssr: { resolve: { conditions: ["tunnelmesh-source"] } },
};

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.lab.test.ts", "test/**/*.e2e.test.ts", "test/**/*.soak.test.ts"],
          testTimeout: 30_000,
          // Vitest leaves a core to itself, which on two leaves one; many of these tests wait for processes.
          maxWorkers: Math.max(2, availableParallelism() - 1),
        },
      },
      {
        ...shared,
        test: {
          name: "lab",
          include: ["test/**/*.lab.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        ...shared,
        test: {
          name: "e2e",
          include: ["test/**/*.e2e.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
      {
        ...shared,
        test: {
          name: "soak",
          include: ["test/**/*.soak.test.ts"],
          testTimeout: 3_600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          maxWorkers: 1,
        },
      },
    ],
  },
});
