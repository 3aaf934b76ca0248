/**
 * `npm run dashboards [-- --out DIR]`: a ring is migrated and taken half-way back while clients use it and a real
 * Prometheus watches, then its dashboards are drawn: from the JSON in their ConfigMaps and what Prometheus has by then,
 * as pages and, by headless Chromium (which is installed on Debian where it is missing), as pictures.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { RANGE, WatchedWorld } from "../../e2e/watched-world";
import { ensureChromium, run } from "../machine";
import type { DashboardModel } from "./model";
import { pageOf } from "./page";

const NAMESPACE = "dedup-dashboards";
const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const KEYS = 20_000;
const RATE = 60;
/** Slow enough to be seen on its way. */
const PACE = { keysPerSecond: 250, catchUpKeysPerSecond: 500, batchSize: 20 };
const METRICS = { window: RANGE, interval: "2s", bake: "20s", stability: "10s" };

async function main(out: string): Promise<void> {
  await ensureChromium();
  mkdirSync(out, { recursive: true });
  const fromMs = Date.now();
  const watched = await WatchedWorld.create({
    ...{ namespace: NAMESPACE, shards: THREE, keys: KEYS, rate: RATE, metrics: METRICS, config: { copy: PACE } },
  });
  const { world, prometheus } = watched;
  try {
    await world.to("plan", { targetShards: FOUR });
    for (const phase of ["copy", "dualWrite", "cutover"]) {
      console.log(`dashboards: ${phase}`);
      await world.to(phase);
    }
    const scope = { url: prometheus.url, fromMs, toMs: Date.now(), rateInterval: RANGE };
    for (const { data } of await world.kube.list("configmaps", "grafana_dashboard=1")) {
      for (const [file, text] of Object.entries(data as Record<string, string>)) {
        await draw(path.join(out, path.parse(file).name), JSON.parse(text) as DashboardModel, scope);
      }
    }
  } finally {
    await watched.destroy();
  }
}

async function draw(name: string, model: DashboardModel, scope: Parameters<typeof pageOf>[1]): Promise<void> {
  const file = `${name}.html`;
  const { html, width, height } = await pageOf(model, scope);
  writeFileSync(file, html);
  const size = `--window-size=${width},${height}`;
  const args = ["--headless", "--no-sandbox", "--hide-scrollbars", size, `--screenshot=${name}.png`, file];
  if ((await run("chromium", args)) !== 0) throw new Error(`chromium made no picture of ${file}`);
  console.log(`dashboards: ${name}.png`);
}

const { values } = parseArgs({ options: { out: { type: "string" } } });
main(values.out ?? mkdtempSync(path.join(tmpdir(), "dedup-shards-dashboards-"))).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(`dashboards: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  },
);
