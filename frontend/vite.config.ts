import { defineConfig } from "vitest/config";

/** Page scripts, one entry each; every page loads `base`. */
const pages = [
  "base",
  "overview",
  "datasets",
  "dataset",
  "models",
  "model",
  "new-job",
  "jobs",
  "job",
  "command",
  "run",
  "compare",
  "system",
  "settings",
];

export default defineConfig({
  base: "/static/app/",
  publicDir: false,
  build: {
    outDir: "dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // The minifier rewrites light-dark() for browsers older than these.
    cssTarget: ["chrome125", "firefox128", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: Object.fromEntries(pages.map((page) => [page, `src/pages/${page}.ts`])),
    },
  },
  test: {
    include: ["tests/**/*.test.ts"],
  },
});
