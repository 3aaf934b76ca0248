/** The config section `notify`: where messages are sent to. It is a secret as a whole, and no part of the result. */
import { z } from "zod";
import { keyOf, type ConfigProblem } from "./config-error";
import { section } from "./values";

const URL_ALLOWED = "http://… or https://…, without spaces";

const notify = section({
  webhookUrl: z.exactOptional(
    z.string(URL_ALLOWED).refine((url) => /^https?:\/\/[^\s]+$/.test(url) && URL.canParse(url), URL_ALLOWED),
  ),
});

/** @returns what is wrong with the section, never with a value: wherever it was put by mistake, it may be the URL. */
export function notifyProblems(raw: unknown): ConfigProblem[] {
  const issues = notify.prefault({}).safeParse(raw).error?.issues ?? [];
  return issues.map(({ path, message }) => {
    return { key: keyOf("notify", ...path), value: "a value that is kept secret", allowed: message };
  });
}
