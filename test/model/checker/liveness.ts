import { Numbers } from "./numbers";

/**
 * From every `from` state some `goal` state can be reached by helpful steps alone. So no fair schedule, in which every
 * step that stays possible is taken some time, can keep the system from the goal for ever.
 */
export interface Property<S> {
  readonly name: string;
  readonly from: (state: S) => boolean;
  readonly goal: (state: S) => boolean;
  /** Whose steps help: what is not sure to happen must not be what the goal needs. */
  readonly helps: (actor: string) => boolean;
}

const GOAL = 1;
const FROM = 2;

/** Keeps the helpful part of the explored graph and searches it backward from the goal. */
export class Liveness<S> {
  private readonly flags = new Numbers();
  /** Where a state's helpful steps begin in `targets`. */
  private readonly begins = new Numbers();
  private readonly targets = new Numbers();

  constructor(private readonly property: Property<S>) {}

  get name(): string {
    return this.property.name;
  }

  /** Begins the next state; the steps that follow are its own. */
  enter(state: S): void {
    const { goal, from } = this.property;
    this.flags.push((goal(state) ? GOAL : 0) | (from(state) ? FROM : 0));
    this.begins.push(this.targets.length);
  }

  step(actor: string, to: number): void {
    if (this.property.helps(actor)) this.targets.push(to);
  }

  /** @returns the first `from` state that cannot reach the goal, undefined when there is none. */
  firstStuck(): number | undefined {
    const reaches = this.statesThatReachTheGoal();
    for (let state = 0; state < reaches.length; state++) {
      if (this.flags.at(state) & FROM && !reaches[state]) return state;
    }
    return undefined;
  }

  /** Most steps lead to later states, so that a sweep from the end settles nearly everything. */
  private statesThatReachTheGoal(): Uint8Array {
    const count = this.flags.length;
    const reaches = new Uint8Array(count);
    for (let changed = true; changed;) {
      changed = false;
      for (let state = count - 1; state >= 0; state--) {
        if (reaches[state] || !(this.flags.at(state) & GOAL || this.leadsInto(state, reaches))) continue;
        reaches[state] = 1;
        changed = true;
      }
    }
    return reaches;
  }

  private leadsInto(state: number, reaches: Uint8Array): boolean {
    const end = state + 1 < this.begins.length ? this.begins.at(state + 1) : this.targets.length;
    for (let i = this.begins.at(state); i < end; i++) if (reaches[this.targets.at(i)]) return true;
    return false;
  }
}
