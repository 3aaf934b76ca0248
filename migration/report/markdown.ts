/** A report as Markdown. */
import type { Report, Section, Table } from "./report";

/** @returns the report without its pictures. */
export function markdownOf({ title, message, sections }: Report): string {
  return [`# ${escape(title)}`, escape(message), ...sections.flatMap(blocksOf)].join("\n\n") + "\n";
}

function blocksOf({ title, lines, table }: Section): string[] {
  return [`## ${escape(title)}`, ...lines.map(escape), ...(table ? [tableOf(table)] : [])];
}

function tableOf({ head, rows }: Table): string {
  const row = (cells: readonly string[]): string => `| ${cells.map(escape).join(" | ")} |`;
  return [row(head), row(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(row)].join("\n");
}

/** Shards may have any name. */
const escape = (text: string): string => text.replace(/[\\`*_[\]<>|#]/g, "\\$&").replace(/\s*[\r\n]+\s*/g, " ");
