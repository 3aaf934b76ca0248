/** Each policy passes and fails a real preview of a real stack, by what an organisation configures and what is declared. */
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { shardIdentity } from "../../components/shard-identity";
import { openPolicyPack, type PolicyPack } from "../lab/policy-pack";
import { PulumiStack, type Config } from "../lab/pulumi-stack";
import type { RunResult } from "../lab/pulumi-run";
import { World } from "./world";

const NAMESPACE = "policy";
const TWO = ["shard-0", "shard-1"];
const THREE = [...TWO, "shard-2"];
const RING = { shards: TWO, targetShards: THREE, vnodes: 150, keyPrefix: "pcs:" };
const HOUR_MS = 3_600_000;

interface State {
  readonly deployment: { readonly resources: { readonly type: string; inputs: object; outputs: object }[] };
}

/** What the stack's outputs say after a cutover an hour ago. */
const CUTOVER = {
  cutoverAt: new Date(Date.now() - HOUR_MS).toISOString(),
  verification: {
    mode: "full",
    missing: 0,
    different: 0,
    extra: 0,
    at: new Date(Date.now() - HOUR_MS + 1).toISOString(),
  },
};
const cleanupOpens = (hours: number) => new Date(Date.parse(CUTOVER.cutoverAt) + hours * HOUR_MS).toISOString();

describe("the policy pack, on real previews", function () {
  this.timeout(300_000);
  let world: World;
  let pack: PolicyPack;
  let dir: string;
  let stable: State;

  before(async () => {
    pack = openPolicyPack();
    dir = mkdtempSync(path.join(tmpdir(), "dedup-policy-config-"));
    world = await World.create({ namespace: NAMESPACE, shards: TWO, keys: 20, password: "geheim", replicas: 1 });
    await world.stack.setConfig({ targetShards: THREE });
    stable = (await world.stack.exportState()) as State;
  });
  after(async () => {
    await world.destroy();
    pack.remove();
    rmSync(dir, { recursive: true });
  });

  /** Previews with the pack; what it says of one policy is below that policy's name. */
  function preview(policies: object = {}, stack = world.stack): Promise<RunResult> {
    const file = path.join(dir, "config.json");
    writeFileSync(file, JSON.stringify(policies));
    return stack.preview({ args: ["--policy-pack", pack.dir, "--policy-pack-config", file], env: pack.env });
  }

  async function passes(policies?: object): Promise<void> {
    const { code, output } = await preview(policies);
    expect(code, output).to.equal(0);
    expect(output).to.contain("Policies:\n    ✅ dedup-shards@v").and.to.not.contain("[mandatory]");
  }

  /** Asserts that exactly these policies are violated, and how. */
  async function fails(
    violations: Readonly<Record<string, readonly string[]>>,
    policies?: object,
    stack?: PulumiStack,
  ) {
    const { code, output } = await preview(policies, stack);
    expect(code, output).to.equal(1);
    const found = [...output.matchAll(/\[mandatory\] +([\w-]+)/g)].map(([, name]) => name ?? "");
    const wanted = Object.entries(violations).flatMap(([name, texts]) => texts.map(() => name));
    expect(found.sort(), output).to.deep.equal(wanted.sort());
    for (const text of Object.values(violations).flat()) expect(output).to.contain(text);
  }

  /** Puts the gate into a phase in the state, as nobody but a hand can: a migration would take minutes. */
  async function inState(phase: string, cameFrom: string): Promise<void> {
    const state = structuredClone(stable);
    const gate = state.deployment.resources.find(({ type }) => type.endsWith(":RingGate"));
    if (gate === undefined) throw new Error("the state has no gate");
    const { connection } = gate.inputs as { connection: { shards: object; managed: readonly string[] } };
    const shards = { ...connection.shards, "shard-2": shardIdentity("shard-2", NAMESPACE).url };
    const edit = {
      phase,
      ring: RING,
      connection: { ...connection, shards, managed: THREE },
      migration: 1,
      cameFrom: { phase: cameFrom, ...RING },
    };
    gate.inputs = { ...gate.inputs, ...edit };
    gate.outputs = { ...gate.outputs, ...edit };
    await restore(state);
  }

  async function restore(state: State): Promise<void> {
    const file = path.join(dir, "state.json");
    writeFileSync(file, JSON.stringify(state));
    const { code, output } = await world.stack.manage(["stack", "import", "--stack", NAMESPACE, "--file", file]);
    expect(code, output).to.equal(0);
  }

  const set = (config: Config) => world.stack.setConfig(config);

  it("all of them pass a ring as it is, also in production", async () => {
    await passes({ "prod-password": { stacks: [NAMESPACE] } });
  });

  it("copy-rate: the ceiling is the organisation's", async () => {
    const text = (rate: string) => `copy.${rate} is 50000; allowed: at most 49999 keys/s.`;
    const [preCopy, catchUp] = [text("keysPerSecond"), text("catchUpKeysPerSecond")];
    await fails({ "copy-rate": [preCopy, catchUp, catchUp] }, { "copy-rate": { maxKeysPerSecond: 49_999 } });
  });

  it("prod-password: fails without one in production, and nowhere else", async () => {
    await set({ redisPassword: undefined });
    const text = (shard: string) =>
      `redis-dedup-${shard} would answer without a password in stack "${NAMESPACE}". Set one: pulumi config set --secret ` +
      "redisPassword";
    await fails({ "prod-password": TWO.map(text) }, { "prod-password": { stacks: ["prod", NAMESPACE] } });
    await passes();
    await set({ redisPassword: { secret: "geheim" } });
  });

  it("ring-shards-stay, no-eviction: fail a program that does it", async () => {
    const program = path.join(__dirname, "bad-shards");
    const stack = await PulumiStack.create({ name: "bad", program, config: { namespace: NAMESPACE } });
    await fails(
      {
        "ring-shards-stay": [
          'shard-1 is in a ring in phase "stable", but this stack would have neither StatefulSet redis-dedup-shard-1 nor an ' +
            "address for it in shardUrls. Leave the shard where it is until no ring names it.",
        ],
        "no-eviction": [
          "redis-dedup-shard-0 would run with maxmemory-policy allkeys-lru; allowed: noeviction, written down.",
        ],
      },
      {},
      stack,
    ).finally(() => stack.removeFiles());
  });

  it("no-phase-skipped: passes a step, fails a jump that the state has, and lets one be allowed", async () => {
    await set({ migrationPhase: "plan" });
    await passes();
    await inState("copy", "stable");
    await set({ migrationPhase: "copy" });
    const text =
      'The ring would be in "copy", and come from "stable". Set migrationPhase to a phase next to the one before. If this ' +
      "takes back an `up` that did not get to its end, allow it for this run: " +
      '{"no-phase-skipped": {"allow": ["stable → copy"]}}';
    await fails({ "no-phase-skipped": [text] });
    await passes({ "no-phase-skipped": { allow: ["stable → copy"] } });
  });

  it("cleanup-after-verify: passes and fails by what the stack's outputs said before the move", async () => {
    await inState("cutover", "dualWrite");
    await set({ migrationPhase: "cleanup" });
    const evidence = (stackOutputs: object) => ({ "cleanup-after-verify": { stackOutputs } });
    await passes(evidence(CUTOVER));
    await fails({ "cleanup-after-verify": ["The verify and the cutover are not known in a preview: hand over what"] });
    await set({ cleanup: { ttlWindow: "14d" }, verify: { mode: "sample" } });
    const verification = { ...CUTOVER.verification, missing: 1, extra: 2 };
    await fails(
      {
        "cleanup-after-verify": [
          'verify.mode is "sample"; allowed for a cleanup: full.',
          "The last verify found 1 missing, 0 different, 2 extra keys; allowed: 0.",
          `The cutover was at ${CUTOVER.cutoverAt}, so the TTL window opens at ${cleanupOpens(14 * 24)}.`,
        ],
      },
      evidence({ ...CUTOVER, verification }),
    );
    await restore(stable);
  });
});
