/** A migration whose work is done by a Job in the cluster, with the documented rights and shards that want a password. */
import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { leastRights } from "../lab/least-rights";
import type { PulumiRun } from "../lab/pulumi-run";
import { World } from "./world";

const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
/** Of each source several pages of a scan: a checkpoint lies behind a whole one. */
const KEYS = 6_000;
const JOB = {
  execution: "job",
  job: {
    ...{ image: "lab.test/engine:1", imagePullPolicy: "Never", parallelism: 2 },
    ...{ cpuRequest: "10m", memoryLimit: "128Mi" },
  },
};
const ENGINE = "dedup-shards/engine=dedup-engine";
/** Some seconds from checkpoint to checkpoint, so that there is something to kill. */
const SLOW = { keysPerSecond: 60, catchUpKeysPerSecond: 50_000, batchSize: 10 };
const FAST = { keysPerSecond: 50_000, catchUpKeysPerSecond: 50_000 };

describe("a migration whose work is done by a Job", function () {
  this.timeout(600_000);
  let world: World;
  let directory: string;
  before(async () => {
    directory = mkdtempSync(path.join(tmpdir(), "dedup-shards-job-"));
    const kubeconfig = path.join(directory, "kubeconfig");
    world = await World.create({
      ...{ namespace: "job", shards: THREE, keys: KEYS, config: JOB, password: "of every shard" },
      kubeconfig: async (kube) => {
        writeFileSync(kubeconfig, await leastRights(kube));
        return kubeconfig;
      },
    });
  });
  after(async () => {
    await world?.destroy();
    rmSync(directory, { recursive: true });
  });

  const enginePods = () => world.kube.list("pods", ENGINE);
  const podsThatRun = async () =>
    (await enginePods())
      .filter(({ status }) => (status as { phase?: string }).phase === "Running")
      .map(({ metadata }) => `pod/${metadata.name}`);

  /** @throws Error when the run is over without that. */
  const aPodSays = async (what: RegExp, run: PulumiRun) => {
    const end = new AbortController();
    void run.done.finally(() => end.abort());
    while (!what.test(await world.kube.run(["logs", "--selector", ENGINE, "--tail=-1", "--ignore-errors"]))) {
      if (end.signal.aborted) throw new Error(`the run is over, and no pod said ${what}:\n${(await run.done).output}`);
      await sleep(250);
    }
  };

  it("loses nothing when pods and then the run itself are killed half-way, and goes on from the checkpoints", async () => {
    await world.to("plan", { targetShards: FOUR });
    await world.stack.setConfig({ migrationPhase: "copy", copy: SLOW });
    const run = world.stack.startUp({ skipPreview: true });
    await run.waitForLine(/pre-copy: by a Job in the cluster, 3 sources, 2 at once/);
    // What is counted are checkpoints: one of the pods at work has one, and who is to go on for it must find that.
    await run.waitForLine(/pre-copy: [1-9][\d,]* of about [\d,]+ keys \(\d+ %\), \S+ keys\/s, \S.* left$/);
    await world.kube.run(["delete", ...(await podsThatRun()), "--grace-period=0", "--force"]);
    await aPodSays(/pre-copy: shard-\d goes on from its checkpoint \(\d+ keys done\)/, run);
    await run.kill();
    await world.stack.cancel();
    const { output } = await world.to("copy", { copy: FAST });
    expect(output).to.match(/pre-copy: done, \S+ checked/);
    expect(await enginePods()).to.deep.equal([]);
    expect(await world.kube.find("job/dedup-engine")).to.equal(undefined);
    // Garbage is collected, which takes its time.
    while ((await world.kube.list("secrets", ENGINE)).length > 0) await sleep(250);
  });

  it("brings into step, verifies and cleans up the same way, until every key is where it belongs", async () => {
    for (const phase of ["dualWrite", "cutover", "cleanup"]) {
      const { output } = await world.to(phase);
      expect(output, phase).to.match(/by a Job in the cluster/);
    }
    await world.to("stable", { shards: FOUR });
    await world.expectPlaced(FOUR);
  });
});
