/** What the program refuses, what it keeps secret, and what it leaves alone. */
import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HashRing } from "../../migration/ring/ring";
import type { KubeObject } from "../lab/kube";
import { PulumiStack, type Config } from "../lab/pulumi-stack";
import { copyProgram } from "../support/compiled-program";
import { expectNowhere } from "./secrets";
import { LAB_CONFIG, World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const PASSWORD = "s3cret-pässword/+=&";
/** Of services that do not answer: what is said of that must not have them either. */
const NOBODY = "http://127.0.0.1:9";
const OTHER_SECRETS = {
  grafanaToken: "glsa_t0ken",
  metricsPassword: "pr0metheus-päss",
  webhook: `${NOBODY}/h00k-s3cret`,
};

const BACKUPS = mkdtempSync(join(tmpdir(), "dedup-backups-"));

/** How many of some pcs_ids change their owner. */
function moversBetween(ids: Iterable<string>): number {
  const [before, after] = [new HashRing(THREE), new HashRing(FOUR)];
  return [...ids].filter((id) => before.ownerOf(id) !== after.ownerOf(id)).length;
}

interface PodStatus {
  readonly startTime: string;
  readonly conditions: readonly { readonly type: string; readonly lastTransitionTime: string }[];
}

/** When a pod was started and became ready, Unix ms. */
function startAndReady(pod: KubeObject): { start: number; ready: number } {
  const { startTime, conditions } = pod["status"] as PodStatus;
  const ready = conditions.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
  return { start: Date.parse(startTime), ready: Date.parse(ready) };
}

const dataOf = (configMap: KubeObject) => configMap["data"] as Record<string, string>;

describe("guard rails, on a real stack", function () {
  this.timeout(600_000);
  let world: World;

  before(async () => {
    world = await World.create({
      namespace: "guardrails",
      shards: THREE,
      keys: 300,
      password: PASSWORD,
      config: { backup: { enabled: true, directory: BACKUPS }, monitoring: { enabled: true } },
    });
  });
  after(async () => {
    await world.destroy();
    rmSync(BACKUPS, { recursive: true });
  });

  async function refused(config: Config): Promise<string> {
    await world.stack.setConfig(config);
    const { code, output } = await world.stack.preview();
    expect(code, output).to.not.equal(0);
    return output;
  }

  it("refuses to jump over phases, in the preview, naming both and the legal next ones", async () => {
    const output = await refused({ migrationPhase: "cutover", targetShards: FOUR });
    expect(output).to.contain(
      'migrationPhase: "stable" → "cutover" is not a legal move. From "stable" the legal next phases are: "plan".',
    );
  });

  it("refuses an illegal move without a preview before anything else is touched", async () => {
    await world.stack.setConfig({ migrationPhase: "dualWrite", targetShards: FOUR });
    const { code, output } = await world.stack.up({ skipPreview: true });
    expect(code).to.not.equal(0);
    expect(output).to.contain('"stable" → "dualWrite" is not a legal move');
    expect(await world.kube.find("statefulset/redis-dedup-shard-3")).to.equal(undefined);
  });

  it("refuses to change the ring in force without a migration", async () => {
    const output = await refused({ migrationPhase: "stable", shards: FOUR, targetShards: FOUR });
    expect(output).to.contain(
      "shards: changing the ring in force from [shard-0, shard-1, shard-2] to [shard-0, shard-1, shard-2, shard-3] " +
        "without a migration would lose every key that changes its owner.",
    );
    await world.stack.setConfig({ shards: THREE });
  });

  it("refuses to make a shard of the ring in force another server", async () => {
    const output = await refused({ shardUrls: { "shard-1": "redis://empty.example:6379" } });
    expect(output).to.contain(
      "shardUrls: shard-1 is at redis://redis-dedup-shard-1-0.redis-dedup.guardrails.svc:6379 and its keys are there, " +
        "but it would be at redis://empty.example:6379 from now on",
    );
    await world.stack.setConfig({ shardUrls: undefined });
  });

  it("names every bad value at once, before anything is looked at", async () => {
    const output = await refused({ migrationPhase: "fly", targetShards: FOUR, copy: { keysPerSecond: -1 } });
    expect(output)
      .to.contain('dedup-shards:migrationPhase is "fly"; allowed: stable, plan, copy, dualWrite, cutover, cleanup')
      .and.to.contain("dedup-shards:copy.keysPerSecond is -1; allowed: a whole number from 1 to 1000000");
    await world.stack.setConfig({ copy: { keysPerSecond: 50_000, catchUpKeysPerSecond: 50_000 } });
  });

  it("does not start in the middle of a migration", async () => {
    const fresh = await PulumiStack.create({
      name: "fresh",
      config: { namespace: "guardrails", shards: THREE, targetShards: FOUR, migrationPhase: "copy" },
    });
    const { code, output } = await fresh.preview();
    fresh.removeFiles();
    expect(code).to.not.equal(0);
    expect(output).to.contain('this stack has no ring yet, so it cannot start in "copy"');
  });

  it("says in the preview of a plan what will move, and moves nothing", async () => {
    await world.stack.setConfig({ migrationPhase: "plan", targetShards: FOUR });
    const { output } = await world.stack.preview({ diff: true });
    expect(output).to.match(/shard-0 → shard-3 *: "8\.85 % of the keyspace, about \d+ keys"/);
    await world.stack.mustUp();
    const { migrationPlan } = await world.stack.outputs();
    expect(migrationPlan).to.include({ total_keys_to_move: moversBetween(world.keys.stored.keys()) });
    await world.expectPlaced(THREE, FOUR);
  });

  it("refuses to go on with other rings than those planned", async () => {
    const output = await refused({ migrationPhase: "copy", targetShards: ["shard-0", "shard-1", "shard-3"] });
    expect(output).to.contain(
      'targetShards: changed from "shard-0, shard-1, shard-2, shard-3" to "shard-0, shard-1, shard-3" ' +
        'in the middle of a migration (phase "plan").',
    );
    await world.stack.setConfig({ migrationPhase: "plan", targetShards: FOUR });
  });

  for (const [what, file, edit] of [
    ["an engine", "migration/engines/pre-copy.ts", (text: string) => `${text}\nexport const EDITED = true;\n`],
    ["what providers are made of", "migration/providers/shell.ts", (text: string) => text.replaceAll("call", "ask")],
  ] as const) {
    it(`does not run on stale code, nor show a diff, when somebody edits ${what}`, async () => {
      const program = mkdtempSync(join(tmpdir(), "dedup-program-"));
      copyProgram(program);
      const original = readFileSync(join(program, file), "utf8");
      writeFileSync(join(program, file), edit(original));
      expect((await world.stack.preview({ program })).output).to.match(/Resources:\s+\d+ unchanged/);
      rmSync(program, { recursive: true });
    });
  }

  it("keeps the gate shut to a refresh, and shows no change after one", async () => {
    expect((await world.stack.refresh()).code).to.equal(0);
    const { output } = await world.stack.preview();
    expect(output).to.match(/Resources:\s+\d+ unchanged/);
  });

  it("restarts shards one after the other when all of them change", async () => {
    const shard = LAB_CONFIG["shard"] as object;
    await world.stack.setConfig({ shard: { ...shard, cpuRequest: "20m" } });
    await world.stack.mustUp({ skipPreview: true });
    const pods = await Promise.all(FOUR.map((name) => world.kube.get(`pod/redis-dedup-${name}-0`)));
    const times = pods.map(startAndReady);
    times.slice(1).forEach(({ start }, i) => expect(start, FOUR[i + 1]).to.be.at.least(times[i]?.ready ?? NaN));
    world.keys.close();
    await world.expectPlaced(THREE, FOUR);
  });

  it("tells no secret to anybody: not in state, outputs, logs, previews or manifests but the Secret", async () => {
    const { grafanaToken, metricsPassword, webhook } = OTHER_SECRETS;
    await world.stack.setConfig({
      ...{ migrationPhase: "copy", grafana: { url: NOBODY }, grafanaToken: { secret: grafanaToken } },
      ...{ metrics: { username: "prometheus" }, metricsPassword: { secret: metricsPassword } },
      notify: { webhookUrl: { secret: webhook } },
    });
    const preview = await world.stack.preview({ diff: true });
    const up = await world.stack.mustUp();
    const state = JSON.stringify(await world.stack.exportState());
    const outputs = JSON.stringify(await world.stack.outputs());
    const objects = await Promise.all(["pods", "statefulsets", "configmaps"].map((kind) => world.kube.list(kind)));
    const places = { preview: preview.output, up: up.output, state, outputs, objects: JSON.stringify(objects) };
    expect(up.output).to.contain("notify.webhookUrl did not take the report").and.to.contain("Grafana has not got");
    for (const secret of [PASSWORD, ...Object.values(OTHER_SECRETS)]) expectNowhere(secret, places);
    await world.stack.setConfig({ grafana: undefined, notify: undefined });
    const { migration_id: id } = (await world.stack.outputs())["migrationPlan"] as { migration_id: string };
    expect(
      readFileSync(join(BACKUPS, id, "shard-0.rdb"))
        .subarray(0, 5)
        .toString(),
    ).to.equal("REDIS");
  });

  it("a ring changed by hand is seen by a refresh, and leaves through the gate like any other", async () => {
    const kept = await world.kube.get("configmap/backend-config");
    const data = { DEDUP_DUAL_WRITE: "true", DEDUP_NEW_RING: FOUR.join(",") };
    await world.kube.run(["patch", "configmap/backend-config", "--type=merge", "-p", JSON.stringify({ data })]);
    expect((await world.stack.refresh()).code).to.equal(0);
    const { output } = await world.stack.preview({ diff: true });
    expect(output)
      .to.match(/phase *: "dualWrite" => "copy"/)
      .and.to.match(/DEDUP_DUAL_WRITE *: "true" *=> "false"/);
    const up = await world.stack.mustUp({ skipPreview: true });
    expect(up.output).to.contain('gate: "dualWrite" → "copy" is open');
    const back = await world.kube.get("configmap/backend-config");
    const anyEpoch = { DEDUP_RING_EPOCH: "", DEDUP_RING_CHECKSUM: "" };
    expect({ ...dataOf(back), ...anyEpoch }).to.deep.equal({ ...dataOf(kept), ...anyEpoch });
    await world.expectPlaced(THREE);
  });
});
