/** The kubelets of the local cluster, to be killed. Those of a cluster that KUBECONFIG names are not ours to kill. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { CACHE_DIR, LAB_DIR } from "./machine";

const script = promisify(execFile);

export class Kubelet {
  private constructor(
    private readonly node: string,
    private readonly run: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @returns the kubelet of a node of the lab that this process runs in; undefined in another cluster */
  static of(node: number): Kubelet | undefined {
    const lab = process.env["LAB_NAME"];
    const run = path.join(CACHE_DIR, "labs", lab ?? "", "run");
    if (!lab || process.env["KUBECONFIG"] !== path.join(run, "admin.kubeconfig")) return undefined;
    return new Kubelet(String(node), run, { ...process.env, LAB_RUN: run, LAB_IMAGES: "not needed" });
  }

  /** SIGKILL: its pods go on, but nothing is started, stopped or probed on its node. */
  async kill(): Promise<void> {
    await script(path.join(LAB_DIR, "cluster/kubelet-kill.sh"), [this.node], { env: this.env });
  }

  /** @returns the file that a pod's containers have as /etc/hosts. */
  hostsFileOf(podUid: string): string {
    return path.join(this.run, `node${this.node}`, "kubelet/pods", podUid, "etc-hosts");
  }

  async restart(): Promise<void> {
    await script(path.join(LAB_DIR, "cluster/kubelet-up.sh"), [this.node], { env: this.env });
  }
}
