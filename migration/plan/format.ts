/** How the plan writes numbers for people: the same everywhere, whatever the machine's locale. */

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A whole number with thousands separated: `1234567` is `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** A fraction from 0 to 1 in percent with two decimals: `0.08414` is `8.41 %`; what would read as none is `< 0.01 %`. */
export function formatPercent(fraction: number): string {
  return fraction > 0 && fraction < 0.00005 ? "< 0.01 %" : `${(fraction * 100).toFixed(2)} %`;
}

/**
 * Bytes in the largest binary unit that leaves at least 1, with one decimal: `1610612736` is `1.5 GiB`.
 *
 * @param round how to reach the decimal; pass `Math.ceil` for what is needed and `Math.floor` for what there is,
 *   so that a figure that does not fit never reads as if it did
 */
export function formatBytes(bytes: number, round: (tenths: number) => number = Math.round): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${round(value)} B` : `${(round(value * 10) / 10).toFixed(1)} ${BYTE_UNITS[unit]!}`;
}
