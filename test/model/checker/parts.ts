const PART_BITS = 16;

/** One part of a state that takes few different values: each value gets a number. */
class Table<P> {
  private readonly ids = new Map<number | string, number>();
  private readonly parts: P[] = [];

  constructor(private readonly keyOf: (part: P) => number | string) {}

  idOf(part: P): number {
    const key = this.keyOf(part);
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    if (this.parts.length >> PART_BITS) throw new Error(`a part of the state takes more than ${1 << PART_BITS} values`);
    this.ids.set(key, this.parts.length);
    return this.parts.push(part) - 1;
  }

  partOf(id: number): P {
    return this.parts[id] as P;
  }
}

/**
 * Packs a state, given as a list of immutable parts, into 16 bits per part (what spin calls collapse compression).
 * Parts are compared by their keys; one that is the same object as in the state unpacked last costs nothing.
 */
export class Packer {
  private readonly tables: readonly Table<unknown>[];
  private lastParts: readonly unknown[] = [];
  private lastIds: readonly number[] = [];

  /** @param keys - for each part a function that tells different values apart. */
  constructor(keys: readonly ((part: never) => number | string)[]) {
    this.tables = keys.map((key) => new Table(key as (part: unknown) => number | string));
  }

  get words(): number {
    return Math.ceil(this.tables.length / 2);
  }

  pack(parts: readonly unknown[], into: Uint32Array): void {
    into.fill(0);
    for (let i = 0; i < this.tables.length; i++) {
      const same = parts[i] === this.lastParts[i] ? this.lastIds[i] : undefined;
      const id = same ?? (this.tables[i] as Table<unknown>).idOf(parts[i]);
      into[i >> 1] = ((into[i >> 1] as number) | (id << (i & 1 ? PART_BITS : 0))) >>> 0;
    }
  }

  unpack(words: Uint32Array): readonly unknown[] {
    const mask = (1 << PART_BITS) - 1;
    this.lastIds = this.tables.map((_, i) => ((words[i >> 1] as number) >>> (i & 1 ? PART_BITS : 0)) & mask);
    this.lastParts = this.lastIds.map((id, i) => (this.tables[i] as Table<unknown>).partOf(id));
    return this.lastParts;
  }
}
