/**
 * A shard that may have lost writes does not decide alone. It failed over to a replica that lagged behind, was restored
 * from an older backup, or its process is another one than that which the migration record notes.
 */
import { changeOf, type ProcessChange, type RunningProcess } from "../../contract/shard-process";
import type { MigrationRecord } from "../migration-record";
import type { Log } from "../runtime";
import type { ShardStore } from "../shard-store";

/**
 * How far a shard is trusted. `same`: it decides. `restarted`: it has lost nothing, so its copies stand, but nothing is
 * deleted because it does not hold it. `suspect`: the other owner's copy stands, and nothing is deleted for its sake.
 */
export type Standing = "same" | "restarted" | "suspect";

/** The default claim window, and a command's timeout. */
export const DEFAULT_CLAIM_MS = 6_000;

const STANDINGS: Readonly<Record<ProcessChange, Standing>> = {
  none: "same",
  restart: "restarted",
  failover: "suspect",
};

/** @returns how far a shard is trusted; `same` where the record notes nothing of it. Pure. */
export function standingIn(
  { processes = {}, lostWrites = [] }: Pick<MigrationRecord, "processes" | "lostWrites">,
  shard: string,
  now: RunningProcess,
): Standing {
  if (lostWrites.includes(shard)) return "suspect";
  const noted = processes[shard];
  return noted === undefined ? "same" : STANDINGS[changeOf(noted, now)];
}

/** The shards that decide over others in one piece of work. Asks each of them anew for every decision. */
export class DecidingShards {
  private readonly said = new Set<string>();

  constructor(
    private readonly record: MigrationRecord,
    private readonly log: Log,
  ) {}

  /**
   * How far a shard is trusted now. What was read from it before the call is worth no more than this.
   *
   * @throws ShardUnreachableError, ShardRefusedError
   */
  async standing(shard: ShardStore): Promise<Standing> {
    const { processes = {}, lostWrites = [] } = this.record;
    if (processes[shard.name] === undefined && !lostWrites.includes(shard.name)) return "same";
    return standingIn(this.record, shard.name, await shard.process());
  }

  /** Tells the operator once of each thing that is done for the sake of a shard that is not trusted. */
  say(line: string): void {
    if (this.said.has(line)) return;
    this.said.add(line);
    this.log(line);
  }
}

/** @returns those of some shards that may have lost writes. */
export async function suspectsAmong(
  shards: readonly ShardStore[],
  record: MigrationRecord,
): Promise<readonly string[]> {
  const deciding = new DecidingShards(record, () => undefined);
  const standings = await Promise.all(shards.map((shard) => deciding.standing(shard)));
  return shards.filter((_, i) => standings[i] === "suspect").map(({ name }) => name);
}
