import type { RingData } from "../../contract/ring-config-map";
import { GateClosedError } from "../errors";

/** The ring was to be replaced, and is another one by now. */
export class RingMovedError extends GateClosedError {
  constructor(
    readonly where: string,
    readonly replaced: RingData,
  ) {
    super(
      `${where} no longer has the ring of epoch ${replaced["DEDUP_RING_EPOCH"] ?? "0"} that was to be replaced: somebody else ` +
        "has moved the ring since. Nothing has been written. Run `pulumi up --refresh`, and look at its preview.",
    );
    this.name = "RingMovedError";
  }
}
