import type { FencingToken, ShardStore } from "./shard-store";

/** Counters of one source, by name. */
export type Counts = Record<string, number>;

/** How far a job is on one source. Lives on that source, so that it shares the fate of the data it speaks of. */
export interface Checkpoint {
  /** The work that it belongs to: another migration or ring epoch makes it void. */
  readonly work: string;
  readonly cursor: string;
  /** The server process that the cursor means something to. */
  readonly runId: string;
  readonly done: boolean;
  readonly counts: Counts;
  /** When it was left, Unix ms; not in checkpoints of before. */
  readonly atMs?: number;
}

/** Jobs that make copies, by the names that their checkpoints have. */
export const COPYING_JOBS = ["pre-copy", "catch-up", "catch-up, left-overs"] as const;
/** All jobs that may leave checkpoints. */
export const JOBS = [...COPYING_JOBS, "cleanup", "cleanup, last pass", "verify", "verify, left-overs"] as const;

const nameOf = (job: string): string => `checkpoint:${job}`;

/** @returns the checkpoint of a job on a source; undefined when there is none for this work, or it cannot be read. */
export async function readCheckpoint(source: ShardStore, job: string, work: string): Promise<Checkpoint | undefined> {
  const checkpoint = await readAnyCheckpoint(source, job);
  return checkpoint?.work === work ? checkpoint : undefined;
}

/** @returns the checkpoint of a job on a source, whatever work it belongs to; undefined when there is none that can be read. */
export async function readAnyCheckpoint(source: ShardStore, job: string): Promise<Checkpoint | undefined> {
  const text = await source.readRecord(nameOf(job));
  if (text === undefined) return undefined;
  try {
    const found: unknown = JSON.parse(text);
    return isCheckpoint(found) ? found : undefined;
  } catch {
    // Starting over is always right, only slower.
    return undefined;
  }
}

/** SCAN's cursors are unsigned and have 64 bits; anything else it refuses, at every try. */
const CURSORS = 2n ** 64n;

function isCheckpoint(value: unknown): value is Checkpoint {
  const { work, cursor, runId, done, counts } = Object(value) as Partial<Record<keyof Checkpoint, unknown>>;
  return (
    [work, runId].every((text) => typeof text === "string") &&
    typeof done === "boolean" &&
    typeof cursor === "string" &&
    /^\d{1,20}$/.test(cursor) &&
    BigInt(cursor) < CURSORS &&
    isCounts(counts)
  );
}

const isCounts = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((count) => Number.isSafeInteger(count) && (count as number) >= 0);

/** Leaves a checkpoint; undefined removes it. */
export async function writeCheckpoint(
  source: ShardStore,
  token: FencingToken,
  job: string,
  checkpoint: Checkpoint | undefined,
): Promise<void> {
  await source.writeRecord(token, nameOf(job), checkpoint && JSON.stringify(checkpoint));
}
