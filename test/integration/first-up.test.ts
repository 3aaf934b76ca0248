/** What a resource does that is new to the state: on a stack's first `up`, and after a `destroy` that did not get to its end. */
import { expect } from "chai";
import { dispatch } from "../../migration/entrypoints/dispatch";
import type { StepInputs } from "../../migration/entrypoints/inputs";
import { check, create } from "../../migration/entrypoints/ring-gate";
import { GateClosedError } from "../../migration/engines/errors";
import { BACKEND, PaperCluster } from "./paper-cluster";
import { errorOf, FOUR, RingLab, THREE } from "./ring-lab";

const url = (name: string) => `redis://${name}.example:6379`;
const dataOf = (names: readonly string[]) => ({
  DEDUP_SHARDS: names.map(url).join(","),
  DEDUP_DUAL_WRITE: "false",
  DEDUP_NEW_RING: "",
});
const connection = {
  ...BACKEND,
  shards: Object.fromEntries(THREE.map((name) => [name, url(name)])),
  access: "direct" as const,
  kubeContext: "",
};
const ring = { shards: THREE, targetShards: THREE, vnodes: 150, keyPrefix: "pcs:" };
const settings = {
  ...{
    keysPerSecond: 100_000,
    catchUpKeysPerSecond: 100_000,
    batchSize: 100,
    bigValueBytes: 262_144,
    maxSourceLatencyMs: 1_000,
  },
  ...{ verifyMode: "full" as const, sampleSize: 1, expiryToleranceMs: 0, ttlWindowMs: 0 },
  ...{ cleanupKeysPerSecond: 100_000, cleanupBatchSize: 100, claimWindowMs: 0 },
  ...{ commandTimeoutMs: 0, rolloutTimeoutMs: 1, containerLimitBytes: 0 },
};

/** What a resource that Pulumi makes has for outputs. */
async function made(entrypoint: string, inputs: object): Promise<Record<string, unknown>> {
  return ((await dispatch(entrypoint, "create", [inputs], undefined)) as { outs: Record<string, unknown> }).outs;
}

describe("a resource that is new to the state", function () {
  this.timeout(60_000);
  let cluster: PaperCluster;
  beforeEach(async () => {
    cluster = await PaperCluster.start();
  });
  afterEach(() => cluster.stop());

  describe("the gate", () => {
    const inputs = { phase: "stable" as const, ring, connection, settings };
    const checked = async () => (await check({}, inputs)).inputs as Parameters<typeof create>[0];

    it("takes over the ring that it finds, at its epoch", async () => {
      cluster.ring = { ...dataOf(THREE), DEDUP_RING_EPOCH: "8" };
      expect(await create(await checked())).to.deep.include({ epoch: 8, verification: null });
    });

    it("begins with epoch 1 where there is none", async () => {
      expect(await create(await checked())).to.include({ epoch: 1 });
    });

    it("refuses a ring that only shows up after the preview", async () => {
      const unaware = await checked();
      cluster.ring = { ...dataOf(FOUR), DEDUP_RING_EPOCH: "8" };
      const error = await errorOf(create(unaware));
      expect(error).to.be.instanceOf(GateClosedError);
      expect(error.message).to.match(/^ConfigMap paper\/backend-config already has the ring redis:\/\/shard-0/);
    });

    it("does not set the epoch of a ring back that it could not read before", async () => {
      const unaware = await checked();
      cluster.ring = { ...dataOf(THREE), DEDUP_RING_EPOCH: "8" };
      expect((await errorOf(create(unaware))).message).to.equal(
        "ConfigMap paper/backend-config is not what it was when this run began, or could not be read then. " +
          "Run `pulumi up` again.",
      );
    });

    it("does not go on while nobody can say what ring there is", async () => {
      const unaware = await checked();
      cluster.broken = true;
      expect((await errorOf(create(unaware))).message).to.match(/503/);
    });
  });

  it("a barrier waits as any other: a pod of an older epoch is named", async () => {
    cluster.pods = [{ epoch: 1 }];
    const inputs = { epoch: 2, connection, commandTimeoutMs: 0, rolloutTimeoutMs: 1 };
    expect((await errorOf(made("barrier", inputs))).message).to.match(/backend-0/);
    cluster.pods = [{ epoch: 2 }];
    expect(await made("barrier", inputs)).to.include({ epoch: 2 });
  });

  it("a step that has work does it", async () => {
    const lab = await RingLab.start(THREE, FOUR);
    try {
      await lab.fill(300);
      await lab.begin();
      const shards = Object.fromEntries([...lab.servers].map(([name, server]) => [name, server.url]));
      const migration = { ...ring, targetShards: FOUR };
      const inputs: StepInputs = {
        ...{ migration: 1, epoch: 1, work: "copy", ring: migration, settings },
        connection: { ...connection, shards },
      };
      const live = THREE.map((name) => shards[name]).join(",");
      cluster.ring = { DEDUP_SHARDS: live, DEDUP_DUAL_WRITE: "false", DEDUP_NEW_RING: "", DEDUP_RING_EPOCH: "1" };
      const movers = lab.moverKeys().length;
      expect(movers).to.be.above(0);
      expect((await made("pre-copy", inputs))["counts"]).to.include({ checked: movers, missing: movers });
    } finally {
      await lab.stop();
    }
  });
});
