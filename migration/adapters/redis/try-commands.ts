import { ShardRefusedError } from "../../engines/errors";
import type { FailedCommand } from "../../engines/shard-store";
import { BOOKKEEPING_PREFIX } from "../key-names";
import { LUA } from "../lua-scripts";
import type { RedisClient } from "../redis-client";
import type { Replies } from "../replies";

/** The key that commands are tried on. It is one of this product's own, so no scan and no backend takes it for a claim. */
const TRIED = `${BOOKKEEPING_PREFIX}tried`;
/** The hash of no script: a server that may run scripts answers NOSCRIPT. */
const NO_SCRIPT = "0".repeat(40);

/** What a try needs of a shard. */
export interface TryingShard {
  readonly client: RedisClient;
  /** Opens a connection of its own, for a transaction that no other command may get into. */
  readonly alone: () => RedisClient;
  readonly replies: Replies;
  readonly keyPrefix: string;
  /** The key of the run's lock, and the token as it stands there. */
  readonly lock: readonly [key: string, token: string];
}

/**
 * Tries every command that a migration sends to a shard, from the copy to the cleanup, and leaves nothing behind.
 *
 * @returns those that the server refuses, with its reply.
 * @throws ShardUnreachableError
 */
export async function tryCommands({ client, alone, replies, keyPrefix, lock }: TryingShard): Promise<FailedCommand[]> {
  // Scripts that are given a key ask for the right to it, and these do nothing with it.
  const claim = [1, `${keyPrefix}${TRIED}`];
  const direct = [
    ["EVAL", "return 1", ...claim],
    ["EVAL_RO", "return 1", ...claim],
    ["EVALSHA", NO_SCRIPT, ...claim],
    ["EVALSHA_RO", NO_SCRIPT, ...claim],
    ["SCAN", "0", "COUNT", "1"],
    ["DBSIZE"],
    ["EXISTS", TRIED],
    ["GET", TRIED],
    ["TIME"],
  ] as const;
  const failed: FailedCommand[] = [];
  for (const [command, ...args] of direct) failed.push(...(await refusalOf(command, client.call(command, ...args))));
  if (failed.some(({ command }) => command.startsWith("EVAL"))) return failed;
  failed.push(...(await tryTransaction(alone())));
  const [key, token] = lock;
  const reply = replies.list(await client.script(LUA.tryCommands, [key, TRIED], [token]), { multipleOf: 2 });
  for (let i = 0; i < reply.length; i += 2) {
    const found = { command: replies.text(reply[i]), reply: replies.text(reply[i + 1]) };
    if (!failed.some(({ command }) => command === found.command)) failed.push(found);
  }
  return failed;
}

/** An empty transaction, as values that are read in parts are written in one. */
async function tryTransaction(client: RedisClient): Promise<readonly FailedCommand[]> {
  const commands = [["WATCH", TRIED], ["MULTI"], ["EXEC"]] as const;
  const failed: FailedCommand[] = [];
  try {
    for (const [command, ...args] of commands)
      failed.push(...(await refusalOf(command, client.call(command, ...args))));
    return failed;
  } finally {
    client.close();
  }
}

/** What a server says of a command that it lets through, but that has nothing to do. */
const NOTHING_TO_DO = /^(NOSCRIPT|ERR EXEC without MULTI)/;

async function refusalOf(command: string, asked: Promise<unknown>): Promise<readonly FailedCommand[]> {
  try {
    await asked;
    return [];
  } catch (error) {
    if (!(error instanceof ShardRefusedError)) throw error;
    return NOTHING_TO_DO.test(error.reply) ? [] : [{ command, reply: error.reply }];
  }
}
