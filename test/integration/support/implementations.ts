/** Every implementation of docs/reference/backend-contract.md that is tested, by the name that its tests have. */
import { ReferenceRouter } from "../reference-router";
import { SecondRouter } from "../second-router";
import type { Router } from "../routers";

export const IMPLEMENTATIONS: Readonly<Record<string, () => Promise<Router>>> = {
  "the reference backend": () => Promise.resolve(new ReferenceRouter()),
  "a second router, made from the page alone": () => SecondRouter.start(),
};
