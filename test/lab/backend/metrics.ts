/** The few Prometheus metrics of the backend, in the text format. */
export class Metrics {
  private readonly ingest = new Map<number, number>();
  private dedupHits = 0;

  constructor(private readonly epoch: number) {}

  countIngest(status: number): void {
    this.ingest.set(status, (this.ingest.get(status) ?? 0) + 1);
  }

  countDedupHit(): void {
    this.dedupHits++;
  }

  text(): string {
    return [
      "# HELP dedup_ring_epoch Epoch of the ring config that this pod runs.",
      "# TYPE dedup_ring_epoch gauge",
      `dedup_ring_epoch ${this.epoch}`,
      "# HELP flk_ingest_total Submissions by HTTP status.",
      "# TYPE flk_ingest_total counter",
      ...[...this.ingest].map(([status, count]) => `flk_ingest_total{status="${status}"} ${count}`),
      "# HELP flk_dedup_hits Submissions answered as duplicates.",
      "# TYPE flk_dedup_hits counter",
      `flk_dedup_hits ${this.dedupHits}`,
      "",
    ].join("\n");
  }
}
