/** The process of the probe: `probe-client.ts HOST PORT`. */
import { Redis } from "ioredis";

const PER_SECOND = 1_000;
const KEY = "probe";
const TICK_MS = 1;

const [host = "", port = ""] = process.argv.slice(2);
const redis = new Redis({ host, port: Number(port), protocol: 2 });
let waits: number[] = [];
let due = performance.now();

function tick(): void {
  for (; due <= performance.now(); due += 1_000 / PER_SECOND) void ask();
}

async function ask(): Promise<void> {
  const sent = performance.now();
  await redis.get(KEY);
  waits.push(performance.now() - sent);
}

function summary() {
  const sorted = [...waits].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

process.on("message", (message) => {
  if (message === "end") process.send?.(summary());
  waits = [];
});
process.on("disconnect", () => process.exit());
redis.once("ready", () => {
  setInterval(tick, TICK_MS);
  process.send?.("ready");
});
