import { expect } from "chai";
import * as fc from "fast-check";
import { edgeDurations, formatDuration } from "../../../migration/plan/duration";

describe("edgeDurations", () => {
  it("equal sources share the throttle and end together", () => {
    const edges = ["a", "b", "c"].map((from) => ({ from, keys: 900_000 }));
    expect(edgeDurations(edges, 1000)).to.deep.equal([2700, 2700, 2700]);
  });

  it("a source that is done leaves its part to the others", () => {
    // Both at 50/s until a is done after 2 s; then b has 100/s for its other 100 keys.
    const edges = [
      { from: "a", keys: 100 },
      { from: "b", keys: 200 },
    ];
    expect(edgeDurations(edges, 100)).to.deep.equal([2, 3]);
    expect(edgeDurations([...edges].reverse(), 100)).to.deep.equal([3, 2]);
  });

  it("the edges of one source end with it, whatever their size", () => {
    const edges = [
      { from: "a", keys: 10 },
      { from: "a", keys: 90 },
      { from: "b", keys: 100 },
    ];
    expect(edgeDurations(edges, 100)).to.deep.equal([2, 2, 2]);
  });

  it("an edge without keys takes no time and no part of the throttle", () => {
    const edges = [
      { from: "a", keys: 0 },
      { from: "b", keys: 100 },
      { from: "b", keys: 0 },
    ];
    expect(edgeDurations(edges, 50)).to.deep.equal([0, 2, 0]);
    expect(edgeDurations([], 50)).to.deep.equal([]);
  });

  for (const keysPerSecond of [0, -1, NaN]) {
    it(`refuses ${keysPerSecond} keys a second`, () => {
      expect(() => edgeDurations([], keysPerSecond)).to.throw(
        RangeError,
        `keysPerSecond is ${keysPerSecond}; allowed: a number above 0`,
      );
    });
  }

  it("the last edge ends after all keys at the ceiling, and none before its own keys at the ceiling", () => {
    const edge = fc.record({ from: fc.constantFrom("a", "b", "c", "d"), keys: fc.nat({ max: 1e8 }) });
    fc.assert(
      fc.property(fc.array(edge, { minLength: 1 }), fc.integer({ min: 1, max: 1e6 }), (edges, keysPerSecond) => {
        const seconds = edgeDurations(edges, keysPerSecond);
        const total = edges.reduce((sum, { keys }) => sum + keys, 0) / keysPerSecond;
        expect(Math.max(...seconds)).to.be.closeTo(total, 1e-9 * total);
        edges.forEach(({ keys }, i) => expect(seconds[i]! * (1 + 1e-9)).to.be.at.least(keys / keysPerSecond));
      }),
    );
  });
});

describe("formatDuration", () => {
  const cases: readonly [number, string][] = [
    [0, "0s"],
    [0.2, "1s"],
    [45, "45s"],
    [59.5, "1m"],
    [60, "1m"],
    [61, "2m"],
    [2700, "45m"],
    [2700.0000001, "45m"],
    [3599, "1h"],
    [3600, "1h"],
    [7500, "2h 5m"],
    [7441, "2h 5m"],
    [100 * 3600, "100h"],
  ];
  for (const [seconds, text] of cases) {
    it(`${seconds} seconds are ${text}`, () => {
      expect(formatDuration(seconds)).to.equal(text);
    });
  }

  it("never promises less than the time given, nor a minute more", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e7 }), (seconds) => {
        const [, h = "0", m = "0", s = "0"] = /^(?:(\d+)h)? ?(?:(\d+)m)?(?:(\d+)s)?$/.exec(formatDuration(seconds))!;
        expect(Number(h) * 3600 + Number(m) * 60 + Number(s) - seconds).to.be.within(0, 59);
      }),
    );
  });
});
