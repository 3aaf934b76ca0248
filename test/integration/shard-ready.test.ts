/** Shards are restarted one after the other: the next one waits until a changed StatefulSet is ready again. */
import { expect } from "chai";
import { GateClosedError } from "../../migration/engines/errors";
import { update, type ShardReadyInputs } from "../../migration/entrypoints/shard-ready";
import { BACKEND, PaperCluster, STATEFUL_SET } from "./paper-cluster";
import { errorOf } from "./ring-lab";

const BEFORE: ShardReadyInputs = {
  namespace: BACKEND.namespace,
  kubeContext: "",
  statefulSet: STATEFUL_SET,
  generation: 1,
  rolloutTimeoutMs: 0,
};
const CHANGED = { ...BEFORE, generation: 2 };
const READY = { observedGeneration: 2, currentRevision: "b", updateRevision: "b", readyReplicas: 1 };

describe("a shard that was changed", () => {
  let cluster: PaperCluster;
  beforeEach(async () => void (cluster = await PaperCluster.start()));
  afterEach(() => cluster.stop());

  const is = (status: Partial<typeof READY>) =>
    (cluster.statefulSet = { metadata: { generation: 2 }, spec: { replicas: 1 }, status: { ...READY, ...status } });

  it("lets the next one go on when it runs what was asked of it", async () => {
    is({});
    expect(await update(BEFORE, CHANGED)).to.deep.include(CHANGED);
  });

  for (const [what, status] of [
    ["nobody has looked at the change", { observedGeneration: 1 }],
    ["its pod is still the one of before", { currentRevision: "a" }],
    ["its pod is not ready", { readyReplicas: 0 }],
  ] as const) {
    it(`holds the next one up while ${what}`, async () => {
      is(status);
      const error = await errorOf(update(BEFORE, CHANGED));
      expect(error).to.be.instanceOf(GateClosedError);
      expect(error.message).to.contain(
        `StatefulSet paper/${STATEFUL_SET} is not ready 0s after its change; the other shards have not been restarted.`,
      );
    });
  }

  it("that was not changed is not looked at", async () => {
    expect(await update(CHANGED, CHANGED)).to.deep.include(CHANGED);
  });
});
