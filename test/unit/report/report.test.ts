import { expect } from "chai";
import { htmlOf } from "../../../migration/report/html";
import { markdownOf } from "../../../migration/report/markdown";
import { messageOf } from "../../../migration/report/messages";
import { reportOf } from "../../../migration/report/report";
import { svgOf } from "../../../migration/report/svg";
import { FACTS, facts } from "./fixtures";

const markdown = (change = {}): string => markdownOf(reportOf(facts(change)));
const html = (change = {}): string => htmlOf(reportOf(facts(change)));
const STRANGE = `<b onclick="x">|*'&`;

describe("a report as Markdown", () => {
  it("says it all, in this order", () => {
    expect(markdown()).to.equal(`# prod: cutover → cleanup

${messageOf(FACTS)}

## When

2026-01-05T12:35:00.000Z, in ring epoch 4.

## Keys per shard

Before: counted by the plan. Now: all that a shard holds, copies of movers included.

| shard | before | now |
| --- | ---: | ---: |
| a | 2,900 | 2,000 |
| b | 3,100 | 2,010 |
| c | – | 2,020 |

## Steps

pre-copy: 2,000 checked, 2,000 missing, 0 different, 0 extra, 2,000 repaired

catch-up: 2,010 checked, 10 missing, 0 different, 0 extra, 10 repaired

cleanup: 2,020 checked, 2,020 deleted, 0 rescued

## Rate of the pre-copy

2,000 keys in 2s: 1,000 keys/s on average, at most 1,500 keys/s. Its last run only, if there were several.

## Verification

2,015 keys (full), 1 missing, 2 different, 3 extra, 6 repaired; at 2026-01-05T12:00:00.000Z.
`);
  });

  it("says which shard does not answer, and why", () => {
    const text = markdown({ keysNow: { a: 1, b: 2, c: "no answer within 5s" } });
    expect(text).to.contain("\n\nc was not counted: no answer within 5s\n\n").and.to.contain("| c | – | – |");
  });

  it("leaves out what there is not yet", () => {
    const none = { preCopy: null, catchUp: null, cleanup: null, preCopySamples: null, verification: null };
    const text = markdown({ ...none, phase: "plan" });
    expect(text).to.not.match(/## (Steps|Rate)/);
    expect(text).to.contain("## Verification\n\nNothing has been verified in this migration yet.\n");
  });

  it("states the bound of a sample", () => {
    const sample = { ...FACTS.verification, mode: "sample", bound: 0.0003 };
    expect(markdown({ verification: sample })).to.contain(
      "A sample: at 95 % at most 0.03 % of the movers differ unseen.",
    );
  });

  it("takes names of shards as text", () => {
    const text = markdown({ shards: [STRANGE], targetShards: [STRANGE], keysNow: {} });
    expect(text).to.contain(`| \\<b onclick="x"\\>\\|\\*'& | – | – |`);
  });
});

describe("a report as HTML", () => {
  it("has the title, the message, the table and a picture of keys, rate and verification", () => {
    const page = html();
    expect(page).to.match(
      /^<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>prod: cutover → cleanup<\/title>/,
    );
    expect(page).to.contain(`<p>${messageOf(FACTS)}</p>`);
    expect(page).to.contain("<tr><th>shard</th><th>before</th><th>now</th></tr><tr><td>a</td><td>2,900</td>");
    expect([...page.matchAll(/aria-label="([^"]*)"/g)].map(([, label]) => label)).to.deep.equal([
      ...["keys per shard", "keys/s of the pre-copy", "verification"],
    ]);
  });

  it("loads nothing and runs nothing, whatever shards are called", () => {
    const page = html({ stack: STRANGE, shards: [STRANGE], targetShards: [STRANGE], keysNow: { [STRANGE]: STRANGE } });
    expect(page).to.not.contain("<b ");
    expect(page).to.contain("<td>&lt;b onclick=&quot;x&quot;&gt;|*&#39;&amp;</td>");
    expect(page).to.contain(">&lt;b onclick=&quot;x&quot;&gt;|*&#39;&amp;</text>");
    expect(page).to.not.match(/<(script|img|link)|href=|src=/);
  });
});

describe("a chart", () => {
  it("has a bar for each value that is known, as high as it is", () => {
    const groups = [
      { name: "a", values: [50, 100] },
      { name: "b", values: [undefined, 0] },
    ];
    const svg = svgOf({ kind: "bars", title: "keys", series: ["before", "now"], groups });
    const bars = [...svg.matchAll(/height="([\d.]+)" fill="[^"]*"><title>([^<]*)/g)].map(([, height, value]) => [
      value,
      height,
    ]);
    expect(bars).to.deep.equal([
      ["50", "90"],
      ["100", "180"],
      ["0", "0"],
    ]);
  });

  it("draws a step for each stretch of time, from 0 to the last second, with the highest value on top", () => {
    const points = [
      { seconds: 1, value: 1_500 },
      { seconds: 2, value: 500 },
    ];
    const svg = svgOf({ kind: "line", title: "rate", points });
    expect(svg).to.contain('points="80,40 390,40 390,160 700,160"').and.to.contain(">1,500<").and.to.contain(">2 s<");
  });

  it("stands nothing on its head when there is nothing to show", () => {
    const nothing = [
      svgOf({ kind: "bars", title: "t", series: ["keys"], groups: [] }),
      svgOf({ kind: "line", title: "t", points: [] }),
    ];
    for (const svg of nothing) expect(svg).to.not.match(/NaN|Infinity/);
  });
});
