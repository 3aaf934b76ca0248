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

/** @returns the dearest first. */
export async function profile(ring: BenchRing, say: (line: string) => void): Promise<readonly Cost[]> {
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
  const costs = costsOf(found).slice(0, LISTED);
  for (const { name, share } of costs) say(`profile: ${(100 * share).toFixed(1)} % ${name}`);
  return costs;
}

function costsOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly Cost[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const spent = new Map<string, number>();
  let all = 0;
  samples.forEach((id, i) => {
    const [name, took] = [names.get(id) ?? "?", timeDeltas[i] ?? 0];
    spent.set(name, (spent.get(name) ?? 0) + took);
    all += took;
  });
  const costs = [...spent].map(([name, took]) => ({ name, share: took / all }));
  return costs.sort((a, b) => b.share - a.share);
}

function nameOf({ functionName, url }: Runtime.CallFrame): string {
  const file = url.replace("file://", "");
  const where = file.startsWith("/") ? path.relative(ROOT, file).replace(/^node_modules\//, "") : file;
  return [functionName || "anonymous", where].filter((part) => part !== "").join(", ");
}
