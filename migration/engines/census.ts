import { edgeName, type BigKey, type EdgeCensus, type ShardCensus, type TypeCensus } from "../plan/census";
import { copyStallMs } from "../plan/copy-stall";
import { hashOf } from "../ring/ring";
import { printable } from "./printable";
import type { MigrationRings } from "./runtime";
import type { KeySize, ShardStore } from "./shard-store";

const BIGGEST = 10;
const EXAMPLES = 10;
const NO_SIZE: KeySize = { bytes: 0, type: "none", members: 0 };

/**
 * Counts the keys of a shard: movers by edge with the bytes they take, misplaced and biggest keys, copies, and what is slow
 * to copy. Reads names, types and sizes only.
 */
export async function takeCensus(shard: ShardStore, rings: MigrationRings): Promise<ShardCensus> {
  const tally = new Tally(shard.name, rings);
  const prefix = Buffer.from(rings.keyPrefix);
  let cursor = "0";
  do {
    // Every key, and not the size of the database less these: that has this product's own records in it.
    const page = await shard.scan(cursor, true);
    const keys = page.keys.filter((key) => key.subarray(0, prefix.length).equals(prefix));
    tally.otherKeys += page.keys.length - keys.length;
    const sizes = keys.length > 0 ? await shard.sizes(keys) : [];
    keys.forEach((key, i) => tally.add(key, sizes[i] ?? NO_SIZE));
    cursor = page.cursor;
  } while (cursor !== "0");
  return tally.result();
}

class Tally {
  /** Keys without the prefix, which no migration moves. */
  otherKeys = 0;
  private keys = 0;
  private misplaced = 0;
  private readonly misplacedExamples: string[] = [];
  private readonly copyExamples: string[] = [];
  private readonly copies = { keys: 0, bytes: 0 };
  private readonly edges = new Map<string, { -readonly [F in keyof EdgeCensus]: EdgeCensus[F] }>();
  private biggest: readonly BigKey[] = [];
  private slowest: readonly BigKey[] = [];
  private readonly types = new Map<string, { -readonly [F in keyof TypeCensus]: TypeCensus[F] }>();

  constructor(
    private readonly shard: string,
    private readonly rings: MigrationRings,
  ) {}

  add(key: Buffer, size: KeySize): void {
    const { bytes } = size;
    this.keys++;
    const place = hashOf(key.subarray(Buffer.byteLength(this.rings.keyPrefix)));
    if (this.rings.current.ownerAtHash(place) !== this.shard) {
      this.misplaced++;
      const isCopy = this.rings.target.ownerAtHash(place) === this.shard;
      if (isCopy) {
        this.copies.keys++;
        this.copies.bytes += bytes;
      }
      this.addExample(printable(key), isCopy);
      return;
    }
    const big = { shard: this.shard, key, ...size };
    this.biggest = withLargest(this.biggest, big, ({ bytes }) => bytes);
    const to = this.rings.target.ownerAtHash(place);
    if (to === this.shard) return;
    const name = edgeName({ from: this.shard, to });
    const edge = this.edges.get(name) ?? { from: this.shard, to, keys: 0, bytes: 0 };
    edge.keys++;
    edge.bytes += bytes;
    this.edges.set(name, edge);
    this.slowest = withLargest(this.slowest, big, copyStallMs);
    if (size.type !== "string" && bytes > 0) this.addType(to, key, size);
  }

  result(): ShardCensus {
    return {
      shard: this.shard,
      keys: this.keys,
      otherKeys: this.otherKeys,
      edges: [...this.edges.values()],
      misplaced: this.misplaced,
      // Strays first: copies of this migration, if they are that, are no news.
      misplacedExamples: [...this.misplacedExamples, ...this.copyExamples].slice(0, EXAMPLES),
      copies: this.copies,
      biggest: this.biggest,
      slowest: this.slowest,
      types: [...this.types.values()],
    };
  }

  private addExample(key: string, isCopy: boolean): void {
    const examples = isCopy ? this.copyExamples : this.misplacedExamples;
    if (examples.length < EXAMPLES) examples.push(key);
  }

  private addType(to: string, key: Buffer, { type, bytes }: KeySize): void {
    const name = JSON.stringify([to, type]);
    const known = this.types.get(name);
    const example = known && known.example.bytes <= bytes ? known.example : { key, bytes };
    this.types.set(name, { from: this.shard, to, type, keys: (known?.keys ?? 0) + 1, example });
  }
}

/** A key, whose name is made readable only if it stays. */
type Candidate = Omit<BigKey, "key"> & { readonly key: Buffer };

/** @returns the list with a key, if that is one of the largest; largest first. */
function withLargest(list: readonly BigKey[], candidate: Candidate, sizeOf: (key: Omit<BigKey, "key">) => number) {
  const last = list[BIGGEST - 1];
  if (last !== undefined && sizeOf(candidate) <= sizeOf(last)) return list;
  const known = [...list, { ...candidate, key: printable(candidate.key) }];
  return known.sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, BIGGEST);
}
