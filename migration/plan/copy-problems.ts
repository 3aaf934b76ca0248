/** What of the values cannot be copied from one server to another, judged before anything is copied. Pure. */
import { edgeName, type BigKey, type ShardCensus, type TypeCensus } from "./census";
import { copyStallMs } from "./copy-stall";
import { formatBytes, formatCount } from "./format";

/** Types that are compared member by member. */
const COMPARED = ["string", "list", "set", "hash", "zset", "stream", "vectorset"];

/** Whether a shard reads what another one serializes. */
export type Reads = (from: string, to: string) => boolean;

/** What was found. */
export interface CopyFindings {
  /** Why nothing may be copied. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** A value that was tried on the shard that it would go to, and the reply that refused it. */
export interface RefusedType extends Pick<TypeCensus, "from" | "to" | "type"> {
  /** As printable text. */
  readonly key: string;
  readonly reply: string;
}

/**
 * Versions of servers that do not go together. A string is copied as it is and goes anywhere; everything else travels
 * serialized (`DUMP`), and a server reads no version of that format which is newer than its own.
 *
 * @param census - of the shards of the current ring.
 * @param reads - what was found by trying.
 */
export function versionFindings(census: readonly ShardCensus[], reads: Reads): CopyFindings {
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const { edges, types } of census) {
    for (const edge of edges) {
      const others = types.filter(({ to }) => to === edge.to);
      if (!reads(edge.from, edge.to)) (others.length > 0 ? problems : warnings).push(forth(edge, others));
      if (!reads(edge.to, edge.from)) warnings.push(back(edge));
    }
  }
  return { problems, warnings };
}

/** @returns one message for each type that a shard does not take. */
export const typeProblems = (refused: readonly RefusedType[]): readonly string[] =>
  refused.map(
    ({ from, to, type, key, reply }) =>
      `${to} does not take ${key} of ${from}, a value of type ${type}: ${reply}. Next: load the module that it needs on ` +
      `${to}, or move or delete these keys by hand, and plan again.`,
  );

/** @returns one message for each type that is compared as it is serialized, since its members are not known here. */
export const typeWarnings = (census: readonly ShardCensus[]): readonly string[] =>
  census
    .flatMap(({ types }) => types)
    .filter(({ type }) => !COMPARED.includes(type))
    .map(
      ({ type, keys, ...edge }) =>
        `${edgeName(edge)}: ${formatCount(keys)} ${keys === 1 ? "key is" : "keys are"} of type ${type}, which is compared ` +
        "as its module serializes it. If the module serializes equal values in different ways, verify never comes out " +
        "clean and the cutover stays closed. Next: nothing, or move these keys by hand.",
    );

/**
 * Movers whose copy would hold a shard up for longer than the config allows.
 *
 * @param maxKeyStallMs - `copy.maxKeyStallMs` of the stack config.
 */
export const stallProblems = (census: readonly ShardCensus[], maxKeyStallMs: number): readonly string[] =>
  census
    .flatMap(({ slowest }) => slowest)
    .filter((key) => copyStallMs(key) > maxKeyStallMs)
    .map((key) => stallProblem(key, maxKeyStallMs));

function stallProblem(key: BigKey, maxKeyStallMs: number): string {
  const stallMs = copyStallMs(key);
  const size = `${formatCount(key.members)} member${key.members === 1 ? "" : "s"}, ${formatBytes(key.bytes)}`;
  return (
    `${key.shard}: copying ${key.key} (a ${key.type}, ${size}) holds its shards up for about ${formatCount(stallMs)} ms, ` +
    `because a value travels whole; copy.maxKeyStallMs allows ${formatCount(maxKeyStallMs)} ms. Next: set ` +
    `copy.maxKeyStallMs to ${stallMs} if other clients can wait that long, or split the value, and plan again.`
  );
}

function forth(edge: { readonly from: string; readonly to: string }, others: readonly TypeCensus[]): string {
  const reason = `${edge.to} cannot read what ${edge.from} serializes, because its server is older or of another kind`;
  const [first] = others;
  if (first === undefined) {
    return `${edgeName(edge)}: ${reason}. Only strings can be copied, and all of its movers are strings now. Next: nothing.`;
  }
  const counts = others.map(({ type, keys }) => `${formatCount(keys)} of type ${type}`).join(", ");
  return (
    `${edgeName(edge)}: ${reason}, and its movers are not all strings (${counts}). Next: upgrade ${edge.to} to the ` +
    `version of ${edge.from} or newer, of the same kind, and plan again.`
  );
}

const back = ({ from, to }: { readonly from: string; readonly to: string }): string =>
  `${edgeName({ from: to, to: from })}: on a way back after the cutover, values that are not strings cannot be copied, ` +
  `because ${from} cannot read what ${to} serializes. Next: nothing if all writes are strings; otherwise upgrade ${from} first.`;
