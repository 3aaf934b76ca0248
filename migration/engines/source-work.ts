import { randomUUID } from "node:crypto";
import type { Counts } from "./checkpoint";
import { drainBatch } from "./drain-batch";
import { followParts } from "./follow-parts";
import { edgesFrom, keysToDrain, moversOnPrimary, moversOnSecondary } from "./route";
import { DecidingShards, DEFAULT_CLAIM_MS } from "./run/suspect-shards";
import type { Run, SourceWork } from "./runtime";
import { runOnSources, type SourcesJob } from "./sources";
import { copyKeys, syncExtras, syncKeys } from "./sync";
import { Throttle } from "./throttle";

/** @returns the sum of the counts of all sources. */
export async function workOnSources(run: Run, work: SourceWork): Promise<Counts> {
  if (run.delegate === undefined) return workHere(run, work);
  // Also what starts over in a new run leaves checkpoints then, of its own: they bring the counts back.
  const inOneGo = work.checkpointFor === undefined;
  const known = { ...work, inOneGo, checkpointFor: work.checkpointFor ?? randomUUID() };
  const { delegate } = run;
  await followParts(run, known, edgesOf(work), () => delegate(known));
  return workHere(run, known);
}

function workHere(run: Run, work: SourceWork): Promise<Counts> {
  const { name, record, sources, checkpointFor } = work;
  const throttle = new Throttle(work.pace, run.clock, run.brake);
  const common = { name, record, sources, edges: edgesOf(work), pacing: throttle };
  return runOnSources(run, {
    ...common,
    ...(checkpointFor === undefined ? {} : { checkpointFor }),
    ...handling(run, work, throttle),
  });
}

/** How many edges lead from each source. */
function edgesOf({ task, direction: { primary, secondary } }: SourceWork): Readonly<Record<string, number>> {
  const isForth = task.kind === "add" || task.kind === "sync";
  return isForth ? edgesFrom(primary, secondary) : edgesFrom(secondary, primary);
}

type Handling = Pick<SourcesJob, "route" | "onBatch" | "recounted">;

function handling(run: Run, work: SourceWork, throttle: Throttle): Handling {
  const { task, record, direction, expiryToleranceMs, claimMs = DEFAULT_CLAIM_MS } = work;
  const deciding = new DecidingShards(record, run.log);
  const sync = { run, record, throttle, expiryToleranceMs, deciding, claimMs, givesBack: task.kind !== "add" };
  switch (task.kind) {
    case "add":
      return {
        route: moversOnPrimary(run.rings, direction),
        onBatch: (from, to, keys) => copyKeys({ primary: from, secondary: to }, keys, { ...sync, settle: false }),
      };
    case "sync":
      return {
        route: moversOnPrimary(run.rings, direction),
        onBatch: (from, to, keys) => syncKeys({ primary: from, secondary: to }, keys, { ...sync, settle: task.settle }),
      };
    case "extras":
      return {
        route: moversOnSecondary(run.rings, direction),
        onBatch: (holder, other, keys) =>
          syncExtras({ primary: other, secondary: holder }, keys, task.action, {
            ...sync,
            settle: task.settle,
          }),
      };
    case "drain":
      return {
        route: keysToDrain(run.rings, direction),
        onBatch: (source, owner, keys) =>
          drainBatch({ ...sync, orphans: task.orphans, forgetful: task.forgetful }, source, owner, keys),
        // What was deleted is not found again.
        recounted: [],
      };
  }
}
