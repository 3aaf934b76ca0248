import { GateClosedError } from "../errors";

/**
 * The backend's Deployment has no pod, which is no proof that nothing serves: a canary controller may run the same pods
 * from another object, or the name may be wrong.
 */
export class NoPodsError extends GateClosedError {
  constructor(readonly held: string) {
    super(
      `${held}: the backend's Deployment has no pod, so nothing shows which ring the backend runs. If another workload ` +
        `serves with the same ConfigMap, name that one in backend.deployment. If nothing serves at all, set ` +
        `backend.servesNothing to true. Then run \`pulumi up\` again.`,
    );
    this.name = "NoPodsError";
  }
}

/** @returns whether a look at the backend's pods says anything: there are some, or the operator says that nothing serves. */
export const isEvidence = (pods: readonly unknown[], servesNothing = false): boolean =>
  pods.length > 0 || servesNothing;
