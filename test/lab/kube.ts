/** Small helpers over kubectl, for the cluster that KUBECONFIG names. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** As much of a Kubernetes object as tests look at. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  /** Whatever the kind has. */
  readonly [field: string]: unknown;
}

export class KubectlError extends Error {
  constructor(
    readonly args: readonly string[],
    readonly code: number,
    readonly stderr: string,
  ) {
    super(`kubectl ${args.join(" ")} failed (exit ${code}): ${stderr.trim()}`);
    this.name = "KubectlError";
  }
}

/** Runs kubectl and returns its stdout. @throws KubectlError */
export function kubectl(args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("kubectl", args);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(stdout) : reject(new KubectlError(args, code ?? 1, stderr))));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

/** One namespace of the cluster. */
export class Kube {
  constructor(readonly namespace: string) {}

  run(args: readonly string[], input?: string): Promise<string> {
    return kubectl(["--namespace", this.namespace, ...args], input);
  }

  /** Server-side, as its own field manager; objects without a namespace go into this one. */
  async apply(...objects: readonly KubeObject[]): Promise<void> {
    const list = { apiVersion: "v1", kind: "List", items: objects };
    await this.run(["apply", "--server-side", "--force-conflicts", "-f", "-"], JSON.stringify(list));
  }

  /** @param what like `pod/x` */
  async get(what: string): Promise<KubeObject> {
    return JSON.parse(await this.run(["get", what, "-o", "json"])) as KubeObject;
  }

  /** Undefined when it does not exist. */
  async find(what: string): Promise<KubeObject | undefined> {
    const found = await this.run(["get", what, "-o", "json", "--ignore-not-found"]);
    return found === "" ? undefined : (JSON.parse(found) as KubeObject);
  }

  async list(kind: string, selector = ""): Promise<KubeObject[]> {
    const found = JSON.parse(await this.run(["get", kind, "-l", selector, "-o", "json"])) as { items: KubeObject[] };
    return found.items;
  }

  /** Waits until it is gone; one that does not exist is no error. */
  async delete(what: string, ...flags: readonly string[]): Promise<void> {
    await this.run(["delete", what, "--ignore-not-found", ...flags]);
  }

  /** @param condition like `condition=Ready` or `delete` */
  async wait(what: string, condition: string, timeoutSeconds = 120): Promise<void> {
    await this.run(["wait", what, `--for=${condition}`, `--timeout=${timeoutSeconds}s`]);
  }

  /** Waits until a Deployment or StatefulSet is rolled out. */
  async waitRollout(what: string, timeoutSeconds = 120): Promise<void> {
    await this.run(["rollout", "status", what, `--timeout=${timeoutSeconds}s`]);
  }

  exec(pod: string, ...command: readonly string[]): Promise<string> {
    return this.run(["exec", pod, "--", ...command]);
  }

  logs(what: string, ...flags: readonly string[]): Promise<string> {
    return this.run(["logs", what, ...flags]);
  }

  /** Pod name to IP, of the pods that have one, terminating ones included. */
  async podIps(selector: string): Promise<Map<string, string>> {
    const pods = await this.list("pods", selector);
    return new Map(
      pods.flatMap((pod) => {
        const ip = (pod["status"] as { podIP?: string }).podIP;
        return ip === undefined ? [] : [[pod.metadata.name, ip] as const];
      }),
    );
  }

  /** Only pods of the strictest of https://kubernetes.io/docs/concepts/security/pod-security-standards/ are let in. */
  async createNamespace(): Promise<void> {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await this.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace, labels } });
  }

  /**
   * With everything in it; waits until it is gone. Pods and their volumes first: the namespace controller, which finds
   * some that are still terminating, looks again only after a while.
   */
  async deleteNamespace(): Promise<void> {
    await this.startDeletingPods();
    const slow = "pods,persistentvolumeclaims";
    await until("the end of pods and volumes", async () => ((await this.list(slow)).length === 0 ? true : undefined));
    await kubectl(["delete", "namespace", this.namespace, "--ignore-not-found"]);
  }

  /** Deletes it with everything in it, and returns as soon as the API server knows. */
  async startDeletingNamespace(): Promise<void> {
    await this.startDeletingPods();
    await kubectl(["delete", "namespace", this.namespace, "--ignore-not-found", "--wait=false"]);
  }

  private async startDeletingPods(): Promise<void> {
    const kinds = "deployments,statefulsets,pods,persistentvolumeclaims";
    await this.run(["delete", kinds, "--all", "--wait=false", "--grace-period=1"]);
  }
}

/** Whether a pod serves: its Ready condition holds and it is not on its way out. */
export function isReady(pod: KubeObject): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const { conditions = [] } = pod["status"] as { conditions?: { type: string; status: string }[] };
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** Asks again until `probe` answers something; undefined and errors mean not yet. */
export async function until<T>(what: string, probe: () => Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadlineMs) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await sleep(200);
  }
  throw new Error(`timed out after ${timeoutMs / 1000} s waiting for ${what}`, { cause: last });
}
