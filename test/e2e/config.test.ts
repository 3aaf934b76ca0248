/** What an operator sees of a wrong value, from the real CLI: in the preview, before anything is looked at. */
import { expect } from "chai";
import { PulumiStack, type Config } from "../lab/pulumi-stack";

/** One wrong value of each kind that the CLI lets through, and what is said of it. */
const OURS: readonly (readonly [Config, string])[] = [
  [
    { "kubernetes:kubeconfig": "elsewhere" },
    "kubernetes:kubeconfig is set; allowed: KUBECONFIG in the environment and kubernetes:context instead, which the " +
      "migration follows as well",
  ],
  [
    { copi: { keysPerSecond: 1 } },
    "dedup-shards:copi is an unknown key; allowed: the closest is dedup-shards:copy; all are migrationPhase, shards,",
  ],
  [
    { migrationPhase: "cutovr" },
    'dedup-shards:migrationPhase is "cutovr"; allowed: stable, plan, copy, dualWrite, cutover, cleanup',
  ],
  [{ vnodes: 0 }, "dedup-shards:vnodes is 0; allowed: a whole number from 1 to 10000"],
  [
    { keyPrefix: 5 },
    'dedup-shards:keyPrefix is "5"; allowed: text such as pcs: that is not just a number, true, false or null',
  ],
  [{ access: true }, 'dedup-shards:access is "true"; allowed: portForward, direct'],
  [
    { shard: { memoryLimit: "4GB" } },
    'dedup-shards:shard.memoryLimit is "4GB"; allowed: a Kubernetes quantity from 16Mi to 16Ti, such as 4Gi',
  ],
  [
    { backend: { claimWindowMs: 3_000_000_000 } },
    "dedup-shards:backend.claimWindowMs is 3000000000; allowed: a whole number from 1 to 3600000",
  ],
  [
    { copy: { keysPerSecond: "fast" } },
    'dedup-shards:copy.keysPerSecond is "fast"; allowed: a whole number from 1 to 1000000',
  ],
  [
    { cleanup: { ttlWindow: "999999999d" } },
    'dedup-shards:cleanup.ttlWindow is "999999999d"; allowed: a whole number and a unit (ms, s, m, h or d), such as 14d, ' +
      "30m or 0s, at most 365d",
  ],
  [
    { redisPassword: { secret: "ge\nheim" } },
    "dedup-shards:redisPassword is a text with a line break or a NUL in it; allowed: a password on one line",
  ],
];

/** What is not of the type that Pulumi.yaml declares, the CLI refuses by itself: in its own words, without the value. */
const OF_THE_CLI: readonly (readonly [Config, string])[] = [
  [{ vnodes: "many" }, "'vnodes' must be of type 'integer'"],
  [{ vnodes: 1.5 }, "'vnodes' must be of type 'integer'"],
  [{ shards: "a,b" }, "'shards' must be of type 'array<string>'"],
  [{ shards: ["a", 1] }, "'shards' must be of type 'array<string>'"],
  [{ copy: 5 }, "'copy' must be of type 'object'"],
  [{ shardUrls: ["redis://h"] }, "'shardUrls' must be of type 'object'"],
  [{ redisPassword: { a: "geheim" } }, "'redisPassword' must be of type 'string'"],
];

/** Every key that a case sets, as it was. */
const KEYS = [...OURS, ...OF_THE_CLI].flatMap(([config]) => Object.keys(config));
const RIGHT: Config = { ...Object.fromEntries(KEYS.map((key) => [key, undefined])), shards: ["a"] };

describe("a wrong value in the stack config, on the real CLI", function () {
  this.timeout(120_000);
  let stack: PulumiStack;
  before(async () => (stack = await PulumiStack.create({ name: "config", config: {} })));
  after(() => stack.removeFiles());

  it("is named with what is allowed, all at once, and without a stack trace", async () => {
    await stack.setConfig(Object.assign({ ...RIGHT }, ...OURS.map(([config]) => config)) as Config);
    const { code, output } = await stack.preview();
    expect(code, output).to.not.equal(0);
    for (const [, line] of OURS) expect(output).to.contain(`\n      ${line}`);
    expect(output)
      .to.contain("    error: The stack configuration is not valid. Nothing was changed.\n")
      .and.to.not.match(/unhandled|\bat .*\.[jt]s:\d+|problems|heim/);
  });

  for (const [config, message] of OF_THE_CLI) {
    it(`of a wrong type: ${message}, for ${JSON.stringify(config)}`, async () => {
      await stack.setConfig({ ...RIGHT, ...config });
      const { code, output } = await stack.preview();
      expect(code).to.not.equal(0);
      expect(output).to.equal(`error: validating stack config: Stack 'config' with configuration key ${message}`);
    });
  }
});
