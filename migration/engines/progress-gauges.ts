import type { MigrationMetric } from "../metrics";
import type { Clock, ProgressEvent } from "./runtime";

/** The value of one of the migration's metrics. Of its labels only the source: the others are those of the job. */
export interface GaugeValue {
  readonly metric: MigrationMetric;
  readonly source?: string;
  readonly value: number;
}

/** How far a job is. */
interface Job {
  readonly keys: Map<string, number>;
  /** When a source's checkpoint was written last, or it began, Unix ms. */
  readonly checkpoints: Map<string, number>;
  readonly values: Map<MigrationMetric, number>;
  edges: Readonly<Record<string, number>>;
  sourcesLeft: number;
  /** Keys since the last look, which was at this time. */
  fresh: number;
  lookedMs: number;
  changed: boolean;
}

/** Makes metrics of what a run tells of its jobs. */
export class ProgressGauges {
  private readonly jobs = new Map<string, Job>();

  constructor(private readonly clock: Clock) {}

  /** Takes note of an event. */
  note(event: ProgressEvent): void {
    const job = this.job(event.job);
    job.changed = true;
    switch (event.kind) {
      case "begun":
        return this.begin(job, event);
      case "skipped":
        return add(job.keys, event.source, event.keys);
      case "keys":
        job.fresh += event.keys;
        if (event.allowed !== undefined) job.values.set("throttle", event.allowed);
        return add(job.keys, event.source, event.keys);
      case "checkpoint":
        job.checkpoints.set(event.source, this.clock.now());
        return;
      case "done":
        job.sourcesLeft--;
        return add(job.values, "edgesDone", job.edges[event.source] ?? 0);
      case "failed":
        job.sourcesLeft--;
        return add(job.values, "errors", 1);
      case "verified":
        for (const [figure, metric] of VERIFIED) job.values.set(metric, event.counts[figure]);
    }
  }

  /** @returns the values of each job that is under way (it may stand still), or that has ended since the last call. */
  changed(): ReadonlyMap<string, readonly GaugeValue[]> {
    const changed = [...this.jobs].filter(([, job]) => job.changed || job.sourcesLeft > 0);
    return new Map(changed.map(([name, job]) => [name, this.valuesOf(job)]));
  }

  private begin(job: Job, { sources, edges, movers, checkpoints }: Extract<ProgressEvent, { kind: "begun" }>): void {
    for (const source of sources) {
      job.keys.set(source, 0);
      // A job that gets stuck before its first one has stalled as well.
      if (checkpoints) job.checkpoints.set(source, this.clock.now());
    }
    Object.assign(job, { edges, sourcesLeft: sources.length });
    const planned = sources.reduce((sum, source) => sum + (edges[source] ?? 0), 0);
    for (const metric of ["edgesDone", "errors", "keysPerSecond"] as const) job.values.set(metric, 0);
    job.values.set("edgesPlanned", planned).set("keysPlanned", movers);
  }

  private valuesOf(job: Job): readonly GaugeValue[] {
    const now = this.clock.now();
    // What is pushed last stays for good.
    const rate = job.sourcesLeft > 0 ? (job.fresh * 1_000) / Math.max(1, now - job.lookedMs) : 0;
    if (job.values.has("keysPerSecond")) job.values.set("keysPerSecond", rate);
    Object.assign(job, { fresh: 0, lookedMs: now, changed: false });
    return [
      ...[...job.values].map(([metric, value]) => ({ metric, value })),
      ...[...job.keys].map(([source, value]) => ({ metric: "keysDone" as const, source, value })),
      ...[...job.checkpoints].map(([source, ms]) => ({ metric: "checkpoint" as const, source, value: ms / 1_000 })),
    ];
  }

  private job(name: string): Job {
    const known = this.jobs.get(name);
    if (known) return known;
    const maps = { keys: new Map(), checkpoints: new Map(), values: new Map() };
    const job: Job = { ...maps, edges: {}, sourcesLeft: 0, fresh: 0, lookedMs: this.clock.now(), changed: false };
    this.jobs.set(name, job);
    return job;
  }
}

const VERIFIED = [
  ["checked", "verifyChecked"],
  ["missing", "verifyMissing"],
  ["different", "verifyDifferent"],
  ["extra", "verifyExtra"],
  ["repaired", "verifyRepaired"],
] as const;

function add<K>(sums: Map<K, number>, key: K, more: number): void {
  sums.set(key, (sums.get(key) ?? 0) + more);
}
