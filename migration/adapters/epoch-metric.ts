/** A sample of `dedup_ring_epoch` in the Prometheus text format: name, labels (values may hold anything), value, time. */
const SAMPLE = /^\s*dedup_ring_epoch(?:\s*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})\s*|\s+)(\S+)(?:\s+-?\d+)?\s*$/;
/** The label in which a pod reports the checksum of its ring. */
const CHECKSUM = /[{,]\s*checksum\s*=\s*"([^"\\]*)"/;

/** What a page of metrics reports of the ring. */
export interface RingReport {
  /** Each ring epoch once, ascending. Several differ where a pod has several processes, of which one was not restarted. */
  readonly epochs: readonly number[];
  /** Each checksum of a ring once; an empty one for samples without. Absent where no sample has one. */
  readonly checksums?: readonly string[];
}

/**
 * Reads a page of metrics in the Prometheus text format.
 *
 * @returns the ring epochs and checksums that it reports; none when the metric is missing or has no whole number.
 */
export function ringReportIn(metrics: string): RingReport {
  const samples = metrics.split("\n").flatMap((line) => {
    const [, labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    const epoch = value === "" ? NaN : Number(value);
    return Number.isSafeInteger(epoch) ? [{ epoch, checksum: CHECKSUM.exec(labels)?.[1] ?? "" }] : [];
  });
  const epochs = [...new Set(samples.map(({ epoch }) => epoch))].sort((a, b) => a - b);
  const checksums = [...new Set(samples.map(({ checksum }) => checksum))].sort();
  return { epochs, ...(checksums.some((checksum) => checksum !== "") ? { checksums } : {}) };
}
