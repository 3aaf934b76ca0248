/** Where the engine's own time goes while it copies at full speed: what `node --cpu-prof` samples, summed by function. */
import { Session, type Profiler, type Runtime } from "node:inspector/promises";
import path from "node:path";
import { preCopy } from "../../../migration/engines/pre-copy";
import { TOLERANCE_MS, UNTHROTTLED, type BenchRing } from "../bench-ring";

const ROOT = path.join(__dirname, "../../..");
const LISTED = 12;

/** What a function took, without what it calls. */
export interface Cost {
  readonly name: string;
  /** Of all the time. */
  readonly share: number;
}

/** What belongs together, the first that fits. */
const GROUPS: readonly (readonly [string, RegExp])[] = [
  ["waiting for answers", /^\(idle\)/],
  ["system calls that send commands", /^(write(Utf8String|Buffer|v|Latin1String)|writevGeneric)\b/],
  ["hashing keys and looking up their owners", /oneShotDigest|internal\/crypto|engines\/route\.ts|migration\/ring\//],
  ["reading answers", /ioredis\/built\/resp|onStreamRead|FastBuffer|node:buffer|internal\/buffer|readStart/],
  ["making commands", /ioredis\/|denque/],
  ["garbage collection", /^\(garbage collector\)/],
  ["the walk: pages, batches, checkpoints", /migration\//],
  ["everything else", /^/],
];

/** Where the time goes. */
export interface Profile {
  /** Of all of it, the dearest first. */
  readonly groups: readonly Cost[];
  /** The dearest functions. */
  readonly functions: readonly Cost[];
}

export async function profile(ring: BenchRing, say: (line: string) => void): Promise<Profile> {
  await ring.empty();
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await ring.withRun(async (run) => {
    await session.post("Profiler.start");
    await preCopy(run, ring.migration, UNTHROTTLED, TOLERANCE_MS);
  });
  const { profile: found } = await session.post("Profiler.stop");
  session.disconnect();
  const costs = costsOf(found);
  const groups = summed(costs.map(({ name, share }) => [GROUPS.find(([, fits]) => fits.test(name))?.[0] ?? "", share]));
  for (const { name, share } of groups) say(`profile: ${(100 * share).toFixed(1)} % ${name}`);
  return { groups, functions: costs.slice(0, LISTED) };
}

function costsOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly Cost[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const all = timeDeltas.reduce((sum, took) => sum + took, 0);
  return summed(samples.map((id, i) => [names.get(id) ?? "?", (timeDeltas[i] ?? 0) / all]));
}

/** @returns the sum of each name, the largest first. */
function summed(shares: readonly (readonly [string, number])[]): readonly Cost[] {
  const sums = new Map<string, number>();
  for (const [name, share] of shares) sums.set(name, (sums.get(name) ?? 0) + share);
  return [...sums].map(([name, share]) => ({ name, share })).sort((a, b) => b.share - a.share);
}

function nameOf({ functionName, url }: Runtime.CallFrame): string {
  const file = url.replace("file://", "");
  const where = file.startsWith("/") ? path.relative(ROOT, file).replace(/^node_modules\//, "") : file;
  return [functionName || "anonymous", where].filter((part) => part !== "").join(", ");
}
