const CHUNK_BITS = 20;
const CHUNK = 1 << CHUNK_BITS;

/** A growing list of unsigned 32-bit numbers that is never copied: four bytes each. */
export class Numbers {
  private readonly chunks: Uint32Array[] = [];
  private size = 0;

  get length(): number {
    return this.size;
  }

  push(value: number): void {
    const chunk = this.size >>> CHUNK_BITS;
    if (chunk === this.chunks.length) this.chunks.push(new Uint32Array(CHUNK));
    (this.chunks[chunk] as Uint32Array)[this.size++ & (CHUNK - 1)] = value;
  }

  at(index: number): number {
    return (this.chunks[index >>> CHUNK_BITS] as Uint32Array)[index & (CHUNK - 1)] as number;
  }
}
