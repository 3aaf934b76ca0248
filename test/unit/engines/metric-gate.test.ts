import { expect } from "chai";
import { analyse, lookBack, watchService } from "../../../migration/engines/metric-gate";
import type { Judgement } from "../../../migration/engines/service-metrics";
import { fakeService } from "./fake-service";

type Outcome = Judgement["outcome"];
const OUTCOMES: Readonly<Record<string, Outcome>> = { p: "pass", f: "fail", i: "inconclusive" };

describe("an analysis", () => {
  /** @param script - the samples' outcomes; the last one goes on for ever. */
  const of = (script: string, needed: number, limits = { failureLimit: 1, inconclusiveLimit: 2 }) =>
    analyse(needed, limits, (index) =>
      Promise.resolve({ outcome: OUTCOMES[script[index] ?? script.at(-1) ?? "p"] as Outcome, says: `sample ${index}` }),
    );

  for (const [script, needed, outcome, samples] of [
    ["p", 1, "pass", 1],
    ["p", 5, "pass", 5],
    ["f", 5, "fail", 2],
    ["i", 5, "inconclusive", 3],
    ["fp", 1, "pass", 2],
    ["ppfpf", 5, "fail", 5],
    ["ifipp", 2, "pass", 5],
    ["ppppif", 5, "fail", 7],
    ["ppppi", 5, "inconclusive", 7],
    ["iipiipp", 5, "inconclusive", 4],
  ] as const) {
    it(`${script}…, of which ${needed} must pass: ${outcome} after ${samples}`, async () => {
      const verdict = await of(script, needed);
      expect(verdict).to.deep.equal({ outcome, samples, says: `sample ${samples - 1}` });
    });
  }

  it("tolerates nothing with limits of 0", async () => {
    const strict = { failureLimit: 0, inconclusiveLimit: 0 };
    expect((await of("pf", 3, strict)).outcome).to.equal("fail");
    expect((await of("pi", 3, strict)).outcome).to.equal("inconclusive");
    expect((await of("p", 3, strict)).outcome).to.equal("pass");
  });

  it("never passes by samples of which nothing can be concluded, however many are allowed", async () => {
    const patient = { failureLimit: 0, inconclusiveLimit: 100 };
    expect(await of("i", 1, patient)).to.include({ outcome: "inconclusive", samples: 101 });
  });
});

describe("watching the service", () => {
  it("is content with one good sample where no time is given", async () => {
    const { metrics, clock, lines } = fakeService([]);
    const verdict = await watchService(metrics, { what: "gate", durationMs: 0, baseline: {} });
    expect(verdict).to.deep.equal({
      outcome: "pass",
      samples: 1,
      says: "10 requests/s, 0.00 % errors, p95 20 ms, 50.00 % duplicates",
    });
    expect(clock.slept).to.deep.equal([]);
    expect(lines).to.deep.equal([`gate, sample 1 (1 must pass): pass, ${verdict.says}`]);
  });

  it("takes a sample at the beginning, at the end and after every interval between them", async () => {
    const { metrics, clock } = fakeService([]);
    const verdict = await watchService(metrics, { what: "bake", durationMs: 300_000, baseline: {} });
    expect(verdict).to.include({ outcome: "pass", samples: 11 });
    expect(clock.slept).to.deep.equal(Array(10).fill(30_000));
  });

  it("ends early once it is lost, and says by what", async () => {
    const { metrics, lines } = fakeService([0, 0.5, 0, 0.5]);
    const verdict = await watchService(metrics, { what: "bake", durationMs: 300_000, baseline: {} });
    expect(verdict).to.include({ outcome: "fail", samples: 4 });
    expect(lines[3]).to.equal(
      "bake, sample 4 (11 must pass): fail, errorRatio is 50.00 %, above 1.00 % (metrics.limits.maxErrorRatio)",
    );
  });

  it("holds, and does not fail, when Prometheus goes away", async () => {
    const { metrics } = fakeService([0, "no answer", "no answer", "no answer"]);
    const verdict = await watchService(metrics, { what: "bake", durationMs: 300_000, baseline: {} });
    expect(verdict).to.deep.equal({ outcome: "inconclusive", samples: 4, says: "errorRatio is not known: no answer" });
  });
});

describe("looking back", () => {
  it("asks as of the past, the latest first, and waits for nothing", async () => {
    const { metrics, clock, times } = fakeService([]);
    expect(await lookBack(metrics, { durationMs: 60_000, sinceMs: 0, baseline: {} })).to.include({
      outcome: "pass",
      samples: 3,
    });
    const nowMs = clock.now();
    expect(times).to.deep.equal([nowMs, nowMs - 30_000, nowMs - 60_000]);
    expect(clock.slept).to.deep.equal([]);
  });

  it("says when it was bad", async () => {
    const { metrics } = fakeService([0, 0.02, 0, 0.03]);
    expect((await lookBack(metrics, { durationMs: 600_000, sinceMs: 0, baseline: {} })).says).to.equal(
      "at 2023-11-14T22:11:50.000Z errorRatio is 3.00 %, above 1.00 % (metrics.limits.maxErrorRatio)",
    );
  });

  it("does not make up for bad samples with the time before the cutover", async () => {
    const { metrics, clock, times } = fakeService([0.05]);
    const job = { durationMs: 60_000, sinceMs: clock.now() - 60_000, baseline: {} };
    expect(await lookBack(metrics, job)).to.deep.equal({
      outcome: "fail",
      samples: 4,
      says:
        "at 2023-11-14T22:13:20.000Z errorRatio is 5.00 %, above 1.00 % (metrics.limits.maxErrorRatio); " +
        "and there are too few other samples since the cutover: they come with time",
    });
    expect(times).to.have.length(3);
  });
});
