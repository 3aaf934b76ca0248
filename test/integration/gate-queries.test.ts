/** The default queries of the metric gates, asked of a real Prometheus that scrapes two pods. */
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { gateQueries } from "../../components/monitoring/gate-queries";
import { Prometheus } from "../../migration/adapters/prometheus";
import { known, measure, type Figure, type Measurement } from "../../migration/engines/service-metrics";
import { ensureMonitoringPackages } from "../lab/machine";
import { MetricsEndpoint } from "./metrics-endpoint";
import { PrometheusServer } from "./prometheus-server";

/** A backend pod that gets ten submissions between two scrapes, answered in 50 to 100 ms. */
function pod(status5xx: number | undefined, submissions = 10) {
  let scrapes = 0;
  return () => {
    const total = submissions * ++scrapes;
    const errors = scrapes * (status5xx ?? 0);
    const bucket = (le: string, count: number) => `flk_ingest_duration_seconds_bucket{le="${le}"} ${count}`;
    const lines = [
      `flk_ingest_total{status="200"} ${total - errors}`,
      ...(status5xx === undefined ? [] : [`flk_ingest_total{status="503"} ${errors}`]),
      `flk_dedup_hits ${total * 0.4}`,
      ...[bucket("0.05", 0), bucket("0.1", total), bucket("+Inf", total)],
    ];
    return Promise.resolve(`${lines.join("\n")}\n`);
  };
}

describe("the metric gates' default queries", function () {
  this.timeout(300_000);
  let prometheus: PrometheusServer;
  const endpoints: MetricsEndpoint[] = [];

  before(async () => {
    await ensureMonitoringPackages();
    const pods = [
      ["busy", pod(1)],
      ["busy", pod(1)],
      ["clean", pod(undefined)],
      ["idle", pod(0, 0)],
    ] as const;
    const targets = pods.map(async ([namespace, metrics], i) => {
      const endpoint = await MetricsEndpoint.start(metrics);
      endpoints.push(endpoint);
      return { port: endpoint.port, labels: { namespace, pod: `p${i}` } };
    });
    prometheus = await PrometheusServer.start(await Promise.all(targets));
  });
  after(async () => {
    await prometheus.stop();
    await Promise.all(endpoints.map((endpoint) => endpoint.stop()));
  });

  const ask = (namespace: string) => measure(new Prometheus({ url: prometheus.url }), gateQueries(namespace, 60_000));
  /** Rates need two scrapes, and each figure is a question of its own: the second scrape may come between two of them. */
  async function once(namespace: string, ...wanted: Figure[]): Promise<Measurement> {
    for (;;) {
      const figures = await ask(namespace);
      if (wanted.every((figure) => known(figures)[figure] !== undefined)) return figures;
      await sleep(200);
    }
  }

  it("have one number each for an answer, however many pods there are", async () => {
    const figures = await once("busy", "requestsPerSecond", "errorRatio", "p95Ms", "hitRatio");
    const { requestsPerSecond, errorRatio, p95Ms, hitRatio } = known(figures);
    expect(requestsPerSecond).to.be.greaterThan(0);
    expect(errorRatio).to.be.closeTo(0.1, 0.02);
    expect(hitRatio).to.be.closeTo(0.4, 0.02);
    expect(p95Ms).to.be.closeTo(97.5, 0.1);
  });

  it("count no errors where there has never been one", async () => {
    expect(known(await once("clean", "errorRatio"))).to.include({ errorRatio: 0 });
  });

  it("say nothing of a service that nobody calls, or that is not there", async () => {
    await once("idle", "requestsPerSecond");
    const idle = await ask("idle");
    expect(known(idle)).to.deep.equal({ requestsPerSecond: 0 });
    expect(idle.errorRatio)
      .to.have.property("inconclusive")
      .that.matches(/got NaN instead of a number$/);
    expect(known(await ask("nowhere"))).to.deep.equal({});
  });
});
