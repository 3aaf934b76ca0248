import { expect } from "chai";
import { alertGroups } from "../../components/alerts/alerts";
import { MIGRATION_METRICS } from "../../migration/metrics";
import { ensureMonitoringPackages } from "../lab/machine";
import { allQueries, asSent, CONTENT } from "../unit/monitoring/fixtures";
import { ALERT_CASES, DEFAULT_AT_MINUTES, type FiringCase, type SilentCase } from "./alert-cases";
import { promtool } from "./promtool";

const INSTALL_TIMEOUT_MS = 300_000;
const RULES = { groups: alertGroups({ ...CONTENT, runbookUrl: "https://git.test/docs/troubleshooting.md" }) };
const alerts = RULES.groups.flatMap(({ rules }) => rules);

/** One test as promtool reads it. */
function testOf(alertname: string, { series, at = DEFAULT_AT_MINUTES }: SilentCase, expected: readonly object[]) {
  return {
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: [{ eval_time: `${at}m`, alertname, exp_alerts: expected }],
  };
}

function firing(alertname: string, { labels = {}, says }: FiringCase): object {
  const alert = alerts.find((rule) => rule.alert === alertname);
  const summary = (alert?.annotations.summary ?? "").replace(
    /\{\{ \$labels\.(\w+) \}\}/g,
    (_, label: string) => labels[label] ?? "",
  );
  return {
    exp_labels: { severity: alert?.labels.severity, namespace: CONTENT.namespace, ...labels },
    exp_annotations: { ...alert?.annotations, summary, description: says },
  };
}

const testRules = (test: object) =>
  promtool(
    { "rules.json": RULES, "test.json": { rule_files: ["rules.json"], evaluation_interval: "1m", tests: [test] } },
    "test",
    "rules",
    "test.json",
  );

describe("the alerts", function () {
  before(async function () {
    this.timeout(INSTALL_TIMEOUT_MS);
    await ensureMonitoringPackages();
  });

  it("are rules that Prometheus takes", () => {
    expect(promtool({ "rules.json": RULES }, "check", "rules", "rules.json")).to.include(
      `SUCCESS: ${alerts.length} rules found`,
    );
  });

  it("all have a firing and a silent case here", () => {
    expect(Object.keys(ALERT_CASES)).to.have.members(alerts.map(({ alert }) => alert));
    for (const [name, { fires, silent }] of Object.entries(ALERT_CASES)) {
      expect(fires, name).to.have.lengthOf.at.least(1);
      expect(silent, name).to.have.lengthOf.at.least(1);
    }
  });

  for (const [name, { fires, silent }] of Object.entries(ALERT_CASES)) {
    describe(name, () => {
      for (const fire of fires)
        it(`fires when ${fire.when}`, () => void testRules(testOf(name, fire, [firing(name, fire)])));
      for (const quiet of silent) it(`is silent when ${quiet.when}`, () => void testRules(testOf(name, quiet, [])));
    });
  }
});

describe("the dashboards' queries", () => {
  it("are PromQL", () => {
    const rules = allQueries().map(({ expr }, i) => ({ record: `query:${i}`, expr: asSent(expr) }));
    const groups = [{ name: "queries", rules }];
    const said = promtool({ "queries.json": { groups } }, "check", "rules", "queries.json");
    expect(said).to.include(`SUCCESS: ${rules.length} rules found`);
  });
});

describe("the migration's metrics", () => {
  it("have names as Prometheus wants them", () => {
    const lines = Object.values(MIGRATION_METRICS).flatMap(({ name, help, labels }) => {
      const pairs = ["namespace", ...labels].map((label) => `${label}="x"`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name}{${pairs.join(",")}} 1`];
    });
    expect(promtool({ stdin: `${lines.join("\n")}\n` }, "check", "metrics")).to.equal("");
  });
});
