/** Refusals to work on what belongs to another backend, to another stack, or has lost its data. */
import { describeBackend, type BackendIdentity } from "../../contract/shard-card";
import { GateClosedError } from "../errors";

/** @returns the command by which an operator hands shards over; all of the stack's where no shard is named. */
export const adoptCommand = (stack: string | undefined, shard?: string): string =>
  `\`npm run adopt -- --stack ${stack ?? "STACK"}${shard === undefined ? "" : ` --shard ${shard}`}\``;

/** A shard, or the migration recorded there, belongs to another backend. */
export class ForeignShardError extends GateClosedError {
  constructor(
    readonly shard: string,
    readonly owner: BackendIdentity,
    readonly backend: BackendIdentity,
    stack: string | undefined,
  ) {
    super(
      `${shard} belongs to the backend of ${describeBackend(owner)}, and this stack works for that of ` +
        `${describeBackend(backend)}, so nothing was changed. Correct shardUrls, namespace or backend.configMap. If the ` +
        `shard is to belong to this backend from now on, hand it over with ${adoptCommand(stack, shard)}, then run ` +
        "`pulumi up` again.",
    );
    this.name = "ForeignShardError";
  }
}

/** The open migration was begun by another stack of the same backend. */
export class OtherStackError extends GateClosedError {
  constructor(
    readonly shard: string,
    readonly migrationId: string,
    readonly owner: string,
    stack: string,
  ) {
    super(
      `migration ${migrationId} on ${shard} was begun by stack "${owner}", and this is stack "${stack}", so nothing was ` +
        `changed. Finish or leave it with that stack. If that stack is gone, take its migration over with ` +
        `${adoptCommand(stack)}, then run \`pulumi up\` again.`,
    );
    this.name = "OtherStackError";
  }
}

/** What stands in the place of a shard's card cannot be read. */
export class UnreadableCardError extends GateClosedError {
  constructor(
    readonly shard: string,
    stack?: string,
  ) {
    super(
      `the card of ${shard} cannot be read (key dedup-shards:card), so nothing was changed. If a newer version of this ` +
        `program wrote it, run that version. Otherwise write it again with ${adoptCommand(stack, shard)}, then run ` +
        "`pulumi up` again.",
    );
    this.name = "UnreadableCardError";
  }
}

/** Shards of the current ring have lost the cards that the others know of. */
export class LostCardError extends GateClosedError {
  constructor(
    readonly shards: readonly string[],
    stack: string | undefined,
  ) {
    super(
      `${shards.join(", ")} had a card, and has none now: it was emptied, replaced or restarted without its data. Restore ` +
        `it from its backup. To go on without the lost data run ${adoptCommand(stack, shards[0])}, which says what is ` +
        "given up, then run `pulumi up` again.",
    );
    this.name = "LostCardError";
  }
}
