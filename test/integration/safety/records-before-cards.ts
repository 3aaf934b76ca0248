/** States and records as commit c900845 left them in each phase of a migration 3 → 4, before shards had cards. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckedGateInputs } from "../../../migration/entrypoints/gate-inputs";
import type { Phase } from "../../../migration/phases";
import type { RingLab } from "../ring-lab";

interface Left {
  readonly state: Omit<CheckedGateInputs, "connection" | "settings" | "metrics">;
  /** By shard and key. */
  readonly records: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const FIXTURE = readFileSync(join(__dirname, "fixtures/records-before-cards.json"), "utf8");

/** @returns what was left in a phase, on the servers of a lab. */
export async function leftBefore(lab: RingLab, phase: Phase): Promise<Left> {
  let text = FIXTURE;
  for (const [name, { url, client }] of lab.servers) {
    const runId = /run_id:(\w+)/.exec(await client.info("server"))?.[1] ?? "";
    text = text.replaceAll(`{{url ${name}}}`, url).replaceAll(`{{run_id ${name}}}`, runId);
  }
  const left = (JSON.parse(text) as Partial<Record<Phase, Left>>)[phase];
  if (!left) throw new Error(`nothing was left in ${phase}`);
  return left;
}

/** Puts records in the place of all that the shards have of this product. */
export async function putRecords(lab: RingLab, records: Left["records"]): Promise<void> {
  for (const [name, { client }] of lab.servers) {
    const own = await client.keys("dedup-shards:*");
    if (own.length > 0) await client.del(own);
    for (const [key, value] of Object.entries(records[name] ?? {})) await client.set(key, value);
  }
}
