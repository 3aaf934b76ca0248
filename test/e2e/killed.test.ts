/** Runs that die half-way, and runs that meet. */
import { expect } from "chai";
import { until } from "../lab/kube";
import type { PulumiRun } from "../lab/pulumi-run";
import { PulumiStack, type Config } from "../lab/pulumi-stack";
import { compiledProgram } from "../support/compiled-program";
import { LAB_CONFIG, World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const SLOW = { keysPerSecond: 40, catchUpKeysPerSecond: 40 };
/** Long enough for another stack to come by, however busy the machine is. */
const CRAWL = { keysPerSecond: 8, catchUpKeysPerSecond: 8, batchSize: 10 };
const NEW_SHARD = "statefulset/redis-dedup-shard-3";
const FAST = LAB_CONFIG["copy"] as object;

describe("killed and concurrent runs", function () {
  this.timeout(900_000);
  let world: World;
  let run: PulumiRun | undefined;

  before(async () => {
    world = await World.create({ namespace: "killed", shards: THREE, keys: 3_000 });
  });
  // What a failed test leaves running must not lock the next one out.
  afterEach(() => endRun());
  after(() => world.destroy());

  it("a plan killed while it makes the new shard makes it whole, and leaves no trace of the first try", async () => {
    await world.stack.setConfig({ migrationPhase: "plan", targetShards: FOUR });
    run = world.stack.startUp({ skipPreview: true });
    const made = await until("the new shard's StatefulSet", () => world.kube.find(NEW_SHARD));
    await endRun();
    await world.to("plan");
    expect((await world.kube.get(NEW_SHARD)).metadata.uid).to.equal(made.metadata.uid);
    expect((await world.stack.preview()).output)
      .to.match(/\d+ unchanged/)
      .and.not.match(/to (update|replace|create)/);
  });

  it("a copy killed half-way goes on from its checkpoint; meanwhile a second stack is kept out by the lock", async () => {
    const before = await world.stack.exportState();
    await startUntil(/pre-copy: \d+ of about/, { migrationPhase: "copy", copy: CRAWL });
    await expectLockedOut(before);
    await halfDone("pre-copy");
    await endRun();
    const { output } = await world.to("copy", { copy: FAST });
    expect(output).to.match(/pre-copy: shard-\d goes on from its checkpoint \([1-9]\d* keys done\)/);
    await world.expectPlaced(THREE);
  });

  it("a source restarted under a copy: its scan starts over, nothing is lost", async () => {
    await world.to("plan");
    await world.to("stable", { targetShards: THREE });
    await world.to("plan", { targetShards: FOUR });
    await forgetCopies();
    const run = await startUntil(/pre-copy: \d+ of about/, { migrationPhase: "copy", copy: SLOW });
    await world.kube.delete("pod/redis-dedup-shard-1-0");
    await run.waitForLine(/shard-1 was restarted: its scan starts over/);
    const { code, output } = await run.done;
    expect(code, output).to.equal(0);
    world.keys.close();
    await world.expectPlaced(THREE);
  });

  it("a catch-up killed half-way goes on from its checkpoint", async () => {
    await forgetCopies();
    await startUntil(/catch-up: \d+ of about/, { migrationPhase: "dualWrite", copy: SLOW });
    await halfDone("catch-up");
    await endRun();
    const { output } = await world.to("dualWrite", { copy: FAST });
    expect(output).to.match(/catch-up: shard-\d goes on from its checkpoint \([1-9]\d* keys done\)/);
    expect((await world.stack.outputs())["verification"]).to.include({ missing: 0, different: 0, extra: 0 });
  });

  it("a cleanup killed half-way goes on from its checkpoint, and every key ends up at its owner", async () => {
    await world.to("cutover");
    const slow = { ttlWindow: "0s", keysPerSecond: 40 };
    await startUntil(/cleanup: \d+ of about/, { migrationPhase: "cleanup", cleanup: slow });
    await halfDone("cleanup");
    await endRun();
    const { output } = await world.to("cleanup", { cleanup: { ttlWindow: "0s", keysPerSecond: 50_000 } });
    expect(output).to.match(/cleanup: shard-\d goes on from its checkpoint \([1-9]\d* keys done\)/);
    await world.expectPlaced(FOUR);
    await world.to("stable", { shards: FOUR });
  });

  /** Starts an `up` and waits until it is half-way. */
  async function startUntil(line: RegExp, config: Config): Promise<PulumiRun> {
    await world.stack.setConfig(config);
    run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(line);
    return run;
  }

  /** Waits until a source has left a checkpoint that is not its last. */
  function halfDone(job: string): Promise<true> {
    return until(`a checkpoint of the ${job}`, async () => {
      for (const shard of THREE) {
        const text = await (await world.keys.client(shard)).get(`dedup-shards:checkpoint:${job}`);
        if (text !== null && !(JSON.parse(text) as { done: boolean }).done) return true;
      }
      return undefined;
    });
  }

  /** SIGKILL to CLI and plugins, unless the run has ended; then what an operator does about the lock that stays. */
  async function endRun(): Promise<void> {
    if (run === undefined) return;
    await run.kill();
    run = undefined;
    await world.stack.cancel();
  }

  /** Another backend with a state of its own, the same shards: a second pipeline that knows nothing of the first. */
  async function expectLockedOut(state: unknown): Promise<void> {
    const config = { ...LAB_CONFIG, namespace: "killed", shards: THREE, targetShards: FOUR, migrationPhase: "copy" };
    const other = await PulumiStack.create({
      ...{ name: "killed", ...(await compiledProgram()) },
      config: { ...config, backup: { enabled: false } },
    });
    expect((await other.manage(["stack", "import", "--stack", "killed"], JSON.stringify(state))).code).to.equal(0);
    const { code, output } = await other.up({ skipPreview: true });
    other.removeFiles();
    expect(code).to.not.equal(0);
    expect(output).to.match(
      /another migration run works on shard-\d: pre-copy on \S+, process \d+, since \S+Z\. Wait for it to end, or stop it, then run `pulumi up` again\. A run that was killed loses its lock within seconds\./,
    );
  }

  /** Takes the copies off the new shard, whose volume outlives it, so that there is everything to do. */
  async function forgetCopies(): Promise<void> {
    const client = await world.keys.client("shard-3");
    const copies = await client.keys("pcs:*");
    await client.unlink(...copies);
  }
});
