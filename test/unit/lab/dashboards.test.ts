/** The lab's drawing of dashboards. */
import { expect } from "chai";
import { buildDashboards } from "../../../components/dashboards/dashboards";
import { shownPanels, type DashboardModel } from "../../lab/dashboards/model";
import { formatOf } from "../../lab/dashboards/units";
import { CONTENT } from "../monitoring/fixtures";

const MODELS = buildDashboards(CONTENT).map(({ kind, model }) => ({
  kind,
  model: JSON.parse(JSON.stringify(model)) as DashboardModel,
}));

describe("dashboards as the lab draws them", () => {
  it("have a row for each shard, with its name in the title and in the queries", () => {
    const { model } = MODELS.find(({ kind }) => kind === "shards") ?? {};
    if (model === undefined) throw new Error("there is no dashboard of the shards");
    const panels = shownPanels(model);
    const rows = panels.filter(({ type }) => type === "row").map(({ title }) => title);
    expect(rows).to.deep.equal(["All shards", ...CONTENT.shards]);
    const exprs = panels.filter(({ title }) => title === "Keys").map(({ targets = [] }) => targets[0]?.expr ?? "");
    expect(exprs).to.have.lengthOf(CONTENT.shards.length);
    exprs.forEach((expr, i) => expect(expr).to.contain(`shard=~"${CONTENT.shards[i]}"`));
  });

  it("have units that are known", () => {
    for (const { model } of MODELS) {
      for (const { fieldConfig } of shownPanels(model)) formatOf(fieldConfig?.defaults.unit ?? "none");
    }
    expect(() => formatOf("furlongs")).to.throw("nothing here knows Grafana's unit furlongs");
  });

  for (const [unit, value, text] of [
    ["short", 0, "0"],
    ["short", 54_872, "54.9 K"],
    ["percentunit", 0.1234, "12.3%"],
    ["bytes", 67_108_864, "64 MiB"],
    ["ops", 1_500, "1.5 K ops/s"],
    ["s", 0.00025, "250 µs"],
    ["s", 0.033, "33 ms"],
    ["s", 7.08, "7.08 s"],
    ["s", 1_800, "30 mins"],
    ["s", 7_200, "2 hours"],
  ] as const) {
    it(`write ${value} in ${unit} as ${text}`, () => expect(formatOf(unit)(value)).to.equal(text));
  }
});
