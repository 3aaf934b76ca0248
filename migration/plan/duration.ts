/**
 * How long a copy takes at the throttle. `keysPerSecond` is a ceiling for the whole run and all sources copy in
 * parallel, so each source that still has movers gets an equal part of it, and a source that is done leaves its part
 * to the others (processor sharing). SCAN returns a source's movers in no order, so all its edges end together, with
 * the source. Hence the last edge ends after exactly (all movers ÷ keysPerSecond).
 *
 * It is a lower bound: the throttle lowers itself while a shard is slow, and the scan of keys that stay is not in it
 * (half a million keys a second, so it counts only where hardly anything moves).
 */

export interface EdgeKeys {
  readonly from: string;
  readonly keys: number;
}

/**
 * When each edge is done, in seconds after the start, in the order of `edges`; 0 for an edge without keys.
 *
 * @throws RangeError when `keysPerSecond` is not a positive number
 */
export function edgeDurations(edges: readonly EdgeKeys[], keysPerSecond: number): readonly number[] {
  if (!(keysPerSecond > 0)) {
    throw new RangeError(`keysPerSecond is ${keysPerSecond}; allowed: a number above 0`);
  }
  const keysPerSource = new Map<string, number>();
  for (const { from, keys } of edges) keysPerSource.set(from, (keysPerSource.get(from) ?? 0) + keys);
  const sources = [...keysPerSource].sort(([, a], [, b]) => a - b);
  const done = new Map<string, number>();
  let elapsed = 0;
  let copied = 0;
  sources.forEach(([source, keys], i) => {
    elapsed += ((keys - copied) * (sources.length - i)) / keysPerSecond;
    copied = keys;
    done.set(source, elapsed);
  });
  return edges.map(({ from, keys }) => (keys === 0 ? 0 : done.get(from)!));
}

/**
 * A duration as an operator says it: `45s`, `45m`, `2h`, `2h 5m`. Rounded up to the unit shown, so that it never
 * promises too little; hours are not folded into days.
 */
export function formatDuration(seconds: number): string {
  // Milliseconds first: a sum such as 2700.0000000001 must not become 46m.
  const whole = Math.ceil(Math.round(seconds * 1000) / 1000);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.ceil(whole / 60);
  if (minutes < 60) return `${minutes}m`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}
