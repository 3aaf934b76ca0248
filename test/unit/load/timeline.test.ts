import { expect } from "chai";
import { Timeline } from "../../lab/load/timeline";

describe("the timeline of what clients felt", () => {
  const timeline = new Timeline();
  timeline.started(1_000);
  const answers = ["first", "duplicate", "first", "error", "first"] as const;
  answers.forEach((answer, i) => {
    timeline.add({ atMs: 1_000 + 100 * i, latencyMs: 10 * (i + 1), failedTries: answer === "error" ? 2 : 0, answer });
  });

  for (const [atMs, ms] of [
    [1_100, 20],
    [1_200, 30],
    [1_400, 90],
  ] as const) {
    timeline.stoodStill(atMs, ms);
  }

  it("sums up a stretch, its end left out", () => {
    expect(timeline.stretch(1_000, 1_400)).to.deep.equal({
      seconds: 0.4,
      requests: 4,
      requestsPerSecond: 10,
      errors: 1,
      retried: 2,
      p50Ms: 20,
      p99Ms: 40,
      writeGapMs: 200,
      standstillMs: 30,
    });
  });

  it("leaves pauses out of the rate", () => {
    const paused = new Timeline();
    paused.started(0);
    for (let atMs = 0; atMs < 2_000; atMs += 100) paused.add({ atMs, latencyMs: 1, failedTries: 0, answer: "first" });
    paused.paused(2_000);
    paused.started(6_000);
    expect(paused.stretch(0, 7_000)).to.include({ seconds: 3, requests: 20 });
    expect(paused.stretch(1_000, 3_000)).to.include({ seconds: 1, requests: 10, requestsPerSecond: 10 });
  });

  it("counts only writes that succeeded as an end of a gap", () => {
    expect(timeline.stretch(1_150, 2_000)).to.include({ requests: 3, writeGapMs: 200 });
  });

  it("counts a gap where it ends, also one that began before, but for the pauses", () => {
    const paused = new Timeline();
    const write = (atMs: number) => paused.add({ atMs, latencyMs: 1, failedTries: 0, answer: "first" });
    paused.started(900);
    [1_000, 6_000].forEach(write);
    paused.started(9_000);
    [9_200, 9_300].forEach(write);
    const gaps = ([from, to]: readonly [number, number]) => paused.stretch(from, to).writeGapMs;
    const stretches = [
      [0, 1_100],
      [1_100, 5_000],
      [5_000, 8_000],
      [8_000, 9_250],
      [0, 10_000],
    ] as const;
    expect(stretches.map(gaps)).to.deep.equal([100, 0, 5_000, 200, 5_000]);
  });

  it("counts no gap up to a write that was tried again in a pause", () => {
    const paused = new Timeline();
    paused.started(0);
    paused.add({ atMs: 100, latencyMs: 1, failedTries: 0, answer: "first" });
    paused.paused(300);
    paused.add({ atMs: 20_000, latencyMs: 20_000, failedTries: 1, answer: "first" });
    expect(paused.stretch(0, 30_000).writeGapMs).to.equal(200);
  });

  it("has nothing to say of a stretch without requests", () => {
    expect(timeline.stretch(5_000, 6_000)).to.include({ requests: 0, errors: 0, p50Ms: 0, p99Ms: 0, writeGapMs: 0 });
  });

  it("knows its ends", () => {
    expect([timeline.startedMs, timeline.endedMs]).to.deep.equal([1_000, 1_400]);
  });
});
