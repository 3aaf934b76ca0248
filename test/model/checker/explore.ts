import { Liveness, type Property } from "./liveness";
import { Numbers } from "./numbers";
import { StateSet } from "./state-set";

/** Takes one possible step: who takes it, what happens, and the state that it leads to. */
export type Emit<S> = (actor: string, label: string, next: S) => void;

/** What the checker needs to know of a system. */
export interface System<S> {
  readonly initial: S;
  /** How many 32-bit words a packed state has. */
  readonly words: number;
  pack(state: S, into: Uint32Array): void;
  unpack(words: Uint32Array): S;
  /** Emits every step that is possible in a state. */
  steps(state: S, emit: Emit<S>): void;
}

/** What must be true of every state. */
export interface Invariant<S> {
  readonly name: string;
  readonly holds: (state: S) => boolean;
}

/** A state that must not be, and the shortest way to it. */
export interface Violation<S> {
  /** The name of the invariant or of the liveness property. */
  readonly invariant: string;
  /** The labels of the steps, from the initial state on. */
  readonly trace: readonly string[];
  readonly state: S;
}

/** What an exploration came to. */
export interface Exploration<S> {
  readonly states: number;
  /** Steps looked at. */
  readonly steps: number;
  /** Length of the longest of the shortest ways to a state. */
  readonly depth: number;
  /** Whether every reachable state was looked at. */
  readonly exhaustive: boolean;
  readonly violation?: Violation<S>;
}

/** What to look for, and how far. */
export interface Question<S> {
  readonly invariants: readonly Invariant<S>[];
  /** Looked at when no invariant is broken; costs four bytes per helpful step. */
  readonly liveness?: readonly Property<S>[];
  /** Gives up after so many states; the result is then not exhaustive. */
  readonly maxStates?: number;
  /** Called once in a while with the number of states found so far. */
  readonly onProgress?: (states: number) => void;
}

const PROGRESS_EVERY = 1_000_000;

/**
 * Looks at every reachable state, nearest first, until one breaks an invariant: the trace to it is a shortest one.
 */
export function explore<S>(system: System<S>, question: Question<S>): Exploration<S> {
  return new Explorer(system, question).run();
}

class Explorer<S> {
  private readonly found: StateSet;
  private readonly parents = new Numbers();
  private readonly liveness: readonly Liveness<S>[];
  private readonly packed: Uint32Array;
  private steps = 0;
  private depth = 0;

  constructor(
    private readonly system: System<S>,
    private readonly question: Question<S>,
  ) {
    this.found = new StateSet(system.words);
    this.packed = new Uint32Array(system.words);
    this.liveness = (question.liveness ?? []).map((property) => new Liveness(property));
  }

  run(): Exploration<S> {
    const { maxStates = Infinity, onProgress } = this.question;
    this.visit(this.system.initial, 0);
    let endOfLevel = 1;
    for (let index = 0; index < this.found.size; index++) {
      if (index === endOfLevel) {
        this.depth++;
        endOfLevel = this.found.size;
      }
      if (index >= maxStates) return this.result(false);
      if (onProgress && index % PROGRESS_EVERY === 0 && index > 0) onProgress(index);
      const state = this.stateAt(index);
      const broken = this.question.invariants.find(({ holds }) => !holds(state));
      if (broken) return { ...this.result(false), violation: this.violation(broken.name, index) };
      this.expand(state, index);
    }
    for (const liveness of this.liveness) {
      const stuck = liveness.firstStuck();
      if (stuck !== undefined) return { ...this.result(true), violation: this.violation(liveness.name, stuck) };
    }
    return this.result(true);
  }

  private expand(state: S, index: number): void {
    for (const liveness of this.liveness) liveness.enter(state);
    this.system.steps(state, (actor, _label, next) => {
      this.steps++;
      const to = this.visit(next, index);
      for (const liveness of this.liveness) liveness.step(actor, to);
    });
  }

  private visit(state: S, parent: number): number {
    this.system.pack(state, this.packed);
    const before = this.found.size;
    const index = this.found.add(this.packed);
    if (this.found.size > before) this.parents.push(parent);
    return index;
  }

  private stateAt(index: number): S {
    this.found.read(index, this.packed);
    return this.system.unpack(this.packed);
  }

  private result(exhaustive: boolean): Exploration<S> {
    return { states: this.found.size, steps: this.steps, depth: this.depth, exhaustive };
  }

  private violation(invariant: string, index: number): Violation<S> {
    const path = [index];
    for (let at = index; at !== 0; at = this.parents.at(at)) path.unshift(this.parents.at(at));
    const trace = path.slice(1).map((to, i) => this.labelOf(path[i] as number, to));
    return { invariant, trace, state: this.stateAt(index) };
  }

  /** Labels are not kept: the step is taken again. */
  private labelOf(from: number, to: number): string {
    let found = "";
    this.system.steps(this.stateAt(from), (_actor, label, next) => {
      this.system.pack(next, this.packed);
      if (found === "" && this.found.add(this.packed) === to) found = label;
    });
    return found;
  }
}
