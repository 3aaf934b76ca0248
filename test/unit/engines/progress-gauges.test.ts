import { expect } from "chai";
import { ProgressGauges, type GaugeValue } from "../../../migration/engines/progress-gauges";
import type { ProgressEvent } from "../../../migration/engines/runtime";
import { FakeClock } from "./fakes";

const job = "catch-up";
const BEGUN: ProgressEvent = {
  job,
  kind: "begun",
  sources: ["a", "b"],
  edges: { a: 2, b: 1 },
  movers: 1_000,
  checkpoints: true,
};

describe("ProgressGauges", () => {
  let clock: FakeClock;
  let gauges: ProgressGauges;
  beforeEach(() => {
    clock = new FakeClock(1_000_000);
    gauges = new ProgressGauges(clock);
  });
  const named = (values: readonly GaugeValue[] = []) =>
    Object.fromEntries(values.map(({ metric, source, value }) => [source ? `${metric} ${source}` : metric, value]));
  const look = () => named(gauges.changed().get(job));

  it("begin with nothing done, and everything planned", () => {
    gauges.note(BEGUN);
    expect(look()).to.deep.equal({
      ...{ edgesDone: 0, edgesPlanned: 3, keysPlanned: 1_000, keysPerSecond: 0, errors: 0 },
      ...{ "keysDone a": 0, "keysDone b": 0 },
      // A source that never gets to a checkpoint has stalled as well.
      ...{ "checkpoint a": 1_000, "checkpoint b": 1_000 },
    });
  });

  it("count keys by source, earlier runs' too, and give the rate since they were looked at last", () => {
    gauges.note(BEGUN);
    gauges.note({ job, kind: "skipped", source: "a", keys: 100 });
    gauges.note({ job, kind: "keys", source: "a", keys: 40, allowed: 500 });
    gauges.note({ job, kind: "keys", source: "b", keys: 60, allowed: 250 });
    clock.pass(2_000);
    const first = { "keysDone a": 140, "keysDone b": 60, keysPerSecond: 50, throttle: 250 };
    expect(look()).to.include(first);
    gauges.note({ job, kind: "skipped", source: "a", keys: -140 });
    gauges.note({ job, kind: "keys", source: "b", keys: 5 });
    clock.pass(500);
    expect(look()).to.include({ "keysDone a": 0, "keysDone b": 65, keysPerSecond: 10, throttle: 250 });
  });

  it("say so when a job stands still, and nothing of one that is over", () => {
    gauges.note(BEGUN);
    gauges.note({ job, kind: "keys", source: "a", keys: 10 });
    clock.pass(1_000);
    expect(look()).to.include({ keysPerSecond: 10 });
    clock.pass(60_000);
    expect(look()).to.include({ keysPerSecond: 0, "keysDone a": 10 });
    gauges.note({ job, kind: "done", source: "a" });
    gauges.note({ job, kind: "failed", source: "b" });
    expect(look()).to.include({ keysPerSecond: 0, errors: 1 });
    expect([...gauges.changed()]).to.deep.equal([]);
    gauges.note({ job: "verify", kind: "begun", sources: [], edges: {}, movers: 0, checkpoints: false });
    expect([...gauges.changed().keys()]).to.deep.equal(["verify"]);
  });

  it("count edges with their source, and no rate once all sources are done", () => {
    gauges.note(BEGUN);
    gauges.note({ job, kind: "keys", source: "a", keys: 10 });
    gauges.note({ job, kind: "done", source: "a" });
    clock.pass(1_000);
    expect(look()).to.include({ edgesDone: 2, keysPerSecond: 10 });
    gauges.note({ job, kind: "keys", source: "b", keys: 10 });
    gauges.note({ job, kind: "done", source: "b" });
    clock.pass(1_000);
    expect(look()).to.include({ edgesDone: 3, keysPerSecond: 0 });
  });

  it("have a failure until the job begins anew", () => {
    gauges.note(BEGUN);
    gauges.note({ job, kind: "failed", source: "b" });
    expect(look()).to.include({ errors: 1 });
    gauges.note(BEGUN);
    expect(look()).to.include({ errors: 0 });
  });

  it("have the time of each checkpoint, in seconds", () => {
    gauges.note(BEGUN);
    clock.pass(5_000);
    gauges.note({ job, kind: "checkpoint", source: "b" });
    expect(look()).to.include({ "checkpoint a": 1_000, "checkpoint b": 1_005 });
  });

  it("have none of a job that leaves no checkpoints", () => {
    gauges.note({ ...BEGUN, checkpoints: false });
    expect(look()).to.not.have.any.keys("checkpoint a", "checkpoint b");
  });

  it("have what a verify found, which may be of a sample that has no job of this name", () => {
    const counts = { checked: 9, missing: 1, different: 2, extra: 3, repaired: 6 };
    gauges.note({ job, kind: "verified", counts });
    expect(look()).to.deep.equal({
      ...{ verifyChecked: 9, verifyMissing: 1, verifyDifferent: 2, verifyExtra: 3, verifyRepaired: 6 },
    });
  });
});
