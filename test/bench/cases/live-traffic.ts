/** What a live client of the source feels while keys are copied off it: as by default, and at full speed. */
import { constants, setPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { SCHEMA } from "../../../migration/config/schema";
import { preCopy } from "../../../migration/engines/pre-copy";
import type { Pace, Run } from "../../../migration/engines/runtime";
import { TOLERANCE_MS, UNTHROTTLED, type BenchRing } from "../bench-ring";
import type { Contest } from "../contest";

const SECONDS = 10;
/** As a stack has it that sets nothing. */
const DEFAULT: Pace = SCHEMA.copy.parse({});

export function liveTraffic(ring: BenchRing): Contest {
  const copying = (name: string, pace: Pace) => ({
    name,
    prepare: () => ring.empty(),
    run: () => copyForAWhile(ring, pace),
  });
  const { maxSourceLatencyMs } = DEFAULT;
  return {
    title: "Beside live traffic",
    task:
      `pre-copy for at most ${SECONDS} s, all sources at once, as if on a machine of its own (with the lowest CPU priority): ` +
      "what counts is the probe",
    contenders: [
      { name: "nothing", run: () => sleep(1_000 * SECONDS, 0) },
      copying("at the default throttle", DEFAULT),
      copying(`unthrottled, giving way at ${maxSourceLatencyMs} ms`, { ...UNTHROTTLED, maxSourceLatencyMs }),
    ],
  };
}

class TimeIsUp extends Error {}

/** @returns how many keys were copied. */
async function copyForAWhile(ring: BenchRing, pace: Pace): Promise<number> {
  const endMs = performance.now() + 1_000 * SECONDS;
  let copied = 0;
  setPriority(constants.priority.PRIORITY_LOW);
  const limited = (run: Run): Run => ({
    ...run,
    token: () => {
      if (performance.now() > endMs) throw new TimeIsUp();
      return run.token();
    },
    onProgress: (event) => {
      if (event.kind === "keys") copied += event.keys;
    },
  });
  try {
    await ring.withRun((run) => preCopy(limited(run), ring.migration, pace, TOLERANCE_MS));
  } catch (error) {
    if (!(error instanceof TimeIsUp)) throw error;
  } finally {
    setPriority(constants.priority.PRIORITY_NORMAL);
  }
  return copied;
}
