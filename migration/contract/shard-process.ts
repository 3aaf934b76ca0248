/** The server process that answers for a shard, and whether a change of it can have cost acknowledged writes. Pure. */

/** What a server says of its own process. */
export interface ShardProcess {
  /** `run_id`: another one with each start of a server. */
  readonly runId: string;
  /** `master_replid`: the history of writes that the server is in. Absent where the server hides it. */
  readonly replicationId?: string;
  /** `master_replid2`: the history that the server followed as a replica before it was promoted. Absent where it was none. */
  readonly promotedFrom?: string;
}

/** A process as it is now. */
export interface RunningProcess extends ShardProcess {
  /** Whether the server keeps an append-only file and no replica is connected; false where the server hides either. */
  readonly isSoleWithAppendOnlyFile: boolean;
}

/** A process as the migration record notes it. */
export interface NotedProcess extends ShardProcess {
  /** Whether a restart of this process loses nothing: it syncs every write before it answers, and has no replica. */
  readonly survivesRestart?: boolean;
}

/** `restart`: the process that synced every write was started again. `failover`: writes may be missing. */
export type ProcessChange = "none" | "restart" | "failover";

/**
 * Compares the process of a shard with the one that was noted.
 *
 * The same process with another replication id is no failover by itself: a Redis takes a new id when its first replica
 * connects (`redis-cli --rdb` counts as one), and an hour after its last one has gone. Only a promotion leaves the id of
 * the history that was followed before (https://redis.io/docs/latest/operate/oss_and_stack/management/replication/).
 */
export function changeOf(noted: NotedProcess, now: RunningProcess): ProcessChange {
  if (noted.runId === now.runId) {
    const isPromoted = now.promotedFrom !== undefined && now.replicationId !== noted.replicationId;
    return isPromoted ? "failover" : "none";
  }
  if (now.promotedFrom !== undefined || now.replicationId === undefined) return "failover";
  return noted.survivesRestart === true && now.isSoleWithAppendOnlyFile ? "restart" : "failover";
}

/** @returns whether a value is a process as the record notes it. */
export function isNotedProcess(value: unknown): value is NotedProcess {
  if (typeof value !== "object" || value === null) return false;
  const { runId, replicationId = "", promotedFrom = "", survivesRestart = false } = value as Partial<NotedProcess>;
  const areTexts = [runId, replicationId, promotedFrom].every((text) => typeof text === "string");
  return areTexts && typeof survivesRestart === "boolean";
}
