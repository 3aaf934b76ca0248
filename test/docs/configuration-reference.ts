/** The generated part of docs/reference/configuration.md, made from the declarations in Pulumi.yaml. */
import { loadYaml } from "@kubernetes/client-node";

/** One key of Pulumi.yaml. An object's description is a paragraph, and then a list `- field: meaning`. */
interface Declaration {
  readonly type: string;
  readonly default?: unknown;
  readonly description: string;
}

const BEGIN = "<!-- generated from Pulumi.yaml by npm run docs -->";
const END = "<!-- end of the generated part -->";

/**
 * Replaces the generated part of the page.
 *
 * @param page - the whole page, Markdown
 * @param pulumiYaml - the text of Pulumi.yaml
 * @returns the page, not yet formatted
 * @throws Error when the page has no generated part
 */
export function withConfigurationReference(page: string, pulumiYaml: string): string {
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`the page has no lines "${BEGIN}" and "${END}"`);
  return `${page.slice(0, before)}${BEGIN}\n\n${configurationReference(pulumiYaml)}\n\n${page.slice(after)}`;
}

function configurationReference(pulumiYaml: string): string {
  const { config } = loadYaml<{ config: Readonly<Record<string, Declaration>> }>(pulumiYaml);
  const keys = Object.entries(config);
  const hasFields = ([, { description }]: (typeof keys)[number]) => description.includes("\n- ");
  const single = keys.filter((key) => !hasFields(key));
  const rows = single.map(([key, { type, default: value, description }]) => [
    `\`${key}\``,
    type,
    shown(value),
    description,
  ]);
  const sections = keys.filter(hasFields).map(([key, declaration]) => sectionOf(key, declaration));
  return ["## Keys with one value", table(["key", "type", "default", "meaning"], rows), ...sections].join("\n\n");
}

function sectionOf(key: string, { description, default: defaults }: Declaration): string {
  const [about = "", ...fields] = description.trim().split(/\n- /);
  const rows = fields.map((field) => {
    const [, name = "", meaning = ""] = /^(\S+): ([^]*)$/.exec(field) ?? [];
    return [`\`${name}\``, shown(valueAt(defaults, name)), meaning];
  });
  return `## \`${key}\`\n\n${oneLine(about)}\n\n${table(["field", "default", "meaning"], rows)}`;
}

/** @returns the value of a field such as `limits.stalled`; undefined where there is none. */
const valueAt = (values: unknown, field: string): unknown =>
  field.split(".").reduce<unknown>((at, name) => (Object(at) as Record<string, unknown>)[name], values);

function shown(value: unknown): string {
  if (value === undefined || value === "") return "none";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cellOf).join(" | ")} |`).join("\n");

/** A bar in a text does not end its cell. */
const cellOf = (text: string): string => oneLine(text).replaceAll("|", "\\|");

const oneLine = (text: string): string => text.trim().replaceAll(/\s+/g, " ");
