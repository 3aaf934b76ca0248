/**
 * `npm run bench -- [--keys 1500000] [--rounds 5] [--only find,copy,…] [--out DIR] [--docs]`
 *
 * Measures the engines beside their peers on real servers, and writes bench.json into the folder that it names; with
 * `--docs` docs/performance.md as well.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { BenchRing, SOURCE } from "./bench-ring";
import { copy } from "./cases/copy";
import { engines } from "./cases/engines";
import { find } from "./cases/find";
import { growth } from "./cases/growth";
import { otherTypes } from "./cases/other-types";
import { pacing } from "./cases/pacing";
import { replace } from "./cases/replace";
import { hold, type Contest, type Standing } from "./contest";
import { Probe, type Waits } from "./probe";
import { reportOf, type Results } from "./report";

const IDLE_MS = 10_000;
const CONTESTS: Readonly<Record<string, (ring: BenchRing) => Contest | Promise<Contest>>> = {
  ...{ find, copy, otherTypes, replace, engines },
};
const DOCS = path.join(__dirname, "../../docs/performance.md");
const say = (line: string) => console.log(`bench: ${line}`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      keys: { type: "string", default: "1500000" },
      rounds: { type: "string", default: "5" },
      only: { type: "string", default: [...Object.keys(CONTESTS), "pacing", "growth"].join() },
      out: { type: "string", default: mkdtempSync(path.join(tmpdir(), "dedup-shards-bench-")) },
      docs: { type: "boolean", default: false },
    },
  });
  const only = values.only.split(",");
  const [keys, rounds] = [Number(values.keys), Number(values.rounds)];
  const measured = await onOneRing(keys, rounds, only);
  const results: Results = {
    machine: machine(),
    keys,
    rounds,
    ...measured,
    growth: only.includes("growth") ? await growth(say) : [],
  };
  mkdirSync(values.out, { recursive: true });
  writeFileSync(path.join(values.out, "bench.json"), `${JSON.stringify(results, null, 2)}\n`);
  const text = reportOf(results);
  if (values.docs) writeFileSync(DOCS, text);
  console.log(`\n${text}\nbench: written to ${values.out}/bench.json`);
}

async function onOneRing(keys: number, rounds: number, only: readonly string[]) {
  say(`storing ${keys.toLocaleString("en")} keys on three shards`);
  const ring = await BenchRing.start(3, keys);
  const probe = await Probe.start(ring.server(SOURCE));
  try {
    const idle = await idleWaits(probe);
    const standings: Record<string, readonly Standing[]> = {};
    const contests: Record<string, Pick<Contest, "title" | "task">> = {};
    for (const [name, prepare] of Object.entries(CONTESTS)) {
      if (!only.includes(name)) continue;
      const contest = await prepare(ring);
      try {
        standings[name] = await hold(contest, { rounds, serverTime: () => ring.serverTime(), probe, say });
        contests[name] = { title: contest.title, task: contest.task };
      } finally {
        await contest.stop?.();
      }
    }
    return { idle, contests, standings, pacing: only.includes("pacing") ? await pacing(ring, say) : [] };
  } finally {
    probe.stop();
    await ring.stop();
  }
}

async function idleWaits(probe: Probe): Promise<Waits> {
  probe.begin();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  return probe.end();
}

function machine(): string {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${cpu?.model.trim() ?? "?"}, ${gib} GiB, Linux, Node ${process.versions.node}`;
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
