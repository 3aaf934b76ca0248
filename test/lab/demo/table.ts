/** The demo's table: what each `pulumi up` took and came to. */

export interface Row {
  readonly phase: string;
  readonly seconds: number;
  readonly keys: number | undefined;
  readonly result: string;
}

/** @returns the rows in aligned columns under a heading. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ phase, seconds, keys, result }) => [
    phase,
    `${seconds.toFixed(1)} s`,
    keys?.toLocaleString("en-US") ?? "",
    result,
  ]);
  const all = [["phase", "duration", "keys", "result"], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = ([phase = "", duration = "", keys = "", result = ""]: readonly string[]) =>
    `  ${phase.padEnd(widths[0]!)}  ${duration.padStart(widths[1]!)}  ${keys.padStart(widths[2]!)}  ${result}`;
  return all.map(line).join("\n");
}
