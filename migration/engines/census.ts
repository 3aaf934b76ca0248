import { edgeName, type BigKey, type EdgeCensus, type ShardCensus } from "../plan/census";
import { hashOf } from "../ring/ring";
import { printable } from "./printable";
import type { MigrationRings } from "./runtime";
import type { ShardStore } from "./shard-store";

const BIGGEST = 10;
const EXAMPLES = 10;

/**
 * Counts the keys of a shard: movers by edge with the bytes they take, misplaced and biggest keys, copies.
 * Reads names and sizes only.
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
    const bytes = keys.length > 0 ? await shard.memoryUsage(keys) : [];
    keys.forEach((key, i) => tally.add(key, bytes[i] ?? 0));
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
  private biggest: BigKey[] = [];

  constructor(
    private readonly shard: string,
    private readonly rings: MigrationRings,
  ) {}

  add(key: Buffer, bytes: number): void {
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
    this.addSize(key, bytes);
    const to = this.rings.target.ownerAtHash(place);
    if (to === this.shard) return;
    const name = edgeName({ from: this.shard, to });
    const edge = this.edges.get(name) ?? { from: this.shard, to, keys: 0, bytes: 0 };
    edge.keys++;
    edge.bytes += bytes;
    this.edges.set(name, edge);
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
    };
  }

  private addExample(key: string, isCopy: boolean): void {
    const examples = isCopy ? this.copyExamples : this.misplacedExamples;
    if (examples.length < EXAMPLES) examples.push(key);
  }

  private addSize(key: Buffer, bytes: number): void {
    const smallest = this.biggest[BIGGEST - 1]?.bytes ?? -1;
    if (bytes <= smallest) return;
    this.biggest.push({ shard: this.shard, key: printable(key), bytes });
    this.biggest = this.biggest.sort((a, b) => b.bytes - a.bytes).slice(0, BIGGEST);
  }
}
