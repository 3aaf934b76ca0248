/** The config section `ringLock`: whether the API server refuses other writers of the ring. */
import { z } from "zod";
import { section } from "./values";

export const ringLock = section({ enabled: z.boolean("true or false").default(false) });

/** The section as the program uses it. */
export interface RingLockConfig {
  readonly enabled: boolean;
}
