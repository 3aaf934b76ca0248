/** What is left out of the model, and what that breaks. */
import type { Safeguards } from "./safeguards";
import type { Both, Size } from "./world";

export interface Mutation {
  /** For `npm run model -- --trace NAME`. */
  readonly name: string;
  /** What is missing. */
  readonly removed: string;
  readonly without: Partial<Safeguards>;
  /** The size at which it shows. */
  readonly size: Size;
  /** The invariant that the shortest counterexample breaks, by whose owner's name comes first; where none is given none is known. */
  readonly breaks: Partial<Both<string>>;
  /** Looks for that invariant alone: another one breaks sooner. */
  readonly alone?: boolean;
}

/** @returns the same invariant for both orders of the owners' names. */
export const bothOrders = (invariant: string): Both<string> => ({ current: invariant, target: invariant });
