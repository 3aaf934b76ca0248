import { Numbers } from "./numbers";

const EMPTY = 0xffffffff;
const FIRST_SLOTS = 1 << 12;

/**
 * A set of packed states, each a fixed number of 32-bit words. A state keeps the index under which it was added. States
 * are compared as a whole, so no two of them are ever taken for one.
 */
export class StateSet {
  private readonly states = new Numbers();
  private slots = new Uint32Array(FIRST_SLOTS).fill(EMPTY);
  private count = 0;

  constructor(private readonly words: number) {}

  get size(): number {
    return this.count;
  }

  /** @returns the index of a state; it is `size` before the call when the state is new. */
  add(state: Uint32Array): number {
    const slot = this.find(state);
    const known = this.slots[slot] as number;
    if (known !== EMPTY) return known;
    for (const word of state) this.states.push(word);
    this.slots[slot] = this.count;
    if (++this.count * 2 > this.slots.length) this.grow();
    return this.count - 1;
  }

  /** Copies a state. */
  read(index: number, into: Uint32Array): void {
    for (let i = 0; i < this.words; i++) into[i] = this.states.at(index * this.words + i);
  }

  /** The slot that holds the state, or the empty one that it would go to. */
  private find(state: Uint32Array): number {
    const mask = this.slots.length - 1;
    let slot = hash(state) & mask;
    for (let index = this.slots[slot] as number; index !== EMPTY; index = this.slots[slot] as number) {
      if (this.equals(index, state)) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private equals(index: number, state: Uint32Array): boolean {
    for (let i = 0; i < this.words; i++) if (this.states.at(index * this.words + i) !== state[i]) return false;
    return true;
  }

  private grow(): void {
    this.slots = new Uint32Array(this.slots.length * 2).fill(EMPTY);
    const state = new Uint32Array(this.words);
    for (let index = 0; index < this.count; index++) {
      this.read(index, state);
      this.slots[this.find(state)] = index;
    }
  }
}

/** FNV-1a over words, with a final mix because the low bits choose the slot. */
function hash(state: Uint32Array): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < state.length; i++) h = Math.imul(h ^ (state[i] as number), 0x01000193) ^ (h >>> 15);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}
