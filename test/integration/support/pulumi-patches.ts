import { CHECKSUM_KEY } from "../../../migration/contract/ring-config-map";
import type { PaperCluster } from "../paper-cluster";

type Ring = Readonly<Record<string, string>>;

/**
 * What Pulumi writes of a ring: ConfigMap and rollout each only where its inputs differ from what it has written, or has
 * found in a refresh. So it sees nothing of what others write meanwhile. Pods that report their ring read it as it starts them.
 */
export class PulumiPatches {
  private data: string | undefined;
  private epoch: string | undefined;

  /** @param putBack - the mark with which the gate has the same ring written once more. */
  constructor(
    private readonly cluster: PaperCluster,
    private readonly putBack: () => string | undefined,
  ) {}

  get metrics() {
    return this.cluster.metrics;
  }

  rollOut(data: Ring, epoch: number): void {
    const [ring, rollout] = [JSON.stringify([data, this.putBack()]), JSON.stringify([epoch, this.putBack()])];
    if (ring !== this.data) this.cluster.ring = data;
    if (rollout !== this.epoch) {
      if (this.cluster.reported !== undefined) {
        [this.cluster.reported, this.cluster.reportedChecksum] = [epoch, data[CHECKSUM_KEY]];
      }
      this.cluster.template = epoch;
      this.cluster.pods = [{ epoch }, { epoch }];
    }
    [this.data, this.epoch] = [ring, rollout];
  }

  /** `pulumi refresh`: what is not as it was written is written by the next `up`. */
  refresh(): void {
    this.data = JSON.stringify([this.cluster.ring, this.putBack()]);
    this.epoch = JSON.stringify([this.cluster.template, this.putBack()]);
  }
}
