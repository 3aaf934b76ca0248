/** The parts of the suite. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { REPO_ROOT } from "../lab/machine";
import type { ClusterName, Job } from "./job";

const script = (name: string): Job => ({ name, command: ["npm", "run", "--silent", name], places: 1 });
const mocha = (name: string, ...files: readonly string[]): Job => ({
  name,
  command: ["npx", "mocha", ...files],
  places: 1,
});
/** Files two at a time. */
const mochaByTwo = (name: string, ...files: readonly string[]): Job => ({
  name,
  command: ["npx", "mocha", "--parallel", "--jobs=2", ...files],
  places: 2,
});

/** Integration tests of minutes: `npm run test:quick` leaves them out. */
const LONG_INTEGRATION = ["faults", "on-redis-8", "on-valkey-8", "mixed-rings", "versions", "alerts", "dashboards"].map(
  (name) => `test/integration/${name}.test.ts`,
);

/** Files that change what all namespaces see, or kill kubelets: one after the other, because each would disturb the other. */
const OWN_CLUSTER = ["monitoring", "proof"];

/** The others with the longest first: the last one must not run alone for minutes. Whatever is not named comes behind. */
const LONGEST_FIRST = ["access", "barrier", "watched", "metric-gates", "killed", "migrate", "guardrails", "rollback"];

const e2e = (names: readonly string[], cluster: ClusterName): Job => ({
  ...{ name: `e2e/${names.join(",")}`, command: ["npx", "mocha", ...names.map((name) => `test/e2e/${name}.test.ts`)] },
  ...{ places: 1, cluster },
});

function e2eJobs(): readonly Job[] {
  const files = readdirSync(path.join(REPO_ROOT, "test/e2e")).filter((file) => file.endsWith(".test.ts"));
  const names = files.map((file) => file.replace(".test.ts", "")).filter((name) => !OWN_CLUSTER.includes(name));
  const rank = (name: string) => (LONGEST_FIRST.includes(name) ? LONGEST_FIRST.indexOf(name) : LONGEST_FIRST.length);
  return names.sort((a, b) => rank(a) - rank(b)).map((name) => e2e([name], "shared"));
}

const QUICK: readonly Job[] = [
  mocha("unit", "test/unit/**/*.test.ts"),
  mochaByTwo("integration", "test/integration/**/*.test.ts", ...LONG_INTEGRATION.flatMap((file) => ["--ignore", file])),
  script("lint"),
  script("typecheck"),
];

/** @returns what `npm run test:quick` runs, in this order. */
export const quickJobs = (): readonly Job[] => QUICK;

/** @returns what `npm test` runs, in this order: first what needs no cluster, because on a fresh machine that is built meanwhile. */
export const allJobs = (): readonly Job[] => [
  mocha("model", "test/model/**/*.test.ts"),
  ...QUICK,
  mochaByTwo("integration, long", ...LONG_INTEGRATION),
  e2e(OWN_CLUSTER, "own"),
  ...e2eJobs(),
];
