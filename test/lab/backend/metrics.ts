/** The backend's Prometheus metrics, as its contract names them. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Seconds: fine where a claim on a local network lies, up to a retryable error after the command timeouts. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export class Metrics {
  private readonly registry = new Registry();
  private readonly ingest = new Counter({
    name: "flk_ingest_total",
    help: "Submissions by HTTP status.",
    labelNames: ["status"],
    registers: [this.registry],
  });
  private readonly duration = new Histogram({
    name: "flk_ingest_duration_seconds",
    help: "From a submission's arrival to its answer.",
    buckets: DURATION_BUCKETS,
    registers: [this.registry],
  });
  private readonly dedupHits = new Counter({
    name: "flk_dedup_hits",
    help: "Submissions answered as duplicates.",
    registers: [this.registry],
  });
  private readonly dualWriteErrors = new Counter({
    name: "flk_dedup_dual_write_errors",
    help: "Claims under dual-write that ended in a retryable error because an owner failed.",
    registers: [this.registry],
  });

  constructor(epoch: number, checksum: string) {
    const name = "dedup_ring_epoch";
    const help = "Epoch of the ring config that this process runs.";
    new Gauge({ name, help, labelNames: ["checksum"], registers: [this.registry] }).set({ checksum }, epoch);
  }

  countIngest(status: number, seconds: number): void {
    this.ingest.inc({ status });
    this.duration.observe(seconds);
  }

  countDedupHit(): void {
    this.dedupHits.inc();
  }

  countDualWriteError(): void {
    this.dualWriteErrors.inc();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}
