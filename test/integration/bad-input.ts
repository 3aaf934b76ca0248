import type { Phase } from "../../migration/phases";
import { planDigest } from "../../migration/plan/digest";
import type { PaperCluster } from "./paper-cluster";
import type { PaperStack } from "./paper-stack";
import type { ServerOptions } from "./redis-servers";
import type { RingLab } from "./ring-lab";

/** Where bad input meets the product. */
export interface Place {
  readonly lab: RingLab;
  readonly cluster: PaperCluster;
  readonly stack: PaperStack;
}

/** Something that is not as it should be. */
export interface BadInput {
  readonly name: string;
  /** Phases that went well before. */
  readonly after: readonly Phase[];
  /** Shards that are started in another way. */
  readonly servers?: Readonly<Record<string, ServerOptions>>;
  readonly make?: (place: Place) => unknown;
  readonly run: (place: Place) => Promise<unknown>;
  /** What finds it: the preview, or what comes first of an `up`. */
  readonly found: "the preview" | "the gate" | "the plan" | "the step";
  readonly says: (place: Place) => string | RegExp;
}

export const TO_COPY: readonly Phase[] = ["stable", "plan", "copy"];
export const TO_DUAL_WRITE: readonly Phase[] = [...TO_COPY, "dualWrite"];

/** The digest of the lab's plan, with hundreds of keys. */
export const digestOf = ({ rings: { current, target, keyPrefix } }: RingLab, vnodes: number): string =>
  planDigest({ current: current.shards, target: target.shards, vnodes, keyPrefix }).replace("uncounted", "e2");
