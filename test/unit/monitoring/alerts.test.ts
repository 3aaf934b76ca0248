import { HELP_SECTIONS } from "../../../migration/help";
import { SECTIONS } from "../../../migration/operations/diagnose";
import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { alertGroups, Alerts } from "../../../components/alerts/alerts";
import { declaredBy, named } from "../components/recorded-program";
import { CONTENT, LIMITS } from "./fixtures";

const ARGS = { ...CONTENT, runbookUrl: "docs/troubleshooting.md", labels: { release: "kube-prometheus-stack" } };
const PAGE = readFileSync(path.join(__dirname, "../../../docs/troubleshooting.md"), "utf8");

const rulesWith = (limits = LIMITS) => alertGroups({ ...ARGS, limits }).flatMap(({ rules }) => rules);
const ruleOf = (name: string, limits = LIMITS) => rulesWith(limits).find(({ alert }) => alert === name);

/** The page's sections as links reach them, with their text. */
const sections = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((text) => {
      const heading = text.split("\n")[0] ?? "";
      return [heading.toLowerCase().replaceAll(" ", "-"), text] as const;
    }),
);

describe("the alerts' rules", () => {
  for (const { alert, annotations } of rulesWith()) {
    it(`${alert} leads to a section that names it`, () => {
      const [page, anchor = ""] = annotations.runbook_url.split("#");
      expect(page).to.equal("docs/troubleshooting.md");
      expect(sections.get(anchor)).to.include(`\`${alert}\``);
    });
  }

  it("leave no section of the page without an alert, unless the doctor or an error sends people there", () => {
    const linked = rulesWith().map(({ annotations }) => annotations.runbook_url.split("#")[1]);
    expect([...sections.keys()]).to.have.members([...new Set([...linked, ...SECTIONS, ...HELP_SECTIONS])]);
  });

  it("take every limit from the one object", () => {
    const other = {
      service: { maxErrorRatio: 0.03, maxP95Ms: 333, minHitRatio: 0.35, minRequestsPerSecond: 7 },
      alerts: {
        maxMemoryRatio: 0.81,
        maxTrafficShare: 0.61,
        maxShardP95Ms: 51,
        maxCpuRatio: 0.71,
        minHitRatioAfterCutover: 0.21,
        stalledMs: 61_000,
        epochSkewMs: 62_000,
      },
    };
    for (const [name, text] of [
      ["DedupShardMemoryHigh", "> 0.81"],
      ["DedupShardHot", "> 0.61"],
      ["DedupShardSlow", "> 0.051"],
      ["DedupShardCpuHigh", "> 0.71"],
      ["DedupBackendErrors", "> 0.03 "],
      ["DedupBackendErrors", ">= 7)"],
      ["DedupBackendSlow", "> 0.333 "],
      ["DedupHitRatioLow", "< 0.21 "],
      ["DedupMigrationStalled", "> 61 "],
    ] as const) {
      expect(ruleOf(name, other)?.expr, name).to.include(text);
    }
    expect(ruleOf("DedupRingEpochSkew", other)?.for).to.equal("62s");
  });
});

describe("Alerts", () => {
  it("declares a PrometheusRule that the operator selects by its labels", async () => {
    const resources = await declaredBy(() => new Alerts("alerts", ARGS));
    expect(resources.map(({ type, name, parent }) => [type, name, parent])).to.deep.equal([
      ["dedup-shards:monitoring:Alerts", "alerts", ""],
      ["kubernetes:monitoring.coreos.com/v1:PrometheusRule", "alerts-rule", "alerts"],
    ]);
    expect(named(resources, "alerts-rule").inputs).to.deep.equal({
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PrometheusRule",
      metadata: { name: "dedup-shards", namespace: "fractal-lba", labels: { release: "kube-prometheus-stack" } },
      spec: { groups: alertGroups(ARGS) },
    });
  });
});
