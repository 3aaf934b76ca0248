import { sameBackend } from "../../contract/shard-card";
import { readAbandonedRecord } from "../migration-record";
import type { ShardStore } from "../shard-store";
import type { Owner } from "./owner";
import { ForeignShardError, OtherStackError } from "./ownership-errors";

/**
 * Refuses the migration that is recorded on a shard when another backend or another stack began it. A record that cannot
 * be read, or that an older version wrote, says nothing of that.
 *
 * @throws ForeignShardError, OtherStackError
 */
export async function refuseForeignMigration(store: ShardStore, { backend, stack }: Owner): Promise<void> {
  const record = await readAbandonedRecord([store]);
  if (record?.backend !== undefined && !sameBackend(record.backend, backend)) {
    throw new ForeignShardError(store.name, record.backend, backend, stack);
  }
  if (record?.stack === undefined || stack === undefined || record.stack === stack) return;
  throw new OtherStackError(store.name, record.id, record.stack, stack);
}
