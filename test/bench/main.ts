/**
 * `npm run bench -- [--keys 1500000] [--rounds 5] [--only find,copy,…] [--beside CHECKOUT] [--out DIR] [--docs]`
 *
 * Measures the engines beside their peers on real servers, and writes bench.json into the folder that it names, where what
 * is not measured anew stays as it was; with `--docs` docs/evidence/performance.md as well. `--beside` names a folder with
 * another commit of this program and its packages: what comparing values costs there and here is measured in the same
 * rounds.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { run } from "../lab/machine";
import { BenchRing, SOURCE } from "./bench-ring";
import { beside } from "./cases/beside";
import { copy } from "./cases/copy";
import { engines } from "./cases/engines";
import { find } from "./cases/find";
import { growth } from "./cases/growth";
import { liveTraffic } from "./cases/live-traffic";
import { otherTypes } from "./cases/other-types";
import { pacing } from "./cases/pacing";
import { profile } from "./cases/profile";
import { replace } from "./cases/replace";
import { valueSizes } from "./cases/value-sizes";
import { hold, type Contest } from "./contest";
import { Probe, type Waits } from "./probe";
import type { PulumiSpeed } from "./pulumi-speed";
import { reportOf, type Results } from "./report";

const IDLE_MS = 10_000;
type Preparation = (ring: BenchRing) => Contest | Promise<Contest>;
const CONTESTS: Readonly<Record<string, Preparation>> = {
  ...{ find, copy, otherTypes, replace, engines, liveTraffic },
};
const ON_ONE_RING = ["pacing", "valueSizes", "profile"];
const NOTHING = {
  idle: { p50: NaN, p99: NaN, max: NaN },
  contests: {},
  standings: {},
  pacing: [],
  valueSizes: [],
  growth: [],
};
const DOCS = path.join(__dirname, "../../docs/evidence/performance.md");
const say = (line: string) => console.log(`bench: ${line}`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      keys: { type: "string", default: "1500000" },
      rounds: { type: "string", default: "5" },
      only: {
        type: "string",
        default: [...Object.keys(CONTESTS), ...ON_ONE_RING, "growth", "pulumi"].join(),
      },
      out: { type: "string", default: mkdtempSync(path.join(tmpdir(), "dedup-shards-bench-")) },
      beside: { type: "string" },
      docs: { type: "boolean", default: false },
    },
  });
  const only = values.only.split(",");
  const [keys, rounds] = [Number(values.keys), Number(values.rounds)];
  mkdirSync(values.out, { recursive: true });
  const file = path.join(values.out, "bench.json");
  let results: Results = { ...NOTHING, ...before(file), machine: machine(), keys, rounds };
  const keep = (more: Partial<Results>) => {
    results = { ...results, ...more };
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  };
  const checkout = values.beside;
  const contests: Readonly<Record<string, Preparation>> = {
    ...Object.fromEntries(Object.entries(CONTESTS).filter(([name]) => only.includes(name))),
    ...(checkout === undefined ? {} : { beside: (ring) => beside(ring, checkout) }),
  };
  const names = [...Object.keys(contests), ...only.filter((name) => ON_ONE_RING.includes(name))];
  if (names.length > 0) keep(await onOneRing(results, names, contests));
  if (only.includes("growth")) keep({ growth: await growth(say) });
  if (only.includes("pulumi")) keep({ pulumi: await pulumiSpeed(rounds) });
  const text = reportOf(results);
  if (values.docs) writeFileSync(DOCS, text);
  console.log(`\n${text}\nbench: written to ${values.out}/bench.json`);
}

/** What a run before has left in the same folder: parts that are not measured anew stay as they are. */
const before = (file: string): Partial<Results> =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Results) : {};

async function onOneRing(
  known: Results,
  only: readonly string[],
  prepared: Readonly<Record<string, Preparation>>,
): Promise<Partial<Results>> {
  const { keys, rounds } = known;
  say(`storing ${keys.toLocaleString("en")} keys on three shards`);
  const ring = await BenchRing.start(3, keys);
  const probe = await Probe.start(ring.server(SOURCE));
  try {
    const idle = await idleWaits(probe);
    const standings = { ...known.standings };
    const contests = { ...known.contests };
    for (const [name, prepare] of Object.entries(prepared)) {
      const contest = await prepare(ring);
      try {
        standings[name] = await hold(contest, { rounds, serverTime: () => ring.serverTime(), probe, say });
        contests[name] = { title: contest.title, task: contest.task };
      } finally {
        await contest.stop?.();
      }
    }
    return {
      ...{ idle, contests, standings },
      ...(only.includes("pacing") ? { pacing: await pacing(ring, say) } : {}),
      ...(only.includes("valueSizes") ? { valueSizes: await valueSizes(ring, say) } : {}),
      ...(only.includes("profile") ? { profile: await profile(ring, say) } : {}),
    };
  } finally {
    probe.stop();
    await ring.stop();
  }
}

/** In a process of its own, because the lab is. */
async function pulumiSpeed(rounds: number): Promise<PulumiSpeed> {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "dedup-shards-bench-")), "pulumi.json");
  const inLab = ["ts-node", "test/lab/in-lab.ts", "--", "ts-node", "test/bench/pulumi-speed.ts", String(rounds), file];
  if ((await run("npx", inLab)) !== 0) throw new Error("the measurement of Pulumi failed, see above");
  return JSON.parse(readFileSync(file, "utf8")) as PulumiSpeed;
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
