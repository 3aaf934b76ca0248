/**
 * Shards that only the current ring has, behind the cutover. The target ring decides there, and once a verify came out clean
 * it has every acknowledged claim: a shard that retires is not needed any more, dead or empty.
 */
import { podConfigOf, type Phase } from "../../phases";
import { GateClosedError } from "../errors";
import { holds, type MigrationRecord } from "../migration-record";
import { adoptCommand } from "../run/ownership-errors";

/** A retiring shard is away, and the migration cannot end without it yet. */
export class RetiringShardError extends GateClosedError {
  constructor(
    readonly shards: readonly string[],
    isVerified: boolean,
  ) {
    super(isVerified ? unnamedMessage(shards) : unverifiedMessage(shards));
    this.name = "RetiringShardError";
  }
}

const unnamedMessage = (shards: readonly string[]): string =>
  `${shards.join(", ")} cannot be reached, or is another server (\`npm run doctor\` says what is wrong). It retires, and the ` +
  "target ring has every acknowledged claim, so the migration can end without it. Bring it back, or name it in " +
  `forceRemoveShards (\`pulumi config set --path 'forceRemoveShards[0]' ${shards[0] ?? ""}\`), then run \`pulumi up\` again.`;

const unverifiedMessage = (shards: readonly string[]): string =>
  `${shards.join(", ")} cannot be reached or has lost its data. It retires, but no verify has come out clean since the ` +
  "cutover, so dual-write stays on. Bring it back with its data, or empty; in that case run " +
  `${adoptCommand(undefined, shards[0])}. Then run \`pulumi up\` again, which verifies.`;

/** What a move behind the cutover knows of retiring shards. */
export interface Retiring {
  readonly from: Phase;
  /** The ring epoch of that phase. */
  readonly epoch: number;
  readonly record: MigrationRecord;
  /** Retiring shards that are away, or have lost their data. */
  readonly missing: readonly string[];
  /** Those of them at which nobody can look, and which the operator has not named. */
  readonly unnamed: readonly string[];
  /** Shards of the target ring that may have lost writes since: what retires may hold the last copy of those. */
  readonly suspects: readonly string[];
}

/** @throws RetiringShardError when a retiring shard is missing that may be needed, or that may be there again soon. */
export function assertUnneeded({ from, epoch, record, missing, unnamed, suspects }: Retiring): void {
  if (missing.length === 0) return;
  const isVerified = podConfigOf(from) === "B" || (suspects.length === 0 && holds(record, "verified", epoch));
  if (!isVerified) throw new RetiringShardError(missing, false);
  if (unnamed.length > 0) throw new RetiringShardError(unnamed, true);
}
