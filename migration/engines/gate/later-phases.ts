/** Whether later phases could do their work, tried before anything moves: behind the cutover it would be late to learn it. */
import type { ShardCensus } from "../../plan/census";
import { commandProblem, requestProblem } from "../../plan/command-problems";
import type { FencingToken, ShardStore } from "../shard-store";

/** A server's client-query-buffer-limit is never lower. */
const SMALLEST_LIMIT_BYTES = 1024 * 1024;
/** A larger request would itself be a burden to a shard that no one has agreed to yet. */
const LARGEST_TRIED_BYTES = 64 * 1024 * 1024;

/** @returns which commands of a migration the shards refuse, one message each, in the shards' order. */
export async function commandProblems(stores: readonly ShardStore[], token: FencingToken): Promise<readonly string[]> {
  const failed = await Promise.all(stores.map((store) => store.tryCommands(token)));
  return stores.flatMap(({ name }, i) =>
    (failed[i] ?? []).map(({ command, reply }) => commandProblem(name, command, reply)),
  );
}

/**
 * @returns which of the shards that movers go to take no request as large as the biggest value that was counted, up to 64 MiB;
 *   values below the smallest limit that a server can have are not tried.
 */
export async function requestProblems(
  stores: readonly ShardStore[],
  census: readonly ShardCensus[],
): Promise<readonly string[]> {
  const biggest = Math.max(0, ...census.flatMap(({ biggest }) => biggest.map(({ bytes }) => bytes)));
  if (biggest <= SMALLEST_LIMIT_BYTES) return [];
  const bytes = Math.min(biggest, LARGEST_TRIED_BYTES);
  const moving = census.flatMap(({ edges }) => edges.filter(({ keys }) => keys > 0));
  const receiving = stores.filter(({ name }) => moving.some(({ to }) => to === name));
  const reasons = await Promise.all(receiving.map((store) => store.tryRequest(bytes)));
  return receiving.flatMap(({ name }, i) => {
    const reason = reasons[i];
    return reason === undefined ? [] : [requestProblem(name, bytes, reason)];
  });
}
