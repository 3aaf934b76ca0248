/** A report as one HTML page: nothing is loaded from elsewhere, nothing runs. */
import { escapeXml as escape } from "./escape-xml";
import type { Report, Section, Table } from "./report";
import { svgOf } from "./svg";

const STYLE = [
  "body{font:16px/1.5 sans-serif;max-width:760px;margin:2em auto;padding:0 1em}",
  "table{border-collapse:collapse}",
  "td,th{border-bottom:1px solid #ddd;padding:.2em 1em;text-align:right}",
  "td:first-child,th:first-child{text-align:left}",
  "svg{max-width:100%;height:auto}",
].join("");

/** @returns the report with its pictures. */
export function htmlOf({ title, message, sections }: Report): string {
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escape(title)}</h1>`,
    paragraph(message),
    ...sections.flatMap(blocksOf),
    "</body></html>\n",
  ].join("\n");
}

function blocksOf({ title, lines, table, chart }: Section): string[] {
  return [
    `<h2>${escape(title)}</h2>`,
    ...lines.map(paragraph),
    ...(table ? [tableOf(table)] : []),
    ...(chart ? [svgOf(chart)] : []),
  ];
}

const paragraph = (text: string): string => `<p>${escape(text)}</p>`;

function tableOf({ head, rows }: Table): string {
  const row = (cells: readonly string[], tag: "td" | "th"): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join("")}</tr>`;
  return `<table>${row(head, "th")}${rows.map((cells) => row(cells, "td")).join("")}</table>`;
}
