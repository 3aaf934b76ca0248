/** A sample of `dedup_ring_epoch` in the Prometheus text format: name, labels (values may hold anything), value, time. */
const SAMPLE = /^\s*dedup_ring_epoch(?:\s*\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}\s*|\s+)(\S+)(?:\s+-?\d+)?\s*$/;

/**
 * Reads a page of metrics in the Prometheus text format.
 *
 * @returns the ring epochs that it reports, each once; none when the metric is missing or has no whole number. (Several
 * differ where a pod has several processes, of which one was not restarted.)
 */
export function epochsIn(metrics: string): readonly number[] {
  const values = metrics.split("\n").flatMap((line) => SAMPLE.exec(line)?.[1] ?? []);
  return [...new Set(values.map(Number).filter(Number.isSafeInteger))].sort((a, b) => a - b);
}
