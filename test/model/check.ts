/** The checker, pointed at the model. */
import { explore, type Exploration } from "./checker/explore";
import { INVARIANTS, LIVENESS } from "./invariants";
import { ALL_SAFEGUARDS, type Safeguards } from "./safeguards";
import { modelSystem } from "./system";
import type { Owner, Size, World } from "./world";

/** What to explore. */
export interface Run {
  readonly size: Size;
  readonly firstByName: Owner;
  /** The safeguards that are not as in the design. */
  readonly without?: Partial<Safeguards>;
  /** Looks at this invariant alone. */
  readonly only?: string | undefined;
  readonly maxStates?: number;
  readonly onProgress?: (states: number) => void;
}

/** Explores the model with all invariants and liveness properties in force, or one of them. */
export function checkModel({ size, firstByName, without, only, ...limits }: Run): Exploration<World> {
  const system = modelSystem({ size, firstByName, safeguards: { ...ALL_SAFEGUARDS, ...without } });
  const isAsked = ({ name }: { readonly name: string }) => only === undefined || name === only;
  return explore(system, {
    invariants: INVARIANTS.filter(isAsked),
    liveness: LIVENESS.filter(isAsked),
    ...limits,
  });
}

export const NAME_ORDERS: readonly Owner[] = ["current", "target"];
