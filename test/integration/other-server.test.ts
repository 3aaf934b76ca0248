/** A shard's name that leads to another shard of its ring, as it may when pods start anew and get each other's addresses. */
import { expect } from "chai";
import { catchUp } from "../../migration/engines/catch-up";
import { drain } from "../../migration/engines/drain";
import { preCopy } from "../../migration/engines/pre-copy";
import type { Run } from "../../migration/engines/runtime";
import { verifyAndRepair, type VerifySettings } from "../../migration/engines/verify";
import { withSession } from "../../migration/adapters/session";
import { TcpProxy } from "../faults/tcp-proxy";
import { errorOf, FOUR, PACE, RingLab, THREE, TOLERANCE_MS } from "./ring-lab";

const KEYS = 1_000;
const VERIFY: VerifySettings = {
  ...({ mode: "full", sampleSize: 1 } as const),
  ...{ expiryToleranceMs: TOLERANCE_MS, claimWindowMs: 1, commandTimeoutMs: 1, pace: PACE },
};

describe("a shard's name that leads to another shard", function () {
  this.timeout(60_000);
  let lab: RingLab;
  let way: TcpProxy;
  beforeEach(() => begin(THREE, FOUR));
  afterEach(async () => {
    await way.stop();
    await lab.stop();
  });

  async function begin(current: readonly string[], target: readonly string[]): Promise<void> {
    lab = await RingLab.start(current, target);
    await lab.fill(KEYS);
    await lab.begin();
  }

  /** Opens a run in which `name` is what it should be, and works once it is `other`. */
  async function misled<T>(name: string, other: string, work: (run: Run) => Promise<T>): Promise<T> {
    way = await TcpProxy.start(lab.server(name).port);
    const addresses = [...lab.servers].map(([each, { url }]) => ({ name: each, url: each === name ? way.url : url }));
    return withSession(lab.plan({ addresses }), ({ run }) => {
      way.leadTo(lab.server(other).port);
      return work(run);
    });
  }

  const refusal =
    "the address of shard-0 leads to shard-1. Nothing is done on a shard that is not the one it is taken for: wait until " +
    "their names lead where they should, or mend shardUrls, then run `pulumi up` again.";
  const verified = (run: Run) => verifyAndRepair(run, { record: lab.record, direction: lab.forward, settings: VERIFY });
  const copied = (run: Run) => preCopy(run, lab.record, PACE, TOLERANCE_MS);
  const caughtUp = (run: Run) => catchUp(run, lab.record, lab.forward, 2, PACE, TOLERANCE_MS);

  it("is no clean verify of a source that nobody has looked at", async () => {
    const error = await errorOf(misled("shard-0", "shard-1", verified));
    expect(error.message).to.equal(refusal);
  });

  it("is no reason for a catch-up to delete good copies", async () => {
    await lab.run(copied);
    const error = await errorOf(misled("shard-0", "shard-1", caughtUp));
    expect(error.message).to.equal(refusal);
    expect(await lab.placement(lab.rings.current, lab.rings.target)).to.deep.equal(
      lab.allRight(lab.rings.current, lab.rings.target),
    );
  });

  it("is no shard that is in step, because it is the source itself", async () => {
    await lab.stop();
    await begin(["a"], ["a", "b"]);
    const error = await errorOf(misled("b", "a", caughtUp));
    expect(error.message).to.match(/^the address of b leads to a\. /);
    // It would say that all of it is done.
    expect(await lab.server("a").client.exists("dedup-shards:checkpoint:catch-up")).to.equal(0);
  });

  it("is no owner that has everything, because it is the source itself: nothing is deleted", async () => {
    const job = { record: lab.record, direction: lab.backward, sources: ["shard-0"], pace: PACE, epoch: 4 };
    const error = await errorOf(misled("shard-3", "shard-0", (run) => drain(run, job)));
    expect(error.message).to.match(/^the address of shard-3 leads to shard-0\. /);
    expect(await lab.placement(lab.rings.current)).to.deep.equal(lab.allRight(lab.rings.current));
  });

  it("is not written to", async () => {
    const before = await lab.strings("shard-1");
    const error = await errorOf(misled("shard-3", "shard-1", copied));
    expect(error.message).to.match(
      /^this run lost its lock on shard-3 \(now: test on .*\), so it stopped writing\. If no other run is at work, run `pulumi up` again: it goes on from its checkpoint\.$/,
    );
    expect(await lab.strings("shard-1")).to.deep.equal(before);
    expect((await lab.strings("shard-3")).size).to.equal(0);
  });
});
