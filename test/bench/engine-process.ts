/** A process that does nothing but a pre-copy and a full pass over both rings, so that its memory can be measured. */
import { readFileSync } from "node:fs";
import { preCopy } from "../../migration/engines/pre-copy";
import { connect, TOLERANCE_MS, UNTHROTTLED, verifyPass, type RingDescription } from "./bench-ring";

async function main(ring: RingDescription): Promise<object> {
  const { rings, direction, withRun } = connect(ring);
  const start = performance.now();
  const startBytes = process.memoryUsage().rss;
  await withRun(async (run) => {
    await preCopy({ ...run, rings }, ring.migration, UNTHROTTLED, TOLERANCE_MS);
    await verifyPass(run, ring.migration, direction);
  });
  const seconds = (performance.now() - start) / 1_000;
  return { seconds, startBytes, peakBytes: peakBytes() };
}

/** Of this program alone: what `getrusage` says begins with the process that it was forked from. */
function peakBytes(): number {
  const [, kibibytes = ""] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kibibytes) * 1_024;
}

process.once("message", (ring) => {
  main(ring as RingDescription).then(
    (found) => process.send?.(found, () => process.disconnect()),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
