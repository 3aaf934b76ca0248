/** Pods of a backend, whatever it is made of, as clients see them. */
import type { SecondRouter } from "../second-router";
import { BackendProcess } from "./backend-process";

const LIFE_MS = 3_600_000;

/** What a client is told; `stored` is the claim id that the answer carries. */
export interface Told {
  readonly answer: "first" | "duplicate" | "retry" | "none";
  readonly stored?: string;
}

/** A pod with the rings of its start. */
export interface Pod {
  readonly name: string;
  claim(pcsId: string, claimId: string): Promise<Told>;
  /** `duplicate` with what is stored, or `none`. */
  read(pcsId: string): Promise<Told>;
  stop(): Promise<void>;
}

/** URLs of shards, by their names. */
export type Urls = Readonly<Record<string, string>>;

/** Shard names, in ring order. */
export interface PodRings {
  readonly primary: readonly string[];
  readonly secondary?: readonly string[];
}

const claimIdOf = (value: unknown): string => String((value as { claim_id?: unknown }).claim_id);

/** A process of the reference backend. */
export async function referencePod(name: string, urls: Urls, rings: PodRings): Promise<Pod> {
  const backend = await BackendProcess.start({ urls, ...rings });
  await backend.ready();
  const told = async (asked: ReturnType<BackendProcess["ask"]>, found?: "duplicate"): Promise<Told> => {
    const { status, body } = await asked;
    if (status === 503) return { answer: "retry" };
    if (status === 404) return { answer: "none" };
    if (status !== 200) throw new Error(`${name} answered ${status}: ${JSON.stringify(body)}`);
    return { answer: found ?? (body["answer"] as "first"), stored: claimIdOf(body["stored"]) };
  };
  return {
    ...{ name, stop: () => backend.stop() },
    claim: (pcsId, claimId) => told(backend.submit(pcsId, claimId)),
    read: (pcsId) => told(backend.read(pcsId), "duplicate"),
  };
}

/** Rings of their own in a process of the second router. It stores what the reference backend would. */
export function secondPod(name: string, urls: Urls, { primary, secondary = [] }: PodRings, router: SecondRouter): Pod {
  const shards = Object.fromEntries(Object.entries(urls).map(([shard, url]) => [shard, url.replace("redis://", "")]));
  const rings = { shards, primary, secondary: secondary.length > 0 ? secondary : null };
  const stored = (value: string | undefined) => (value === undefined ? {} : { stored: claimIdOf(JSON.parse(value)) });
  return {
    ...{ name, stop: () => Promise.resolve() },
    async claim(pcsId, claimId) {
      const own = JSON.stringify({ claim_id: claimId });
      const answer = await router.claimOn(rings, { pcsId, own, expiresAtMs: Date.now() + LIFE_MS });
      return { answer: answer.answer, ...stored(answer.stored) };
    },
    async read(pcsId) {
      const { answer, stored: value } = await router.readOn(rings, pcsId);
      if (answer === "retry") return { answer };
      return value === undefined ? { answer: "none" } : { answer: "duplicate", ...stored(value) };
    },
  };
}
