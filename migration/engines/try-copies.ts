import {
  typeProblems,
  typeWarnings,
  versionFindings,
  type CopyFindings,
  type RefusedType,
} from "../plan/copy-problems";
import type { ShardCensus, TypeCensus } from "../plan/census";
import { printable } from "./printable";
import type { Run } from "./runtime";
import type { ShardStore } from "./shard-store";

/** Types that every server has: whether one reads them depends on its version alone. */
const EVERYWHERE = ["list", "set", "hash", "zset", "stream"];
/** An example that is larger is not tried: it would hold both shards up. */
const LARGEST_EXAMPLE_BYTES = 1024 * 1024;
/** The version of a dump's format, 2 bytes, little-endian, and then 8 bytes of checksum, end it. */
const FOOTER_BYTES = 10;

/**
 * Tries on the servers themselves what can be copied between them: a small value of each version of the format is restored
 * on each shard, and an example of each type that only some servers have. Each goes to a key of this product's own, which
 * is deleted at once.
 *
 * @param census - of the shards of the current ring.
 */
export async function tryCopies(run: Run, stores: readonly ShardStore[], census: readonly ShardCensus[]) {
  const dumps = new Map(
    await Promise.all(stores.map(async (store) => [store.name, await store.probeDump(run.token())] as const)),
  );
  const refusals = await Promise.all(stores.map((store) => refusedVersions(run, store, [...dumps.values()])));
  const refused = new Map(stores.map(({ name }, i) => [name, refusals[i]]));
  const reads = (from: string, to: string) => !refused.get(to)?.has(versionOf(dumps.get(from) ?? Buffer.alloc(0)));
  const versions = versionFindings(census, reads);
  const examples = census.flatMap(({ types }) => types).filter((type) => reads(type.from, type.to));
  const types = await refusedTypes(run, examples);
  const found: CopyFindings = {
    problems: [...versions.problems, ...typeProblems(types)],
    warnings: [...versions.warnings, ...typeWarnings(census)],
  };
  return found;
}

/** @returns the versions that a shard does not read. */
async function refusedVersions(run: Run, store: ShardStore, dumps: readonly Buffer[]): Promise<ReadonlySet<number>> {
  const byVersion = new Map(dumps.map((dump) => [versionOf(dump), dump]));
  const refused = new Set<number>();
  for (const [version, dump] of byVersion) {
    if ((await store.tryRestore(run.token(), dump)) !== undefined) refused.add(version);
  }
  return refused;
}

async function refusedTypes(run: Run, types: readonly TypeCensus[]): Promise<readonly RefusedType[]> {
  const refused: RefusedType[] = [];
  for (const { from, to, type, example } of types) {
    if (EVERYWHERE.includes(type) || example.bytes > LARGEST_EXAMPLE_BYTES) continue;
    const [copy] = await run.shards(from).read([example.key], LARGEST_EXAMPLE_BYTES);
    const reply = copy?.isDump ? await run.shards(to).tryRestore(run.token(), copy.value) : undefined;
    if (reply !== undefined) refused.push({ from, to, type, key: printable(example.key), reply });
  }
  return refused;
}

const versionOf = (dump: Buffer): number =>
  dump.length < FOOTER_BYTES ? 0 : dump.readUInt16LE(dump.length - FOOTER_BYTES);
