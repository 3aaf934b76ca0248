import type { Dashboard, Panel, RowPanel } from "@grafana/grafana-foundation-sdk/dashboard";
import { expect } from "chai";
import { buildDashboards, Dashboards } from "../../../components/dashboards/dashboards";
import { DASHBOARD_COLUMNS } from "../../../components/dashboards/panels";
import { declaredBy, named } from "../components/recorded-program";
import { CONTENT, LIMITS } from "./fixtures";

type Item = Panel | RowPanel;
const isRow = (item: Item): item is RowPanel => item.type === "row";

function dashboard(kind: string, content = CONTENT): Dashboard {
  const found = buildDashboards(content).find((built) => built.kind === kind);
  if (found === undefined) throw new Error(`no dashboard ${kind}`);
  return found.model;
}

const items = (kind: string): Item[] => dashboard(kind).panels ?? [];
const panels = (kind: string): Panel[] => items(kind).filter((item): item is Panel => !isRow(item));

/** Titles of the panels of each row, by the title of the row. */
function titles(kind: string): Record<string, string[]> {
  const rows: Record<string, string[]> = {};
  let row = "";
  for (const item of items(kind)) {
    if (isRow(item)) rows[(row = item.title ?? "")] = [];
    else rows[row]?.push(item.title ?? "");
  }
  return rows;
}

/** The dashed lines of a dashboard, by panel. */
function lines(kind: string): Record<string, number[]> {
  const drawn = panels(kind).filter(({ type }) => type === "timeseries");
  const limits = drawn.map(({ title = "", fieldConfig }) => {
    const steps = fieldConfig?.defaults.thresholds?.steps ?? [];
    return [title, steps.flatMap(({ value }) => (value === null ? [] : [value]))] as const;
  });
  return Object.fromEntries(limits.filter(([, values]) => values.length > 0));
}

describe("the dashboards' models", () => {
  it("show what was asked for", () => {
    expect(titles("shards")).to.deep.equal({
      "All shards": ["Memory used of maxmemory", "Share of the traffic", "Command p95", "CPU of the main thread"],
      $shard: ["Memory", "Keys", "Commands", "p95 by command", "Hit ratio", "Evictions", "Connections", "CPU"],
    });
    expect(titles("migration")).to.deep.equal({
      "Where it stands": ["Phase", "Edges", "Keys", "Left", "Oldest checkpoint", "Failed sources"],
      Progress: ["Keys done", "Keys per second", "Checkpoint age"],
      Verification: ["Compared", "Found by the last verify", "Repaired"],
      "The backend meanwhile": [
        "Request errors",
        "Dedup hit ratio",
        "Latency",
        "Dual-write errors",
        "Ring epoch by pod",
      ],
    });
    expect(titles("backend")).to.deep.equal({
      Clients: ["Submissions by status", "Request errors", "Latency"],
      Deduplication: ["Dedup hit ratio", "Dual-write errors", "Ring epoch by pod"],
    });
  });

  it("repeat one row for each shard, and change with the ring", () => {
    const row = items("shards").find((item) => isRow(item) && item.title === "$shard");
    expect(row).to.have.property("repeat", "shard");
    const values = (shards: string[]) =>
      dashboard("shards", { ...CONTENT, shards }).templating?.list?.find(({ name }) => name === "shard")?.query;
    expect(values(["shard-0", "shard-1"])).to.equal("shard-0,shard-1");
    expect(values(["shard-0", "shard-1", "shard-3"])).to.equal("shard-0,shard-1,shard-3");
  });

  it("draw the limits in", () => {
    expect(lines("shards")).to.deep.equal({
      "Memory used of maxmemory": [0.8],
      "Share of the traffic": [0.6],
      "Command p95": [0.05],
      "CPU of the main thread": [0.7],
    });
    const backend = { "Request errors": [0.01], Latency: [0.2], "Dedup hit ratio": [0.35] };
    expect(lines("backend")).to.deep.equal(backend);
    expect(lines("migration")).to.deep.equal({ "Checkpoint age": [1800], ...backend });
    const strict = { ...LIMITS, service: { ...LIMITS.service, maxErrorRatio: 0.002 } };
    const other = dashboard("backend", { ...CONTENT, limits: strict });
    expect(JSON.stringify(other)).to.include('"value":0.002').and.not.include('"value":0.01,');
  });

  for (const { kind } of buildDashboards(CONTENT)) {
    it(`${kind}: every panel has a title, a description, a unit, a legend and a place of its own`, () => {
      const taken = new Set<string>();
      for (const { title, description, targets = [], fieldConfig, gridPos } of panels(kind)) {
        expect([title, description].join(), title).to.match(/\S,\S/);
        expect(fieldConfig?.defaults.unit, title).to.be.a("string");
        expect(targets, title).to.have.lengthOf.at.least(1);
        for (const target of targets) expect(target, title).to.have.property("legendFormat").that.matches(/\S/);
        const { x = 0, y = 0, w = 0, h = 0 } = gridPos ?? {};
        expect(x + w, title).to.be.at.most(DASHBOARD_COLUMNS);
        for (let column = x; column < x + w; column++) {
          for (let line = y; line < y + h; line++) {
            expect(taken.has(`${column},${line}`), `${title} at ${column},${line}`).to.equal(false);
            taken.add(`${column},${line}`);
          }
        }
      }
    });
  }

  it("can be told apart in a Grafana that several namespaces share, and found again", () => {
    const uids = (namespace: string) => buildDashboards({ ...CONTENT, namespace }).map(({ uid }) => uid);
    expect(new Set([...uids("a"), ...uids("b")])).to.have.property("size", 6);
    expect(uids("a")).to.deep.equal(uids("a"));
    for (const uid of uids("n".repeat(63))) expect(uid).to.match(/^[a-z0-9-]{1,40}$/);
  });
});

describe("Dashboards", () => {
  it("declares a ConfigMap for each, as Grafana's sidecar looks for them", async () => {
    const resources = await declaredBy(() => new Dashboards("dashboards", { ...CONTENT, folder: "Dedup" }));
    expect(resources.map(({ type, name, parent }) => [type, name, parent])).to.deep.equal([
      ["dedup-shards:monitoring:Dashboards", "dashboards", ""],
      ["kubernetes:core/v1:ConfigMap", "dashboards-backend", "dashboards"],
      ["kubernetes:core/v1:ConfigMap", "dashboards-migration", "dashboards"],
      ["kubernetes:core/v1:ConfigMap", "dashboards-shards", "dashboards"],
    ]);
    const { inputs } = named(resources, "dashboards-shards");
    expect(inputs).to.deep.equal({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "dedup-dashboard-shards",
        namespace: "fractal-lba",
        labels: { grafana_dashboard: "1" },
        annotations: { grafana_folder: "Dedup" },
      },
      data: { "dedup-fractal-lba-shards.json": JSON.stringify(dashboard("shards")) },
    });
  });

  it("stays small in the state, whatever the number of shards", () => {
    const shards = Array.from({ length: 64 }, (_, i) => `shard-${i}`);
    for (const { kind, model } of buildDashboards({ ...CONTENT, shards })) {
      expect(JSON.stringify(model).length, kind).to.be.lessThan(25_000);
    }
  });
});
