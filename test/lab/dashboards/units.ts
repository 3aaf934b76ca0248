/** Figures as Grafana writes them, by its unit. */
const SI = ["", " K", " Mil", " Bil"];
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

const FORMATS: Readonly<Record<string, (value: number) => string>> = {
  none: (value) => rounded(value),
  short: (value) => scaled(value, 1_000, SI),
  percentunit: (value) => `${rounded(100 * value)}%`,
  ops: (value) => `${scaled(value, 1_000, SI)} ops/s`,
  reqps: (value) => `${scaled(value, 1_000, SI)} req/s`,
  bytes: (value) => scaled(value, 1_024, BYTES, " "),
  s: duration,
};

/** @throws Error for a unit that it does not know: it must not be drawn as if it had none. */
export function formatOf(unit: string): (value: number) => string {
  const format = FORMATS[unit];
  if (format === undefined) throw new Error(`nothing here knows Grafana's unit ${unit}`);
  return format;
}

function scaled(value: number, step: number, names: readonly string[], gap = ""): string {
  const power = value === 0 ? 0 : Math.max(0, Math.min(names.length - 1, Math.floor(Math.log(value) / Math.log(step))));
  return `${rounded(value / step ** power)}${gap}${names[power]}`;
}

function duration(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return `${rounded(1e6 * seconds)} µs`;
  if (seconds < 1) return `${rounded(1e3 * seconds)} ms`;
  if (seconds < 60) return `${rounded(seconds)} s`;
  return seconds < 3_600 ? `${rounded(seconds / 60)} mins` : `${rounded(seconds / 3_600)} hours`;
}

/** Three digits that mean something. */
const rounded = (value: number): string => String(Number(value.toPrecision(3)));
