import { expect } from "chai";
import type { ProgressEvent, Run } from "../../../migration/engines/runtime";
import { MAX_SAMPLES, sampled, Samples } from "../../../migration/engines/samples";
import { FakeClock } from "./fakes";

describe("Samples", () => {
  let clock: FakeClock;
  let samples: Samples;
  let startMs: number;
  beforeEach(() => {
    clock = new FakeClock();
    startMs = clock.now();
    samples = new Samples(clock);
  });
  const taken = () => samples.list()?.map(({ atMs, keys }) => [atMs - startMs, keys]);

  it("are none when nothing was done", () => {
    clock.pass(5_000);
    expect(samples.list()).to.equal(undefined);
  });

  it("are taken at the start, once a second at most, and at the end", () => {
    clock.pass(400);
    samples.add(10);
    clock.pass(600);
    samples.add(20);
    clock.pass(999);
    samples.add(30);
    expect(taken()).to.deep.equal([
      [0, 0],
      [1_000, 30],
      [1_999, 60],
    ]);
  });

  it("stay few however long it takes, and spread over all of the time", () => {
    const seconds = 10_000;
    for (let i = 0; i < seconds; i++) {
      clock.pass(1_000);
      samples.add(7);
    }
    const all = taken() ?? [];
    expect(all.length).to.be.within(MAX_SAMPLES / 2, MAX_SAMPLES);
    expect(all[0]).to.deep.equal([0, 0]);
    expect(all.at(-1)).to.deep.equal([seconds * 1_000, seconds * 7]);
    for (const [atMs = 0, keys = 0] of all) expect(keys).to.equal((atMs / 1_000) * 7);
    const gaps = all.slice(1, -1).map(([atMs = 0], i) => atMs - (all[i]?.[0] ?? 0));
    expect(Math.max(...gaps)).to.be.at.most(2 * Math.min(...gaps));
  });

  it("are taken of a run's keys, beside whoever else is told", () => {
    const told: ProgressEvent[] = [];
    const run = sampled({ onProgress: (event) => void told.push(event) } as Run, samples);
    const events: ProgressEvent[] = [
      { job: "j", kind: "keys", source: "a", keys: 7 },
      { job: "j", kind: "skipped", source: "a", keys: 50 },
    ];
    for (const event of events) run.onProgress?.(event);
    expect(told).to.deep.equal(events);
    expect(taken()?.at(-1)).to.deep.equal([0, 7]);
  });
});
