/** The checksum of the ring, as docs/reference/backend-contract.md has it in section 2. */
import { createHash } from "node:crypto";

const KEYS = ["DEDUP_SHARDS", "DEDUP_DUAL_WRITE", "DEDUP_NEW_RING", "DEDUP_RING_EPOCH"];
const CHECKSUM = "DEDUP_RING_CHECKSUM";

/**
 * @returns the checksum of the ring in the environment.
 * @throws Error when the environment has another one: somebody has put some of the ring's keys back.
 */
export function checkedRing(env: Readonly<Record<string, string | undefined>>): string {
  const lines = KEYS.map((key) => `${key}=${env[key] ?? ""}\n`).join("");
  const computed = createHash("sha256").update(lines, "utf8").digest("hex").slice(0, 16);
  const given = env[CHECKSUM];
  if (given === undefined || given === computed) return computed;
  throw new Error(`${CHECKSUM}: ${given} is not that of the ring beside it, which is ${computed}`);
}
